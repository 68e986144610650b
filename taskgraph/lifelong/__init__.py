"""Tasks that arrive later: extended taxonomies, arrivals one by one, transfers to measure again."""
