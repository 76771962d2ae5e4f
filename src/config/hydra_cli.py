"""Hydra's command line, with its overrides and sweeps."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from src.config import composition
from src.support.cli import guarded, show_error
from src.support.errors import UserError

# Hydra answers these by itself, and takes no override beside them.
OF_HYDRA = {"--hydra-help", "--shell-completion", "-sc"}


def with_hydra(
    task: Callable[[dict[str, Any]], None], config_name: str, groups: tuple[str, ...]
) -> None:
    """Run `task` on the plain values that Hydra composes from conf/ and the command line.

    `groups` are the choices that params.yaml completes. A sweep (-m) continues after a failed job,
    and exits with 1 at the end.
    """
    failed: list[UserError] = []
    has_begun = False

    def main() -> None:
        composition.prepare()
        if not OF_HYDRA.intersection(sys.argv[1:]):
            words = [composition.open_override(word) for word in sys.argv[1:]]
            sys.argv[1:] = composition.complete(words, groups)
        # Hydra prints errors in its own way and exits, unless this is set; we say them in ours.
        os.environ.setdefault("HYDRA_FULL_ERROR", "1")
        try:
            with composition.errors():
                import hydra

                folder = str(Path("conf").resolve())
                hydra.main(version_base="1.3", config_path=folder, config_name=config_name)(job)()
        except ValueError as error:  # of options that Hydra does not know or take together
            if has_begun:
                raise
            raise UserError(str(error)) from None
        if failed:
            raise SystemExit(1)

    def job(composed: Any) -> None:
        nonlocal has_begun
        has_begun = True
        try:
            with composition.errors():
                from hydra.core.hydra_config import HydraConfig

                values = composition.plain(composed, HydraConfig.get().runtime.choices)
            task(values)
        except UserError as error:
            failed.append(error)  # a sweep's other jobs may still succeed
            show_error(error)

    guarded(main)
