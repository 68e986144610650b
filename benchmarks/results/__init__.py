"""Shared code of the suites: records, measures, tables, figures, pages, and the machine."""
