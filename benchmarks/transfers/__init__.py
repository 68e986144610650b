"""Suite ``transfers``: tables, figures and a page on a finished sweep of transfers."""
