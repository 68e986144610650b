"""``python -m taskgraph``: the command line, for when its script is not on the path."""

from taskgraph.cli import main

if __name__ == "__main__":
    main()
