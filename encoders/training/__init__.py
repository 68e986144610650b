"""Training of networks: fitting, loading of batches, augmentation, checkpoints and progress."""
