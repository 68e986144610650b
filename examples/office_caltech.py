"""Print the accuracies of the geodesic flow kernel and of other methods on Office+Caltech-10.

    python examples/office_caltech.py FOLDER

FOLDER holds ``office_caltech`` with the four MATLAB files of the authors' SURF features. With skada
installed, its subspace alignment, CORAL, TCA and optimal transport stand beside.
"""

import sys
from pathlib import Path

from benchmarks.adaptation.office_caltech import as_markdown, office_caltech_table
from taskgraph.errors import TaskgraphError

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Error: expected one folder, such as: python examples/office_caltech.py ../shared")
    try:
        print(as_markdown(office_caltech_table(Path(sys.argv[1]))))
    except TaskgraphError as error:
        sys.exit(f"Error: {error}")
