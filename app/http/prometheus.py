"""Metrics for Prometheus, summed over all workers.

Each of several workers counts in a file of its own; gunicorn.conf.py sets their folder in
PROMETHEUS_MULTIPROC_DIR before the library is imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from app.http.exchange import Caller, Exchange

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})
FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class Gauges(Protocol):
    """Figures that are not counted but looked at."""

    def collect(self) -> Iterable[Metric]:
        """Yield every figure as it is now."""


class Metrics:
    """Count events in this worker, and return the sums over all workers."""

    def __init__(self) -> None:
        self._gauges: list[Gauges] = []
        registry = None if FOLDER in os.environ else CollectorRegistry()
        self._registry = registry
        self._latency = Histogram(
            "lapidary_request_seconds",
            "Requests by method, route and status, and how long they took.",
            ["method", "route", "status"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._predictions = Counter(
            "lapidary_predictions",
            "Records predicted, by dataset and version.",
            ["dataset", "version"],
            registry=registry,
        )
        self._log_failures = Counter(
            "lapidary_log_failures",
            "Answers that were withheld because they could not be stored.",
            registry=registry,
        )
        self._unlogged = Counter(
            "lapidary_unlogged_requests",
            "Requests without a valid key that were counted and not logged, by status.",
            ["status"],
            registry=registry,
        )
        # The library looks a labelled child up in a fifth of the time of an answer.
        self._latencies: dict[tuple[str, str, int], Histogram] = {}
        self._versions: dict[tuple[str, int], Counter] = {}

    def count(self, exchange: Exchange, status: int) -> None:
        """Count an answer."""
        method = exchange.environ["REQUEST_METHOD"]
        key = (method if method in METHODS else "other", exchange.route, status)
        child = self._latencies.get(key)
        if child is None:
            child = self._latencies[key] = self._latency.labels(*key)
        child.observe(exchange.milliseconds() / 1000)
        if exchange.predicted and status < 400:
            self._count_predictions(exchange)

    def _count_predictions(self, exchange: Exchange) -> None:
        assert exchange.dataset is not None
        assert exchange.version is not None
        key = (exchange.dataset, exchange.version)
        child = self._versions.get(key)
        if child is None:
            child = self._versions[key] = self._predictions.labels(*key)
        child.inc(exchange.predicted)

    def log_failed(self) -> None:
        """Count an answer that could not be stored."""
        self._log_failures.inc()

    def count_unlogged(self, status: int) -> None:
        """Count an answer that is not in the log."""
        self._unlogged.labels(status).inc()

    def know(self, gauges: Gauges) -> None:
        """Take what is looked at anew each time, and is the same in all workers."""
        self._gauges.append(gauges)

    def text(self, caller: Caller) -> tuple[bytes, str]:
        """Return the metrics of all workers that a caller may see, and their media type."""
        registry = self._registry
        if registry is None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        collected = _Visible([registry, *self._gauges], caller)
        return generate_latest(collected), CONTENT_TYPE_LATEST


class _Visible(CollectorRegistry):
    """The samples that a caller sees.

    Who sees some datasets alone sees nothing of others, and of keys nothing but the own one.
    """

    def __init__(self, sources: Iterable[Gauges], caller: Caller) -> None:
        super().__init__()
        self._sources = sources
        self._caller = caller

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        for source in self._sources:
            for metric in source.collect():
                metric.samples = [one for one in metric.samples if self._shows(one.labels)]
                yield metric

    def _shows(self, labels: Mapping[str, str]) -> bool:
        caller = self._caller
        if caller.datasets is not None and labels.get("key", caller.name) != caller.name:
            return False
        return "dataset" not in labels or caller.sees(labels["dataset"])
