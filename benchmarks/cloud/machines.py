"""What a training of so many rows takes on one machine of the cloud, or on a cluster."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.cloud.book import Book

MACHINES = (2, 4, 8, 16, 32, 64, 96, 192)  # vCPU
LARGE = 8  # GB of memory a vCPU of the machines that train
PARALLEL = 4.5  # times as fast as one core the champion's training can be: 18 fits in 4 rounds


@dataclass(frozen=True)
class Trained:
    """A training of so many rows on one machine, if one is large enough."""

    rows: float
    memory: float  # GB at its peak
    vcpu: int
    hours: float
    cost: float  # on spot


def training(book: Book, rows: float) -> Trained:
    """Return what the champion's training of so many rows takes; time and memory grow with rows."""
    memory = book.get("memory_base") + rows * book.get("memory_row") / 1e9
    need = memory * book.get("memory_margin")
    vcpu = next((size for size in MACHINES if size * LARGE >= need and size >= 8), MACHINES[-1])
    if rows < 1e6:  # two cores do it in minutes
        vcpu = MACHINES[0]
    if need > vcpu * LARGE:
        return Trained(rows, memory, 0, math.inf, math.inf)
    core_seconds = 2 * book.get("champion") * rows / book.get("champion_rows")
    speed = min(vcpu, PARALLEL) * book.get("core")
    return _trained(book, rows, memory, vcpu, core_seconds / speed)


def pipeline(book: Book) -> Trained:
    """Return what all trainings of the pipeline take, one after the other as `dvc repro` does."""
    seconds = book.get("pipeline") / book.get("core")
    return _trained(book, book.get("champion_rows"), 0.0, MACHINES[0], seconds)


def _trained(book: Book, rows: float, memory: float, vcpu: int, seconds: float) -> Trained:
    hours = (seconds + book.get("start")) / 3600
    cost = book.cost("machine_vcpu", vcpu) * hours * book.get("spot")
    return Trained(rows, memory, vcpu, hours, cost)


def largest(book: Book) -> float:
    """Return the rows that the largest machine can train on."""
    memory = MACHINES[-1] * LARGE / book.get("memory_margin") - book.get("memory_base")
    return memory * 1e9 / book.get("memory_row")


def cluster_hour(book: Book) -> float:
    """Return what an hour of a Dask cluster on spot costs."""
    vcpu = book.get("workers") * 32
    return book.cost("cluster", 1) + book.cost("machine_vcpu", vcpu) * book.get("spot")
