"""Measured figures times stated prices: what a month of the cloud design costs, line by line.

`rate` is the mean of requests a second over a month; all money is in the prices' currency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.cloud import machines
from benchmarks.cloud.book import Book

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
STEP = 5_000.0  # bytes: the stream bills each record as the next whole number of these
EGRESS = (
    *(("egress_1", 10_000.0), ("egress_2", 40_000.0)),  # GB of a month
    *(("egress_3", 100_000.0), ("egress_4", 0.0)),
)
GATEWAY = (("gateway", 300.0), ("gateway_above", 0.0))  # million requests of a month

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
    zones = math.ceil(book.get("zones"))
    left = rate / book.get("utilisation") / max(1, zones - 1)  # for each zone when one is lost
    for vcpu in PODS:
        able = _able(book, vcpu, streamed=streamed)
        number = zones * max(1, math.ceil(left / able))  # as many in each zone
        if number <= MANY:
            break
    return Pods(number, vcpu, able)


def _able(book: Book, vcpu: float, *, streamed: bool) -> float:
    """Return the requests a second that a pod with a worker for each vCPU can take."""
    rows, file = 1e6 / book.get("cpu_rows"), book.get("rate_file")
    worker = file * book.get("worker_streams") if streamed else rows
    together = book.get("worker_beside") if vcpu > 1 else 1.0
    return vcpu * worker * together * book.get("core")


def serving(book: Book, rate: float, *, streamed: bool | None = None) -> Lines:
    """Return what a month costs, line by line."""
    streamed = is_streamed(rate) if streamed is None else streamed
    made = pods(book, rate, streamed=streamed)
    return {
        "pods": _pods(book, made, streamed=streamed),
        "load balancer": _balancer(book, rate),
        "answers to the internet": _egress(book, rate),
        "database": database(book, rate * (book.get("sampled") if streamed else 1.0)),
        "log stream and objects": stream(book, rate) if streamed else 0.0,
        "between zones, endpoints": _network(book, rate, streamed=streamed),
        "metrics, alarms, own words": _watching(book, made),
        "secrets, keys, images": _small(book),
        "retraining": book.get("retrains") * machines.pipeline(book).cost,
    }


def _pods(book: Book, made: Pods, *, streamed: bool) -> float:
    vcpu = made.all_vcpu + (book.get("index") if streamed else 0.0)
    memory = vcpu * book.get("pod_memory")
    return HOURS * (book.cost("pod_vcpu", vcpu) + book.cost("pod_memory", memory))


def balancer_units(book: Book, rate: float) -> float:
    """Return the load balancer's units: one is 25 new connections a second, or 1 GB an hour."""
    gigabytes = rate * (book.get("request") + book.get("answer")) * 3600 / 1e9  # an hour
    return max(gigabytes, rate / book.get("reuse") / 25)


def _balancer(book: Book, rate: float) -> float:
    units = balancer_units(book, rate)
    return HOURS * (book.cost("balancer", 1) + book.cost("balancer_unit", units))


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


@dataclass(frozen=True)
class Pieces:
    """The records of the stream, each of them the packed rows that waited together in a pod."""

    number: float  # a second
    rows: float  # of one
    size: float  # bytes of one

    @property
    def written(self) -> float:
        """Return the bytes of a second."""
        return self.number * self.size

    @property
    def billed(self) -> float:
        """Return the bytes of a second that are paid for.

        Sizes vary with the hour, so that rounding up adds half a step in the mean.
        """
        return self.number * max(STEP, self.size + STEP / 2)


def pieces(book: Book, rate: float) -> Pieces:
    """Return the records that go to the stream at a mean rate."""
    calls = pods(book, rate, streamed=True).number * 1000 / book.get("flush")
    rows = max(1.0, rate / calls)
    return Pieces(rate / rows, rows, book.get("packed_base") + rows * book.get("packed"))


def stream(book: Book, rate: float) -> float:
    """Return what a log costs that goes as packed rows through a stream to objects."""
    found = pieces(book, rate)
    written = found.written * HOURS * 3600 / 1e9  # GB a month
    return (
        # Of the first tier, which no rate here leaves.
        book.cost("stream", found.billed * HOURS * 3600 / 1e9)
        + book.cost("endpoint_data", written)
        + _kept(book, written)
    )


def _kept(book: Book, gigabytes: float) -> float:
    """Return what it costs to keep objects of so many GB a month for as long as agreed."""
    number = gigabytes / book.get("object")
    return (
        book.cost("objects", gigabytes * book.get("keep_warm") / DAYS)
        + book.cost("objects_cold", gigabytes * book.get("keep_cold") / DAYS)
        + book.cost("objects_put", number)
        + book.cost("objects_cold_put", number)
    )


def second_region(book: Book, rate: float) -> float:
    """Return what copies of log and backups in another region, in another account, cost."""
    streamed = is_streamed(rate)
    rows = rate * (book.get("sampled") if streamed else 1.0)
    logged = million(rows) * book.get("wal") / 1000  # GB a month
    backups = rows_kept(book, rows) + book.get("database_extra")
    backups += logged * book.get("recovery") / DAYS
    found = book.cost("copied", logged) + book.cost("database_backup", backups)
    if streamed:
        written = pieces(book, rate).written * HOURS * 3600 / 1e9
        found += book.cost("copied", written) + book.cost("copied_soon", written)
        found += _kept(book, written)
    return found


def _network(book: Book, rate: float, *, streamed: bool) -> float:
    zones = book.get("zones")
    each = book.get("endpoints") + (1 if streamed else 0)  # the stream has one of its own
    ports = book.cost("endpoint", each * zones + book.get("endpoints_once")) * HOURS
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
