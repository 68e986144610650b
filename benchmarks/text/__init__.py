"""Text: which representations of passages of the Brown corpus help which tasks."""
