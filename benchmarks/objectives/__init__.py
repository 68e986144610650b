"""Compare methods and objectives: chosen on validation buildings, judged on test buildings."""
