"""Time and memory of the index of 4.5 million views, whose names are made and not on a disk.

``python -m tests.encoders.dataset.large_index list FOLDER`` lists two domains and keeps the list in
FOLDER; ``open FOLDER`` opens it as a worker process does. Each prints one line of JSON: the number
of views, seconds of the processor and GiB above what the process had after its imports.
"""

import json
import resource
import sys
import time
from pathlib import Path

from encoders.dataset import index as index_module
from encoders.dataset.content import Stamp
from encoders.dataset.listing import keep_index, open_index

BUILDINGS, POINTS, VIEWS = 537, 1680, 5
DOMAINS = ("rgb", "normal")


def find_folders(root, domain):
    """Folders of all buildings, for the two domains that there are."""
    names = [f"building_{number:04d}" for number in range(BUILDINGS)]
    return {name: root / domain / name for name in names if domain in DOMAINS}


def list_files(folder, domain):
    """Names and stamps of one building's files, as a listing of the folder gives them."""
    return {
        (point, view): (
            f"point_{point}_view_{view}_domain_{domain}.png",
            Stamp(50_000 + point, 17 * 10**17 + point, 17 * 10**17 + view, point * VIEWS + view),
        )
        for point in range(POINTS)
        for view in range(VIEWS)
    }


def peak():
    """Largest memory of this process so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main(what, folder):
    """List the domains and keep the list, or open it; print what that took."""
    begin, before = time.process_time(), peak()
    if what == "list":
        index_module.find_folders, index_module.list_files = find_folders, list_files
        index = index_module.read_index(folder)
        index.files("normal")
        keep_index(index, folder / "index")
    else:
        index = open_index(folder, str(folder / "index"))
        files = index.files("normal")
        assert files.paths[len(index) - 1] == (
            f"normal/building_{BUILDINGS - 1:04d}/"
            f"point_{POINTS - 1}_view_{VIEWS - 1}_domain_normal.png"
        )
        assert len(index.rows_of(index.buildings[:50])) == 50 * POINTS * VIEWS
    seconds, memory = time.process_time() - begin, peak() - before
    print(json.dumps({"views": len(index), "seconds": seconds, "gib": memory}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
