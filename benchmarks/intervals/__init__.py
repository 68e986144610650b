"""How often the intervals of affinities hold the truth, in simulated tournaments."""
