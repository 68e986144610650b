"""Rendering: pictures with light and shadow, or drawings with outlines and flat colors."""
