"""Measured figures times stated prices: what a month of the cloud design costs, line by line.

`rate` is the mean of requests a second over a month; all money is in the prices' currency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.book import Book

HOURS = 730.0  # of a month
DAYS = HOURS / 24
MANY = 20  # pods, above which larger ones are taken: each has connections to the database
LARGEST_STORE, LARGEST_IOPS = 64_000.0, 64_000.0  # GB and IOPS of one database instance
# The mean rate from which the log is a stream: 30 days of rows are 5 TB there, a database that
# takes hours to copy or to repair, and they cost more than all else together.
SWITCH = 3_000
INCLUDED_IOPS = ((400.0, 12_000.0), (0.0, 3_000.0))  # from so many GB of storage on
PODS = (0.5, 1.0, 2.0, 4.0)  # vCPU
DATABASES = (2, 4, 8, 16, 32, 48, 64)  # vCPU
MACHINES = (2, 4, 8, 16, 32, 64, 96, 192)  # vCPU
LARGE = 8  # GB of memory a vCPU of the machines that train
PARALLEL = 4.5  # times as fast as one core the champion's training can be: 18 fits in 4 rounds
EGRESS = (
    *(("egress_1", 10_000.0), ("egress_2", 40_000.0)),  # GB of a month
    *(("egress_3", 100_000.0), ("egress_4", 0.0)),
)

Lines = dict[str, float]


@dataclass(frozen=True)
class Pods:
    """How many processes of which size answer."""

    number: int
    vcpu: float
    rate: float  # requests a second that one can take

    @property
    def all_vcpu(self) -> float:
        """Return the cores of all."""
        return self.number * self.vcpu


def million(rate: float) -> float:
    """Return the requests of a month in millions."""
    return rate * HOURS * 3600 / 1e6


def is_streamed(rate: float) -> bool:
    """Tell whether the log goes to the stream."""
    return rate >= SWITCH


def pods(book: Book, rate: float, *, streamed: bool) -> Pods:
    """Return the pods that take the rate at the set utilisation with one zone lost."""
    core = book.get("rate_file") if streamed else 1e6 / book.get("cpu_rows")
    core *= book.get("core")
    zones = int(book.get("zones"))
    need = rate / book.get("utilisation") * zones / (zones - 1) / core  # vCPU
    size = next((size for size in PODS if need / size <= MANY), PODS[-1])
    return Pods(max(zones, math.ceil(need / size)), size, size * core)


def serving(book: Book, rate: float, *, streamed: bool | None = None) -> Lines:
    """Return what a month costs, line by line."""
    streamed = is_streamed(rate) if streamed is None else streamed
    made = pods(book, rate, streamed=streamed)
    return {
        "pods": _pods(book, made),
        "load balancer": _balancer(book, rate),
        "answers to the internet": _egress(book, rate),
        "database": database(book, rate * (book.get("sampled") if streamed else 1.0)),
        "log stream and objects": stream(book, rate) if streamed else 0.0,
        "between zones, endpoints": _network(book, rate, streamed=streamed),
        "metrics, alarms, own words": _watching(book, made),
        "secrets, keys, images": _small(book),
        "retraining": book.get("retrains") * pipeline(book).cost,
    }


def _pods(book: Book, made: Pods) -> float:
    memory = made.all_vcpu * book.get("pod_memory")
    return HOURS * (book.cost("pod_vcpu", made.all_vcpu) + book.cost("pod_memory", memory))


def _balancer(book: Book, rate: float) -> float:
    gigabytes = rate * (book.get("request") + book.get("answer")) * 3600 / 1e9  # an hour
    connections = rate / book.get("reuse") / 25  # a unit is 25 new ones a second, or 1 GB an hour
    return HOURS * (
        book.cost("balancer", 1) + book.cost("balancer_unit", max(gigabytes, connections))
    )


def _egress(book: Book, rate: float) -> float:
    gigabytes = million(rate) * (book.get("answer") + book.get("packet")) / 1000
    return book.tiered(EGRESS, gigabytes)


def rows_kept(book: Book, rate: float) -> float:
    """Return the GB of the rows that PostgreSQL keeps."""
    return rate * 86400 * book.get("keep_rows") * book.get("row") / 1e9


def writes(book: Book) -> float:
    """Return the writes to the disk of a request: its share of a commit, and of pages."""
    return book.get("commits") + 1 / 6  # six rows a page and its image in the log, as a guess


def ends(book: Book) -> dict[str, float]:
    """Return the mean rates at which one PostgreSQL with every row comes to its ends."""
    peak = book.get("peak")
    kept = rows_kept(book, 1) * book.get("database_room")
    share = book.get("database_share") * 1e6
    return {
        "writes": LARGEST_IOPS / writes(book) / peak,
        "storage": (LARGEST_STORE - book.get("database_extra")) / kept,
        "CPU": DATABASES[-1] * share / book.get("cpu_database") / peak,
    }


def database(book: Book, rate: float) -> float:
    """Return what PostgreSQL costs that keeps the rows of so many requests, in two zones.

    Infinite where one instance cannot hold or write them.
    """
    peak = rate * book.get("peak")
    cores = peak * book.get("cpu_database") / 1e6 / book.get("database_share")
    stored = rows_kept(book, rate) * book.get("database_room") + book.get("database_extra")
    storage = max(100.0, stored)
    iops = peak * writes(book)
    if cores > DATABASES[-1] or storage > LARGEST_STORE or iops > LARGEST_IOPS:
        return math.inf
    included = next(number for least, number in INCLUDED_IOPS if storage >= least)
    backup = rate * 86400 * book.get("recovery") * book.get("wal") / 1e9
    return (
        HOURS * _instance(book, cores)
        + book.cost("database_storage", storage)
        + book.cost("database_iops", max(0.0, iops - included))
        + book.cost("database_backup", backup)
    )


def _instance(book: Book, cores: float) -> float:
    """Return an hour's price; the small one may use a fifth of its two cores all the time."""
    if cores <= 0.4:
        return book.cost("database_small", 1)
    size = next(size for size in DATABASES if size >= cores)
    return book.cost("database_vcpu", size)


