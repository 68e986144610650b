"""Suite ``finetune``: how to use a trained network for a new task, and what it is worth."""
