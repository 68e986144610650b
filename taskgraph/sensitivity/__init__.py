"""Measure how the optimum depends on method, objective and images, and find robust optima."""
