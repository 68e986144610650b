"""How labels are stored in files and read back: pixels, encodings, poses, colors, puzzles."""
