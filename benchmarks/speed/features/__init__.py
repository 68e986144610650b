"""Time transfers from frozen features, and a plain loop over scikit-learn in the same run."""
