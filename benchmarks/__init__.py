"""Does the structure pay? Other transfer settings with the same encoders; the solver timed."""
