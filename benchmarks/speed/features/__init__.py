"""How long transfers from frozen features take, beside a plain loop over scikit-learn."""
