"""A data set on disk: its folders, views, workers, manifest and statistics."""
