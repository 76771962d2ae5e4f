from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.http.exchange import HERE, Caller, Exchange, begin
from app.http.prometheus import Metrics
from tests.app.service import Service

# Two workers, one after the other, and a third that counts nothing and tells the sums.
WORKER = """
import sys
from app.http.exchange import HERE, begin
from app.http.prometheus import Metrics
metrics = Metrics()
for _ in range(int(sys.argv[1])):
    exchange = begin({"REQUEST_METHOD": "GET"})
    exchange.route, exchange.dataset, exchange.version = "/v1/{dataset}", "stones", 1
    exchange.predicted = 2
    metrics.count(exchange, 200)
    metrics.log_failed()
if sys.argv[1] == "0":
    sys.stdout.buffer.write(metrics.text(HERE)[0])
"""


def exchange(method: str, route: str, predicted: int = 0, version: int = 1) -> Exchange:
    made = begin({"REQUEST_METHOD": method})
    made.route, made.predicted, made.dataset, made.version = route, predicted, "stones", version
    return made


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float | None:
    return samples(text).get((f"lapidary_{name}", frozenset(labels.items())))


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    return Metrics()


def test_answers_are_counted_by_method_route_and_status(metrics: Metrics) -> None:
    for _ in range(3):
        metrics.count(exchange("GET", "/v1/datasets"), 200)
    metrics.count(exchange("GET", "/v1/datasets"), 401)
    metrics.count(exchange("POST", "/v1/{dataset}/predictions"), 200)
    text = metrics.text(HERE)[0].decode()
    counts = {
        (dict(labels)["method"], dict(labels)["route"], dict(labels)["status"]): number
        for (name, labels), number in samples(text).items()
        if name == "lapidary_request_seconds_count"
    }
    assert counts == {
        ("GET", "/v1/datasets", "200"): 3,
        ("GET", "/v1/datasets", "401"): 1,
        ("POST", "/v1/{dataset}/predictions", "200"): 1,
    }


def test_records_are_counted_by_version_and_only_when_they_were_answered(metrics: Metrics) -> None:
    metrics.count(exchange("POST", "/p", predicted=1), 200)
    metrics.count(exchange("POST", "/p", predicted=10), 200)
    metrics.count(exchange("POST", "/p", predicted=5, version=2), 200)
    metrics.count(exchange("POST", "/p", predicted=100), 503)
    text = metrics.text(HERE)[0].decode()
    assert value(text, "predictions_total", dataset="stones", version="1") == 11
    assert value(text, "predictions_total", dataset="stones", version="2") == 5


def test_a_dataset_that_a_caller_does_not_see_is_left_out(metrics: Metrics) -> None:
    metrics.count(exchange("POST", "/p", predicted=1), 200)
    for datasets, expected in (({"stones"}, 1), ({"debts"}, None)):
        caller = Caller("web", frozenset({"predict"}), frozenset(datasets))
        text = metrics.text(caller)[0].decode()
        assert value(text, "predictions_total", dataset="stones", version="1") == expected
        assert ("stones" in text) == (expected is not None)
        assert "lapidary_request_seconds_count" in text


def test_what_could_not_be_stored_is_counted(metrics: Metrics) -> None:
    assert value(metrics.text(HERE)[0].decode(), "log_failures_total") == 0
    metrics.log_failed()
    assert value(metrics.text(HERE)[0].decode(), "log_failures_total") == 1


def test_workers_are_summed(tmp_path: Path, root: Path) -> None:
    def work(times: int) -> str:
        return subprocess.run(
            [sys.executable, "-c", WORKER, str(times)],
            env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    work(2)
    work(3)
    text = work(0)
    assert value(text, "predictions_total", dataset="stones", version="1") == 10
    assert value(text, "log_failures_total") == 5
    labels = {"method": "GET", "route": "/v1/{dataset}", "status": "200"}
    assert value(text, "request_seconds_count", **labels) == 5


def test_the_api_counts_what_it_answers(service: Service) -> None:
    service.predict()
    service.predict(record=[service.ask("/v1/stones").json["example"]] * 3)
    service.predict("debts")
    service.predict("debts", {})
    for path in ("/nowhere", "/else/where"):
        service.ask(path)
    answer = service.ask("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    text = answer.text
    assert value(text, "predictions_total", dataset="stones", version="1") == 4
    assert value(text, "predictions_total", dataset="debts", version="1") == 1
    route = {"method": "POST", "route": "/v1/{dataset}/predictions"}
    assert value(text, "request_seconds_count", **route, status="200") == 3
    assert value(text, "request_seconds_count", **route, status="422") == 1
    none = {"method": "GET", "route": "(none)", "status": "404"}
    assert value(text, "request_seconds_count", **none) == 2, "no label for each odd path"
