"""Load from wrk: connections that ask again as soon as they are answered."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from src.support.errors import UserError

CONNECTIONS = 16
# Requests are written once, so that wrk costs little beside the server that it shares cores with.
SCRIPT = """
local requests, at = {}, 0

function init(arguments)
  local headers = {["Content-Type"] = "application/json"}
  for body in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "failures": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """What a server answered: requests, their rate per second, milliseconds."""

    requests: int
    rate: float
    p50: float
    p99: float


def check() -> None:
    """Raise UserError where there is no wrk."""
    if shutil.which("wrk") is None:
        raise UserError(
            "The load comes from wrk, which is not installed.",
            fix="apt-get install wrk, or brew install wrk",
        )


def write(bodies: Sequence[bytes], path: Path) -> Path:
    """Write bodies, one a line, beside the script that sends them in turn."""
    path.write_bytes(b"\n".join(bodies))
    path.with_suffix(".lua").write_text(SCRIPT, encoding="utf-8")
    return path


def run(url: str, bodies: Path, seconds: int) -> Load:
    """Load a server; raise UserError where anything but answers of 2xx and 3xx came."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s"]
    script = ["-s", str(bodies.with_suffix(".lua")), url, "--", str(bodies)]
    output = subprocess.run([*command, *script], check=True, capture_output=True, text=True).stdout
    found = json.loads(output.strip().split("\n")[-1])
    if found["failures"] or not found["requests"]:
        raise UserError("A server failed under load.", given=f"{url}: {found}")
    rate = found["requests"] / found["microseconds"] * 1e6
    return Load(found["requests"], rate, found["p50"] / 1000, found["p99"] / 1000)
