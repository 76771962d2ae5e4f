"""Run commands and print their errors for people."""

from __future__ import annotations

import argparse
import errno
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping

from src.support import extras
from src.support.errors import UserError, unknown

# What a disk or its administrator says no with; the user can mend it.
REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)
INTERRUPTED = 130  # the shell's exit code for Ctrl-C


def guarded(run: Callable[[], None]) -> None:
    """Run a command; exit with 1 after printing a UserError, and with 130 on Ctrl-C."""
    warnings.formatwarning = _one_line
    try:
        run()
    except UserError as error:
        show_error(error)
        raise SystemExit(1) from None
    except ModuleNotFoundError as error:
        explained = extras.explain(error)
        if explained is None:
            raise
        show_error(explained)
        raise SystemExit(1) from None
    except BrokenPipeError:  # the reader of our output went away: `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        show_error(
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


def _one_line(message: Warning | str, *_rest: object, **_named: object) -> str:
    """Format a warning without the place in our code where it arose."""
    return f"Warning: {message}\n"


def words_of(module: str, description: str, keys: Mapping[str, str], example: str) -> list[str]:
    """Return the words of a command line of key=value, whose --help says what each key is."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}", description=description, epilog=f"python -m {module} {example}"
    )
    told = "; ".join(f"{key}: {about}" for key, about in keys.items())
    parser.add_argument("words", nargs="*", metavar="key=value", help=told)
    words: list[str] = parser.parse_args().words
    return words


def key_values(words: Iterable[str], keys: Collection[str], noun: str = "key") -> dict[str, str]:
    """Read a command line of key=value; raise UserError for a word that is none, or of no key."""
    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if key not in keys or not equals:
            raise unknown(noun, word, [f"{name}=..." for name in keys])
        pairs[key] = value
    return pairs


def show_error(error: UserError) -> None:
    """Print an error for people."""
    print(f"Error: {error}", file=sys.stderr)
