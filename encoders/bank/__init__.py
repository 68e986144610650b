"""A bank of trained encoders, one a task: training it, loading it, its win rates, predictions."""
