"""How long a proof takes: the paper's formulation, the grouped model alone, and `solve_program`."""
