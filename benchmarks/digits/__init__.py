"""Suite ``digits``: a taxonomy of eleven tasks on handwritten digits."""
