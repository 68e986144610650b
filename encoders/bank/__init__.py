"""A bank: one trained encoder-decoder a task. Train it, load it, measure it, predict with it."""
