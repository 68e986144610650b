"""Homes: floor plans, walls, doors, windows, and arrangements of furniture."""
