"""What every suite uses: records, measures, tables, figures, pages, and the machine."""
