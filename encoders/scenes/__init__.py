"""Buildings from a seed: rooms, furniture, light and views, with exact labels for every task."""
