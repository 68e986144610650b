"""Suite ``taskonomy``: taxonomies of the published Taskonomy measurements."""
