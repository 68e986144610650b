"""The page results/live/README.md has the figures of the records beside it."""

import json
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "results" / "live"


def record(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def latency_rows(found):
    """The row of each kind of change: number, and ranges over the tables."""
    tables = [each for each in found.values() if isinstance(each, dict)]
    for kind in tables[0]:
        of = [table[kind] for table in tables]
        parts = [f"{sum(each['changes'] for each in of)}"]
        for name in ("processor", "clock"):
            medians = [each[f"{name}_ms_median"] for each in of]
            parts += [f"{min(medians)}–{max(medians)}"]
            parts += [f"{max(each[f'{name}_ms_max'] for each in of)}"]
        yield f"| {kind} | {' | '.join(parts)} |"


def load_row(found):
    """The row of the load test."""
    times = [found["latency_seconds"][name] for name in ("p50", "p95", "p99", "max")]
    numbers = (found["clients"], found["requests"], found["statuses"]["200"], found["per_second"])
    return f"| {' | '.join([*map(str, numbers), *(f'{each:.1f} s' for each in times)])} |"


def test_the_page_has_the_figures_of_the_records():
    text = (FOLDER / "README.md").read_text()
    for row in latency_rows(record("latency")):
        assert row in text, row
    load = record("load")
    assert load_row(load) in text, load_row(load)
    assert load["requests"] == load["statuses"]["200"], "the page says that none failed"
    malformed = record("malformed")
    statuses = malformed["statuses"]
    row = f"| {' | '.join(str(count) for count in [*statuses.values(), 0, 0])} |"
    assert row in text, row
    assert sum(statuses.values()) == malformed["requests"] == 1000
    assert malformed["failures"] == 0
    assert malformed["printed_by_the_server"] == ""
