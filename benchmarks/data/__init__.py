"""Data sets by name, and folders of the user's own; each is read as a `Data`."""
