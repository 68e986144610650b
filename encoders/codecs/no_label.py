"""Words that mean, in any table of labels, that there is no label."""

from __future__ import annotations

NO_LABEL = frozenset({"", "na", "nan", "null", "-"})
"""Fields without a label, in small letters."""


def is_no_label(field: str) -> bool:
    """Return whether a field of a table, with or without blanks around it, is no label."""
    return field.strip().lower() in NO_LABEL
