"""Suite ``solver``: seconds to a proof by the paper's formulation, a grouped model, and ours."""
