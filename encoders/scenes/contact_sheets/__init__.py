"""Contact sheets: the labels of all tasks, drawn."""
