"""Commands that `encoders` adds to `taskgraph`; each module is imported when it is called."""
