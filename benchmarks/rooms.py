"""How many rooms of the house a request walks through: python -m benchmarks.rooms.

A warm request goes through the service's WSGI application under a profiler that notes each call
within app/ and src/. Shown are the calls, the files and the rooms (folders) that they lie in, and
how often the walk goes from one room to another. It makes a small project of its own.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

from falcon import testing

from app.factory import create_api
from app.settings import Settings
from manual import example
from src.support import text_tables
from src.support.cli import guarded
from src.support.errors import UserError

ROOT = Path(__file__).parents[1]
MOST_ROOMS = 12  # of a prediction


def main() -> None:
    """Show each walk; exit with 1 where a prediction passes more rooms than the bar."""
    with example.project(ROOT) as folder:
        api = create_api(Settings(var=str(folder / "var")), is_watching=False)
        with closing(api):
            client = testing.TestClient(api, headers={"Host": "localhost"})
            walks = {name: walk(ask) for name, ask in _requests(client).items()}
    rows = [
        [name, len(files), len(set(files)), len({room(file) for file in files}), _moves(files)]
        for name, files in walks.items()
    ]
    text_tables.show("walks", ["request", "calls", "files", "rooms", "moves"], rows)
    passed = {room(file) for file in next(iter(walks.values()))}
    print(f"rooms of a prediction: {', '.join(sorted(passed))}")
    print(f"bar: at most {MOST_ROOMS} rooms")
    if len(passed) > MOST_ROOMS:
        raise UserError("A prediction passes too many rooms.", given=len(passed))


def _requests(client: testing.TestClient) -> dict[str, Callable[[], Any]]:
    """Return what is asked, a prediction first."""
    base = f"/v1/{example.NUMBER}"
    record = client.simulate_get(base).json["example"]
    label = {**record, "target": 1.5}
    return {
        "a prediction": lambda: client.simulate_post(f"{base}/predictions", json=record),
        "with its reasons": lambda: client.simulate_post(
            f"{base}/predictions", json=record, params={"explain": "true"}
        ),
        "a label": lambda: client.simulate_post(f"{base}/labels", json=label),
        "the versions": lambda: client.simulate_get(f"{base}/models"),
    }


def walk(ask: Callable[[], Any]) -> list[str]:
    """Return the file of each call within app/ and src/, in the order of the calls."""
    ask()  # what is made once is made
    files: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        path = frame.f_code.co_filename
        if event == "call" and path.startswith((f"{ROOT}/app/", f"{ROOT}/src/")):
            files.append(path.removeprefix(f"{ROOT}/"))

    sys.setprofile(note)
    try:
        ask()
    finally:
        sys.setprofile(None)
    return files


def room(file: str) -> str:
    """Return the room of a file: its folder, of files on top the top."""
    return "/".join(Path(file).parts[:-1][:2])


def _moves(files: list[str]) -> int:
    return sum(room(one) != room(other) for one, other in itertools.pairwise(files))


if __name__ == "__main__":
    guarded(main)
