"""How surfaces look: patterns, materials, palettes, and the domains made of them."""
