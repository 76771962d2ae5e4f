"""Score a source part by part: in processes, again after a kill, into a folder or one file."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing import connection
from pathlib import Path

from src.scoring import version as versions
from src.scoring.parts import Done, Scorer
from src.scoring.receipts import Job
from src.scoring.slices import Slice
from src.scoring.version import Version
from src.support.errors import UserError

AHEAD = 1  # slices that wait for each process: more are more memory
_scorer: Scorer | None = None


def run(
    version: Version,
    job: Job,
    slices: Iterator[Slice],
    folder: Path,
    processes: int,
    tell: Callable[[Done], None],
    *,
    is_replaced: bool = False,
) -> list[Done]:
    """Score slices into parts of a folder, in their order; `tell` hears of each as it is there.

    The first rows are read before anything is written.
    """
    first = list(islice(slices, 2))
    if processes == 1 or len(first) < 2:
        scorer = Scorer(version, job, folder, is_replaced=is_replaced)
        return [_told(scorer.score(one), tell) for one in chain(first, slices)]
    with _pool(version, job, folder, processes, is_replaced) as pool:
        return list(_in_processes(pool, job, chain(first, slices), processes, tell))


def _told(done: Done, tell: Callable[[Done], None]) -> Done:
    tell(done)
    return done


def _in_processes(
    pool: ProcessPoolExecutor,
    job: Job,
    slices: Iterator[Slice],
    processes: int,
    tell: Callable[[Done], None],
) -> Iterator[Done]:
    waiting: deque[Future[Done]] = deque()
    try:
        for rows in slices:
            waiting.append(pool.submit(_score, rows))
            if len(waiting) >= processes + AHEAD:
                yield _told(waiting.popleft().result(), tell)
        while waiting:
            yield _told(waiting.popleft().result(), tell)
    except BrokenProcessPool:
        raise UserError(
            "A process that scored rows was ended from outside.",
            given=f"{processes} processes, {job.rows:,} rows a part",
            fix="where memory was short, give fewer processes= or rows=; the parts that are "
            "there are kept when the command is started again",
        ) from None


@contextmanager
def _pool(
    version: Version, job: Job, folder: Path, processes: int, is_replaced: bool
) -> Iterator[ProcessPoolExecutor]:
    # Threads of libraries do not survive a fork.
    pool = ProcessPoolExecutor(
        processes,
        multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(version.path, version.seal, job, folder, is_replaced),
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(path: Path, seal: str, job: Job, folder: Path, is_replaced: bool) -> None:
    """Load the bundle in a process of the pool, which ends where its parent does."""
    global _scorer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _scorer = Scorer(versions.load(path, seal), job, folder, is_replaced=is_replaced)


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _score(rows: Slice) -> Done:
    assert _scorer is not None
    return _scorer.score(rows)
