"""Suite ``lifelong``: classes or domains arrive step by step, and a bounded memory is kept."""
