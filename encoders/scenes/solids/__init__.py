"""Solids as triangle meshes with the exact normals and curvatures of their smooth surfaces."""
