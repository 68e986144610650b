"""Storage of labels, and their arithmetic: pixels, encodings, poses, colors, jigsaw, noise."""
