"""What every command shares: Hydra's command line, and one clear message for a user's error."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from src import extras
from src.errors import UserError

# What a disk or its administrator says no with; the user can mend it.
REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)
INTERRUPTED = 130  # the shell's exit code for Ctrl-C
# Hydra answers these by itself, and takes no override beside them.
OF_HYDRA = {"--hydra-help", "--shell-completion", "-sc"}


def guarded(run: Callable[[], None]) -> None:
    """Run a command; print a UserError and exit with 1, and exit with 130 on Ctrl-C."""
    warnings.formatwarning = _one_line
    try:
        run()
    except UserError as error:
        _say(error)
        raise SystemExit(1) from None
    except ModuleNotFoundError as error:
        explained = extras.explain(error)
        if explained is None:
            raise
        _say(explained)
        raise SystemExit(1) from None
    except BrokenPipeError:  # the reader of our output went away: `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        _say(
            UserError(
                "The system refused to write.",
                given=f"{error.filename or 'a file'} ({error.strerror})",
                fix="free some space, or check the permissions; what was finished is kept",
            )
        )
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def with_hydra(
    task: Callable[[dict[str, Any]], None], config_name: str, groups: tuple[str, ...]
) -> None:
    """Run `task` on the plain values that Hydra composes from conf/ and the command line.

    `groups` are the choices that params.yaml completes. A sweep (-m) goes on after a job that
    fails, and exits with 1 at the end.
    """
    failed: list[UserError] = []
    has_begun = False

    def main() -> None:
        from src import composing

        composing.prepare()
        if not OF_HYDRA.intersection(sys.argv[1:]):
            words = [composing.open_override(word) for word in sys.argv[1:]]
            sys.argv[1:] = composing.complete(words, groups)
        # Hydra prints errors in its own way and exits, unless this is set; we say them in ours.
        os.environ.setdefault("HYDRA_FULL_ERROR", "1")
        try:
            with composing.errors():
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
        from src import composing

        try:
            with composing.errors():
                from hydra.core.hydra_config import HydraConfig

                values = composing.plain(composed, HydraConfig.get().runtime.choices)
            task(values)
        except UserError as error:
            failed.append(error)  # a sweep's other jobs may still succeed
            _say(error)

    guarded(main)


def _one_line(message: Warning | str, *_rest: object, **_named: object) -> str:
    """Write a warning for people: where in our code it arose is no news to them."""
    return f"Warning: {message}\n"


def _say(error: UserError) -> None:
    print(f"Error: {error}", file=sys.stderr)
