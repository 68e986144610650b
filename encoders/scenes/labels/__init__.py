"""Labels of a view, from the exact geometry or from a standard operator on the picture."""
