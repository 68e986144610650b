"""Suite ``intervals``: coverage of the affinities' intervals in simulated tournaments."""
