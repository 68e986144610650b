"""Names of the files of a sweep, for modules that do not need torch, too."""

CONFIG = "config.json"
LOSSES, TRANSFERS, RECORDS = "losses.parquet", "transfers.csv", "records.csv"
VALID_LOSSES = "valid_losses.parquet"
"""Validation losses, in the columns of the test losses."""
