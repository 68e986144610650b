"""Does the structure pay? Other transfer settings with the same encoders, and timings of the solver."""
