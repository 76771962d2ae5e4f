"""Show progress on a terminal, and nothing elsewhere."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any

PATIENCE = 2.0  # seconds before a bar appears


class Bar:
    """Show the stage, the share done and a note, once the work takes PATIENCE seconds."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._lock = threading.Lock()
        self._timer = threading.Timer(PATIENCE, self._start)
        self._timer.daemon = True
        self._is_over = False
        self._bar: Any = None
        self._task: Any = None
        self._fields: dict[str, Any] = {
            "description": title,
            "total": 1,
            "completed": 0,
            "note": "",
        }

    def __enter__(self) -> Bar:
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._is_over = True
            if self._bar is not None:
                self._bar.stop()

    def stage(self, name: str, total: int) -> None:
        """Begin a stage of `total` steps."""
        self._show(description=f"{self.title}: {name}", total=total, completed=0, note="")

    def step(self, note: str = "") -> None:
        """Finish a step; `note` stays until the next one."""
        changes = {"completed": self._fields["completed"] + 1}
        self._show(**changes, **({"note": note} if note else {}))

    def _show(self, **changes: Any) -> None:
        with self._lock:
            self._fields.update(changes)
            if self._bar is not None:
                self._bar.update(self._task, **self._fields)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        with self._lock:
            if self._is_over:  # while rich was imported
                return
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                Elapsed(),
                TextColumn("{task.fields[note]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(self.title, note="")
            self._bar.update(self._task, **self._fields)
            self._bar.start()
