"""Write the sample data into data/, the same bytes every time: python -m src.samples."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path

from src.config import configuration, paths
from src.sample_data.generators import SAMPLES
from src.support import files
from src.support.cli import guarded
from src.support.errors import UserError, unknown
from src.support.progress import Bar


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m src.samples",
        description="Write the sample data into data/, the same bytes every time.",
    )
    parser.add_argument("names", nargs="*", help=f"all by default: {', '.join(SAMPLES)}")
    parser.add_argument("--force", action="store_true", help="replace files that differ")
    arguments = parser.parse_args()
    guarded(lambda: write(arguments.names or list(SAMPLES), force=arguments.force))


def write(names: list[str], *, force: bool, folder: Path = paths.DATA) -> None:
    """Write samples; raise UserError, with nothing written, if a file differs."""
    configuration.find_root()
    for name in names:
        if name not in SAMPLES:
            raise unknown("sample", name, SAMPLES)
    made = {}
    with Bar("samples") as bar:
        bar.stage("making", len(names))
        for name in names:
            made[folder / name] = _make(SAMPLES[name])
            bar.step()
    different = [path for path, data in made.items() if path.exists() and not _same(path, data)]
    if different and not force:
        raise UserError(
            "A file differs from the sample; nothing was written.",
            given=", ".join(map(str, different)),
            fix="replace it with --force, or move it away",
        )
    for path, data in made.items():
        if path.exists() and _same(path, data):
            print(f"{path}: already there")
        else:
            files.write(path, data)
            print(f"{path}: {len(data):,} bytes, md5 {_md5(data)}")


def _make(generate: Callable[[], bytes]) -> bytes:
    try:
        return generate()
    except ImportError as error:
        raise UserError(
            "This sample needs a package that is not installed.",
            given=error.name or error,
            fix="pip install -c constraints.txt -e '.[samples]'",
        ) from None


def _same(path: Path, data: bytes) -> bool:
    return path.stat().st_size == len(data) and path.read_bytes() == data


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    main()
