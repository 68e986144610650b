"""Suite ``bank``: the shipped networks, their Table 1, and their predictions on new images."""
