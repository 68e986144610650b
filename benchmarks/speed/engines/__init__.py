"""Suite ``engines``: one sweep on local processes and on Ray, with and without a failure."""
