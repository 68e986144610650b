"""Methods of adaptation: one file each, found by name in `registry.METHODS`."""
