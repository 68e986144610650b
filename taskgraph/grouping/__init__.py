"""Task grouping: which of the networks trained on several tasks to buy, with a proof."""