def stream(book: Book, rate: float) -> float:
    """Return what a log costs that goes as packed rows through a stream to objects."""
    gigabytes = million(rate) * book.get("packed") / 1000  # a month
    warm = gigabytes * book.get("keep_warm") / DAYS
    cold = gigabytes * book.get("keep_cold") / DAYS
    number = gigabytes / book.get("object")
    return (
        book.cost("stream", gigabytes)  # of the first tier, which no rate here leaves
        + book.cost("endpoint_data", gigabytes)
        + book.cost("objects", warm)
        + book.cost("objects_cold", cold)
        + book.cost("objects_put", number)
        + book.cost("objects_cold_put", number)
    )


def _network(book: Book, rate: float, *, streamed: bool) -> float:
    zones = book.get("zones")
    ports = book.cost("endpoint", book.get("endpoints") * zones) * HOURS
    rows = 0.0 if streamed else million(rate) * book.get("line") / 1000  # GB to the database
    # Pods are spread evenly, and the database's first instance is in one zone; both sides pay.
    return ports + book.cost("between_zones", 2 * rows * (zones - 1) / zones)


def _watching(book: Book, made: Pods) -> float:
    samples = made.number * book.get("series") * HOURS * 120 / 1e6  # every 30 seconds
    return (
        book.cost("samples", samples)
        + book.cost("alarm", book.get("alarms"))
        + book.cost("logs", made.number * book.get("stdout"))
    )


def _small(book: Book) -> float:
    return sum(
        book.cost(price, book.get(figure))
        for price, figure in (("secret", "secrets"), ("key", "keys"), ("images", "images"))
    )


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
