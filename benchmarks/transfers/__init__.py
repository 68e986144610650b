"""What a finished sweep of transfers shows: tables, pictures and a page made of them.

    python -m benchmarks.transfers SWEEP --bank BANK --out results/transfers --published FOLDER \\
        --closed CLOSED
    python -m benchmarks.transfers --choices-only --out results/transfers

``SWEEP`` is the folder that ``taskgraph transfer`` wrote, ``CLOSED`` one that it wrote for the same
encoders with ``--readout ridge``; ``FOLDER`` has the published Taskonomy measurements. What a sweep
lacks is left out, and the page says why. The second command needs no sweep: it recomputes the
taxonomies, what they are compared with and their pictures from the transfers and losses that the
folder of results has, and keeps the rest.
"""
