"""How far the optimum depends on the method, the objective and the images; robust optima."""
