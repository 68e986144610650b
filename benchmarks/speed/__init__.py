"""Our own timings: the solver, training, and engines."""
