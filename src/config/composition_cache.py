"""Cache what conf/ composes to, keyed by the bytes of the files that it was composed from.

Importing Hydra takes longer than everything else at the service's start.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from src.config import composition_inputs as inputs
from src.config import configuration as configs
from src.config import paths
from src.support import files
from src.support.errors import UserError

ANY_MODEL = "dummy"  # completes the composition when only the dataset is needed
MOST = 256  # compositions in memory, and in a folder
PATIENCE = 5.0  # seconds to wait for another process that composes
POLL = 0.02
LOCK = ".lock"

_composing = threading.Lock()  # Hydra composes one thing at a time in a process
_remembering = threading.Lock()
_memory: dict[str, str] = {}  # JSON by key, the last used at the end


def compose(words: list[str], folder: Path | None = None) -> dict[str, Any]:
    """Compose conf/ with overrides, or return the cached result for the same bytes.

    Results are shared with other processes through `folder`. Raises UserError if conf/ cannot be
    composed.
    """
    kept = _find(words, folder)
    if kept is None:
        with _composing, _turn(folder):
            kept = _find(words, folder)  # another may have composed it meanwhile
            if kept is None:
                return _compose(words, folder)
    _, text = kept
    values: dict[str, Any] = json.loads(text)
    return values


def dataset_words(name: str) -> list[str]:
    """Return the overrides that compose a dataset when nothing is trained."""
    models = configs.choices("model")
    model = ANY_MODEL if ANY_MODEL in models or not models else models[0]
    return [f"dataset={name}", f"model={model}", "search=none"]


def keep(words: list[str], folder: Path) -> Path | None:
    """Write what the overrides composed to; None if it cannot be cached by content."""
    kept = _find(words, None)
    return None if kept is None else _write(folder, *kept)


def _compose(words: list[str], folder: Path | None) -> dict[str, Any]:
    from src.config import composition

    basis = inputs.basis(words)
    composition.prepare()
    values = composition.compose(words)
    text = _text(values)
    # A file that was replaced meanwhile may have been read before that or after it.
    if basis is not None and text is not None and basis.is_current():
        _remember(basis.key(), text)
        _store(folder, basis.key(), text)
    return values


def _find(words: list[str], folder: Path | None) -> tuple[str, str] | None:
    """Return the key and the cached JSON for the overrides; None if there is none."""
    for read in (inputs.chosen, inputs.everything):
        composed_from = read(words)
        if composed_from is None:
            return None
        key = composed_from.key()
        text = _recall(key)
        for place in (folder, paths.COMPOSITIONS):
            if text is None and place is not None:
                text = _read(place / f"{key}.json")
        if text is not None:
            _remember(key, text)
            return key, text
    return None


def _text(values: dict[str, Any]) -> str | None:
    """Return values as JSON; None if JSON would change them, as it does numeric keys."""
    try:
        text = json.dumps(values, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    return text if json.loads(text) == values else None


def _recall(key: str) -> str | None:
    with _remembering:
        return _memory.get(key)


def _remember(key: str, text: str) -> None:
    with _remembering:
        _memory.pop(key, None)
        _memory[key] = text
        while len(_memory) > MOST:
            del _memory[next(iter(_memory))]


def _read(path: Path) -> str | None:
    """Read what another process stored; None if there is nothing, or it is damaged."""
    try:
        document = json.loads(path.read_bytes())
        text = json.dumps(document["values"])
        is_whole = document["digest"] == _digest(text)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return text if is_whole else None


def _write(folder: Path, key: str, text: str) -> Path:
    path = folder / f"{key}.json"
    files.write(path, json.dumps({"digest": _digest(text), "values": json.loads(text)}).encode())
    return path


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _store(folder: Path | None, key: str, text: str) -> None:
    """Keep it for other processes; where the disk takes nothing, they compose it again."""
    if folder is None or not folder.parent.is_dir():
        return
    with suppress(OSError, UserError):
        folder.mkdir(mode=0o700, exist_ok=True)
        _write(folder, key, text)
        ages = {path: path.stat().st_mtime for path in folder.iterdir() if path.name != LOCK}
        for path in sorted(ages, key=ages.__getitem__)[:-MOST]:
            path.unlink()


@contextmanager
def _turn(folder: Path | None) -> Iterator[None]:
    """Wait for other processes with this folder, so that what they compose is reused."""
    with ExitStack() as stack:
        if folder is not None and folder.parent.is_dir():
            with suppress(OSError):
                folder.mkdir(mode=0o700, exist_ok=True)
                _wait(stack.enter_context((folder / LOCK).open("ab")))
        yield


def _wait(file: IO[bytes]) -> None:
    """Wait for a lock, but not for a process that was suspended while holding it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if files.lock(file, is_waiting=False):
            return
        time.sleep(POLL)
