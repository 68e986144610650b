"""The same sweep on one process, on two, and on two Ray workers, one of them killed midway."""
