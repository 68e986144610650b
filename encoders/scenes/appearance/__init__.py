"""The look of surfaces: patterns, materials, palettes, and the domains made of them."""
