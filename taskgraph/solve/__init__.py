"""Solve the supervision-budgeted program to proven optimality."""
