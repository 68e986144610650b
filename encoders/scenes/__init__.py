"""A procedural data set: furnished buildings from a seed, pictures of them, and exact labels."""
