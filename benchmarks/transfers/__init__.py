"""What a finished sweep of transfers shows: tables, pictures and a page made of them."""
