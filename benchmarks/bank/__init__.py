"""Ship a trained bank: its files, Table 1, and what it says of held-out views and of photos."""
