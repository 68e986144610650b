"""Domain adaptation: methods for a labeled source and an unlabeled target, one file each."""
