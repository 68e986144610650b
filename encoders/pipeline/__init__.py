"""The whole pipeline, from scenes to a taxonomy, and its presets of three sizes."""
