"""Suite ``pilot``: read-outs of five targets, trained until they stop."""
