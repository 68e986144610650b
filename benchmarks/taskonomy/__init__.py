"""The published Taskonomy measurements, solved."""
