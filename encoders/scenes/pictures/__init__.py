"""What a camera sees: light and shadow, or ink and flat color."""
