"""Solids as triangles that remember the smooth surface they stand for."""
