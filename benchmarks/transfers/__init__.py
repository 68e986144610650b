"""What a finished sweep of transfers shows: tables, pictures and a page made of them.

    python -m benchmarks.transfers SWEEP --bank BANK --out results/transfers --published FOLDER \\
        --closed CLOSED

``SWEEP`` is the folder that ``taskgraph transfer`` wrote, ``CLOSED`` one that it wrote for the same
encoders with ``--readout ridge``; ``FOLDER`` has the published Taskonomy measurements. What a sweep
lacks is left out, and the page says why.
"""
