"""DVC's note of what is read and written by whom, which a kill can leave empty.

DVC writes `.dvc/tmp/rwlock` in place, so that a kill between its opening and its writing leaves a
file that no later command can read: `python -m src.support.dvc_lock` puts it aside.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

NOTE = Path(".dvc/tmp/rwlock")
PATIENCE = 1.0  # seconds: whoever is writing it takes milliseconds


def mend(note: Path = NOTE, patience: float = PATIENCE) -> bool:
    """Put the note aside if nobody can read it, and say so; tell whether it was.

    Raises OSError where the folder refuses.
    """
    if _is_readable(note):
        return False
    time.sleep(patience)
    if _is_readable(note):
        return False
    aside = note.with_name(f"{note.name}.broken")
    note.replace(aside)
    print(
        f"DVC was killed while it wrote {note}, which nobody can read now; it is put aside as "
        f"{aside.name}."
    )
    return True


def _is_readable(note: Path) -> bool:
    try:
        json.loads(note.read_bytes())
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    mend()
