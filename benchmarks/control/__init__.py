"""A taxonomy of a simulated robot: tasks on its states, and the encoders to pay labels for."""
