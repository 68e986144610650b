"""Homes: a floor plan, rooms, and furniture arranged as people do."""
