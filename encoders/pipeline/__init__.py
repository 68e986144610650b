"""The whole pipeline, from scenes to a taxonomy, and the sizes that it comes in."""
