"""One version over HTTP, and two of them side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.auth import keys
from app.registry.activity import RecentActivity
from app.registry.datasets.dataset_resources import DatasetDescription, DatasetList, VersionList
from app.registry.datasets.description import VersionDetails
from app.registry.resources import VersionComparison
from src.config import paths
from src.inference import held_out
from tests.app import project
from tests.app.labels import truths
from tests.app.service import Service, assert_refused


def version(service: Service, dataset: str = "stones", number: int = 1) -> dict[str, Any]:
    answer = service.ask(f"/v1/{dataset}/models/{number}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json
    return told


def compared(service: Service, dataset: str = "stones", pair: str = "1/compare/2") -> Any:
    answer = service.ask(f"/v1/{dataset}/models/{pair}")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_version_tells_where_it_is_wrong(service: Service) -> None:
    told = version(service)
    listed = service.ask("/v1/stones/models").json["versions"][-1]
    assert listed["version"] == 1
    assert {key: told[key] for key in listed} == listed
    kept = told["held_out"]
    assert kept["total"] == len(kept["points"]) == told["metrics"]["rows"]["test"]
    missed = [abs(actual - predicted) for actual, predicted in kept["points"]]
    assert sum(missed) / len(missed) == pytest.approx(told["metrics"]["test"]["mae"], rel=1e-4)
    worst = kept["worst"][0]
    assert worst["cost"] == pytest.approx(max(missed), rel=1e-4)
    assert service.predict(record=worst["record"]).json["price"] == pytest.approx(
        worst["predicted"], rel=1e-4
    )
    assert told["configuration"]["model"]["name"] == "linear"
    assert told["interval"]["promised"] == 0.9
    assert told["findings"] == []
    assert "confusion" not in told


def test_a_version_names_the_truths_to_check(service: Service) -> None:
    told = version(service)["suspects"]
    assert told["total"] == version(service)["metrics"]["rows"]["train"]
    doubted = version(service, "notes")["suspects"]
    assert all(one["actual"] != one["predicted"] for one in doubted["rows"])
    page = service.ask("/datasets/notes/history/1", headers={"Accept": "text/html"}).text
    assert "Truths to check" in page
    for one in doubted["rows"][:20]:
        assert f'<td class="number">{one["row"]}</td>' in page


def test_a_version_of_classes_tells_the_confusion_too(service: Service) -> None:
    told = version(service, "debts")
    confusion = told["confusion"]
    words = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    assert sum(confusion[word] for word in words) == told["metrics"]["rows"]["test"]
    wrong = [one for one in told["held_out"]["points"] if one[0] != one[1]]
    assert len(wrong) == confusion["false_positives"] + confusion["false_negatives"]
    assert all(one["actual"] != one["predicted"] for one in told["held_out"]["worst"])
    assert set(version(service, "notes")["confusion"]["by_class"]) == set(project.ROOMS)


def test_a_bundle_of_before_serves_and_says_that_nobody_looked(
    home: Path, make_service: Any
) -> None:
    def old(manifest: Any) -> None:
        del manifest["findings"], manifest["data"]["findings"]

    for model in project.MODELS["stones"]:
        project.retell(paths.BUNDLES / "stones" / model, "manifest.json", old)
    service = make_service()
    assert version(service)["findings"] is None
    assert service.ask("/v1/stones").json["findings"] is None
    assert service.predict().status_code == 200
    page = service.ask("/datasets/stones/history/1", headers={"Accept": "text/html"})
    assert "Nobody looked for leaks" in page.text


def test_a_bundle_of_before_says_that_nothing_was_kept(home: Path, make_service: Any) -> None:
    for model in project.MODELS["stones"]:
        path = paths.BUNDLES / "stones" / model
        (path / held_out.NAME).unlink()
        project.retell(path, "manifest.json", lambda told: told["files"].pop(held_out.NAME))
    service = make_service()
    assert version(service)["held_out"] is None
    rows = compared(service)["rows"]
    assert rows["compared"] == 20, "the golden ones"
    assert rows["most"] == [], "they are compared, and not shown"


def test_a_damaged_file_is_409(service: Service) -> None:
    for path in service.settings.folder().glob(f"versions/stones/*/{held_out.NAME}"):
        project.damage(path)
    assert_refused(service.ask("/v1/stones/models/1"), 409, "damaged")
    assert_refused(service.ask("/v1/stones/models/1/compare/2"), 409, "damaged")


def test_two_versions_answer_the_same_rows(service: Service) -> None:
    told = compared(service)
    assert [one["version"] for one in told["versions"]] == [1, 2]
    keys_of = {one["key"]: (one["a"], one["b"]) for one in told["configuration"]}
    assert keys_of["model.name"] == ("linear", "xgboost")
    assert keys_of["model.params.n_estimators"] == (None, 5)
    assert "dataset.name" not in keys_of, "what is alike is not told"
    assert "model.estimator.regression._target_" in keys_of
    figures = {(one["part"], one["name"]): one for one in told["metrics"]}
    for part, name in (("test", "mae"), ("cv", "mae"), ("test", "r2")):
        assert figures[part, name]["better"] == "a", "the trees are few"
    rows = told["rows"]
    assert (rows["of"], rows["left_out"]) == (2, 0)
    assert rows["compared"] == len(rows["points"]) == version(service)["held_out"]["total"]
    gaps = [one["difference"] for one in rows["most"]]
    assert len(gaps) == 20
    assert gaps == sorted(gaps, reverse=True)
    most = rows["most"][0]
    for side, number in (("a", 1), ("b", 2)):
        answer = service.predict(record=most["record"], params={"version": number}).json
        assert answer["price"] == pytest.approx(most[side]["value"], rel=1e-4)
    assert most["difference"] == pytest.approx(max(abs(a - b) for a, b, _ in rows["points"]))
    turned = compared(service, pair="2/compare/1")
    assert turned["rows"]["most"][0]["a"] == most["b"]
    assert {one["better"] for one in turned["metrics"]} == {"b"}


@pytest.mark.parametrize("dataset", ["debts", "notes"])
def test_two_versions_of_classes_answer_the_same_rows(service: Service, dataset: str) -> None:
    rows = compared(service, dataset)["rows"]
    most = rows["most"][0]
    path, target = f"/v1/{dataset}/predictions", project.TARGETS[dataset]
    answers = [
        service.post(path, most["record"], params={"version": number}).json for number in (1, 2)
    ]
    for side, answer in zip("ab", answers, strict=True):
        assert most[side]["value"] == str(answer[target])
        assert most[side]["probability"] == pytest.approx(answer["probability"], rel=1e-4)
    chances = [answer["probabilities"] for answer in answers]
    apart = sum(abs(chances[0][name] - chances[1][name]) for name in chances[0]) / 2
    assert most["difference"] == pytest.approx(apart, rel=1e-4)
    assert ("points" in rows) == (dataset == "debts")
    assert 0 < rows["agree"] <= rows["compared"]


def test_a_version_is_compared_with_itself_and_differs_in_nothing(service: Service) -> None:
    told = compared(service, pair="1/compare/1")
    assert told["configuration"] == []
    assert {one["better"] for one in told["metrics"]} == {None}
    assert told["rows"]["most"] == []
    assert told["rows"]["agree"] == told["rows"]["compared"] > 0


def test_a_version_that_fails_the_gate_is_looked_at_all_the_same(service: Service) -> None:
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    service.look()
    gate = version(service, number=2)["gate"]
    assert gate == {"passed": False, "missed": ["mae 1985.08 is above 500"], "overridden": False}
    assert compared(service)["rows"]["compared"] > 0


@pytest.mark.parametrize("number", ["9", "x", "0", "-1", "99999999999"])
def test_what_is_no_version_is_404_with_those_there_are(service: Service, number: str) -> None:
    for path in (number, f"{number}/compare/1", f"1/compare/{number}"):
        document = assert_refused(service.ask(f"/v1/stones/models/{path}"), 404, "no such version")
        assert document["allowed"] == ["2", "1"]
    assert_refused(service.ask("/v1/stoens/models/1"), 404, "did you mean 'stones'?")
    assert_refused(service.ask("/v1/ghosts/models/1"), 404)


def test_they_need_the_scope_predict(service: Service) -> None:
    words = {
        scope: {"headers": {"Authorization": f"Bearer {key}"}}
        for scope in ("predict", "train")
        for key in [keys.create(service.database, scope, [scope])]
    }
    service.look()
    for path in ("models/1", "models/1/compare/2"):
        assert service.ask(f"/v1/stones/{path}", **words["predict"]).status_code == 200
        assert_refused(service.ask(f"/v1/stones/{path}", **words["train"]), 403, "predict")


def test_what_is_kept_elsewhere_is_not_kept_in_the_log_again(service: Service) -> None:
    version(service)
    compared(service)
    rows = [row for row in service.rows() if "/models/" in row["path"]]
    assert [row["response_body"] for row in rows] == [None, None]
    assert rows[0]["version"] == 1


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("datasets", DatasetList),
        ("activity", RecentActivity),
        ("{dataset}", DatasetDescription),
        ("{dataset}/models", VersionList),
        ("{dataset}/models/1", VersionDetails),
        ("{dataset}/models/1/compare/2", VersionComparison),
    ],
)
def test_what_is_answered_is_described_in_full(service: Service, path: str, kind: Any) -> None:
    for dataset in project.MODELS:
        answer = service.ask(f"/v1/{path.format(dataset=dataset)}")
        document = msgspec.json.decode(answer.content, type=kind)
        assert msgspec.to_builtins(document) == answer.json
