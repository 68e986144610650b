"""Budgets: the frontier, the next budget that improves the optimum, and the k best sets."""
