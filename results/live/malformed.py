"""A thousand malformed requests to a server of this machine: statuses, and no traceback.

python results/live/malformed.py        # 1,000 requests, seed 0
"""

from __future__ import annotations

import json
import random
import re
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

REQUESTS, SEED = 1000, 0
PATHS = (
    *["/api/solve"] * 8,
    "/api/compare",
    "/api/stop",
    "/api/tables",
    "/api/tables/0",
    "/",
    "/nothing",
)
METHODS = (*["POST"] * 16, "GET", "GET", "PUT", "DELETE", "OPTIONS", "POST\x00")
VALUES = (
    "NaN",
    "-1",
    "1e999",
    "null",
    "true",
    '"5"',
    "[]",
    "{}",
    '"\\ud800"',
    "9" * 400,
    '"\\u0000"',
    '["nobody"]',
    '{"a": {"role": "king"}}',
    "[" * 200,
    "0",
    '"<script>"',
    "2",
)
KEYS = ("budget", "max_order", "objective", "tasks", "exclude", "require", "source_only", "x\\n")
TYPES = (*["application/json"] * 9, "text/plain", "application/json; charset=utf-16", "", "\xff")


def body(rng: random.Random) -> bytes:
    """Return a document of a problem with damaged values, and often damaged bytes."""
    fields = ", ".join(
        f'"{rng.choice(KEYS)}": {rng.choice(VALUES)}' for _ in range(rng.randint(0, 3))
    )
    text = f'{{"{rng.choice(["problem", "problem", "run", "table"])}": {{{fields}}}}}'
    data = bytearray(text.encode())
    for _ in range(rng.choice([0, 0, 1, 3])):
        place = rng.randrange(len(data))
        data[place : place + rng.randint(0, 2)] = rng.randbytes(rng.randint(0, 2))
    return bytes(data)


def request(rng: random.Random) -> bytes:
    """Return the bytes of a request, in which something is usually wrong."""
    content = body(rng)
    length = rng.choice([len(content)] * 8 + [0, len(content) - 1, -5])
    path = rng.choice(PATHS) + rng.choice(["", "", "?title=%ff", "?direction=up", "?" + "a" * 3000])
    lines = [
        f"{rng.choice(METHODS)} {path} HTTP/1.1",
        f"Host: {rng.choice(['127.0.0.1'] * 30 + ['elsewhere.org', ''])}",
        f"Content-Type: {rng.choice(TYPES)}",
        f"Content-Length: {length}",
        f"Accept: {rng.choice(['*/*', 'application/x-ndjson'])}",
        f"Origin: {rng.choice(['null', 'http://evil.org'])}",
        "Connection: close",
    ]
    if rng.random() < 0.95:
        lines.pop(-2)  # without an origin, as programs send it
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


def answer_of(port: int, sent: bytes) -> bytes:
    """Send a request and return the whole answer; nothing if the server only closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=40) as client:
        client.sendall(sent)
        if len(sent) % 20 == 0:
            client.shutdown(socket.SHUT_WR)  # the server takes it for a closed tab
        parts = []
        try:
            while part := client.recv(1 << 16):
                parts.append(part)
        except (ConnectionResetError, TimeoutError):
            pass
    return b"".join(parts)


def main() -> None:
    """Start a server, send all requests, and write the statuses beside this script."""
    rng, statuses, bad = random.Random(SEED), Counter[str](), []
    command = [sys.executable, "-m", "taskgraph", "serve", "--port", "0", "--time-limit", "5"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        found = re.match(r"http://[^:]+:(\d+)/", server.stderr.readline())
        assert found is not None
        for _ in range(REQUESTS):
            sent = request(rng)
            answer = answer_of(int(found[1]), sent)
            status = answer.split(b" ", 2)[1].decode() if answer else "closed"
            statuses[status] += 1
            if (status.startswith("5") and status != "503") or b"Traceback" in answer:
                bad.append((sent.decode("latin-1"), answer.decode("latin-1")))
        server.send_signal(2)
        printed = server.stderr.read()
    measured = {"requests": REQUESTS, "seed": SEED, "statuses": dict(sorted(statuses.items()))}
    measured |= {"failures": len(bad), "printed_by_the_server": printed.replace("stopped\n", "")}
    text = json.dumps(measured, indent=1)
    Path(__file__).with_name("malformed.json").write_text(f"{text}\n")
    print(text, *bad[:5], sep="\n")
    sys.exit(bool(bad or measured["printed_by_the_server"]))


if __name__ == "__main__":
    main()
