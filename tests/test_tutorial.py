"""The tutorial, typed from its first line to its last, in a fresh clone and on other data."""

from __future__ import annotations

import contextlib
import math
import os
import random
import re
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import checkout

TUTORIAL = (checkout.ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
MINUTES = 10 * 60
MARK = "@@@ what comes now is of command"

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Step:
    """A command and what the tutorial shows of its answer; or a file to write."""

    command: str
    shown: tuple[str, ...] = ()


def steps(text: str) -> list[Step]:
    """Find what a reader does, in order."""
    found = []
    for kind, block in re.findall(r"```(console|yaml|python)\n(.*?)```", text, re.DOTALL):
        if kind != "console":
            name = block.splitlines()[0].removeprefix("# ")
            found.append(Step(f"cat > {name} <<'END'\n{block}END"))
            continue
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = re.sub(r"\\\n", "", part).partition("\n")
            found.append(Step(command, tuple(filter(None, shown.splitlines()))))
    return found


STEPS = steps(TUTORIAL)


def customers(first: int, last: int) -> str:
    """Draw a table as the tutorial's, of other customers and with other faults."""
    draw = random.Random(11 + first)
    lines = ["customer,months,bill,plan,calls,left"]
    for customer in range(first, last):
        months, calls = draw.randint(1, 70), draw.choice([0, 0, 0, 1, 1, 2, 3, 5])
        plan = draw.choice(["small", "medium", "large"])
        bill = {"small": 12, "medium": 33, "large": 50}[plan] * draw.uniform(0.9, 1.2)
        odds = 1.5 * calls + 0.04 * bill - 0.1 * months - 1
        left = int(draw.random() < 1 / (1 + math.exp(-odds)))
        told = "huge" if customer % 250 == 7 else plan
        lines.append(f"{customer},{months},{bill:.1f},{told},{calls},{left}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of what git would track, as it stands in the working tree."""
    return checkout.copied(tmp_path_factory.mktemp("origin"))


def script(origin: Path, port: int) -> str:
    """Write what the reader types as one script; what only a person can do is put in."""
    lines = ["set -euo pipefail", "exec 2>&1"]
    for at, step in enumerate(STEPS):
        command = step.command.replace("<url>", str(origin)).replace("8000", str(port))
        command = re.sub(r"(PREDICTION=)[0-9a-f-]{36}", r'\1"$(latest)"', command)
        if command == "make serve":
            command = f"{command} > ../service.log 2>&1 & {WAIT}"
        lines += [f"printf '\\n{MARK} {at}\\n'", command]
        if command.startswith("cd lapidary"):  # what `make install` would make
            lines.append("mv ../.venv .; touch .venv/bin/.run")
        if drawn := re.match(r"python table.py (\d+ \d+) > (.*)", command):
            lines.append(f"test $(wc -l < {drawn[2]}) -gt 300; cp '../{drawn[1]}.csv' {drawn[2]}")
    return "\n".join([*lines, f"printf '\\n{MARK} {len(STEPS)}\\n'"])


WAIT = "until curl -sf $READY > ../ready; do sleep 0.2; done"
LATEST = """latest() { curl -s "$ALL?limit=1" | sed 's/.*"id":"\\([0-9a-f-]*\\)".*/\\1/'; }"""


@pytest.fixture(scope="module")
def typed(origin: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Type all of it; return what each command printed."""
    folder = tmp_path_factory.mktemp("reader")
    checkout.installed(folder)
    (folder / "0 600.csv").write_text(customers(0, 620))
    (folder / "600 900.csv").write_text(customers(620, 930))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {
        **{f"GIT_{who}_NAME": "Test" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "t@example.com" for who in ("AUTHOR", "COMMITTER")},
        "LAPIDARY_BIND": f"127.0.0.1:{port}",
        "READY": f"{here}/readyz",
        "ALL": f"{here}/v1/churn/predictions",
    }
    process = subprocess.Popen(
        ["bash", "-c", f"{LATEST}\n{script(origin, port)}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that the service ends with it
    )
    output = ""
    try:
        output, _ = process.communicate(timeout=MINUTES)
    finally:
        end_group(process)
    assert process.returncode == 0, output[-4000:]
    return re.split(rf"^{MARK} \d+\n", output, flags=re.MULTILINE)[1:]


def end_group(process: subprocess.Popen[str]) -> None:
    """End whatever the script left behind: the service."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


def shape(line: str) -> str:
    """Leave out what another table changes: figures, times and ids, and the width of columns."""
    line = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "#", line)
    line = re.sub(r"\b(?=\d*[a-f])[0-9a-f]{8}\b", "#", line)
    line = re.sub(r"\d{8}T\d{6}Z(-\w+-[0-9a-f]+)?", "#", line)
    line = re.sub(r"[-+]?\d[\d.,:]*(e-\d+)?(T[\d:.]+Z)?", "#", line)
    return re.sub(r"[\s─]+", " ", line).strip()


def test_there_is_a_tutorial() -> None:
    assert len(STEPS) > 20
    assert sum("curl" in step.command for step in STEPS) > 4


def test_every_command_of_the_tutorial_works(typed: list[str]) -> None:
    assert len(typed) == len(STEPS) + 1


def test_what_the_tutorial_shows_is_what_is_printed(typed: list[str]) -> None:
    compared = 0
    for step, output in zip(STEPS, typed, strict=False):
        printed = shape(output)
        for line in step.shown:
            for part in filter(None, map(str.strip, line.split("..."))):
                assert shape(part) in printed, f"{step.command}\n{part}\nnot in\n{output}"
                compared += 1
    assert compared > 20


def test_the_service_has_taken_the_new_champion_while_it_ran(typed: list[str]) -> None:
    told = next(
        output
        for step, output in zip(STEPS, typed, strict=False)
        if step.command.startswith("python -m app models list")
    )
    versions = re.findall(r"^ +(\*?) +(\d) +\w+ ", told, re.MULTILINE)
    assert [number for _, number in versions] == ["4", "3", "2", "1"]
    assert [number for mark, number in versions if mark] in (["3"], ["4"])
