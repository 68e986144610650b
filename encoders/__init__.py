"""PyTorch encoders, read-outs and the sweep that measures transfers between tasks."""
