"""Labels of a view, each from the exact geometry or from a standard operator on its picture."""
