"""The rendered data set: pictures, labels, statistics, time, and the same bytes again."""
