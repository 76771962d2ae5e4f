"""What the pipeline judged: each dataset's champion, and which bundles took part."""

from __future__ import annotations

import json
from pathlib import Path

from src.config import paths
from src.inference import bundle
from src.support.errors import UserError
from src.support.structs import Checked, convert


class Verdict(Checked, frozen=True):
    """What the pipeline judged of a dataset: its champion, by which metric, of which bundles."""

    champion: str | None
    metric: str
    bundles: dict[str, str]  # the seal of each model's


def read() -> dict[str, Verdict]:
    """Read what the pipeline judged; nothing where it has not run."""
    try:
        found = json.loads(paths.VERDICTS.read_text(encoding="utf-8"))
        return convert(found, dict[str, Verdict], "verdicts")
    except (OSError, ValueError, UserError):
        return {}


def check_seal(path: Path, seal: str) -> None:
    """Raise UserError unless a bundle is the one that was judged."""
    if bundle.seal(path) != seal:
        raise UserError(
            "The bundle is not the one that the pipeline judged.",
            given=path,
            fix="let dvc repro finish, or run it again; what served goes on serving",
        )
