"""Suite ``arrivals``: taxonomies of tasks that arrive one by one, beside the optimum."""
