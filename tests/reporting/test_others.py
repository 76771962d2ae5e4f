from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from src.reporting.others import others
from tests.reporting.before import Before, entry


def lock(**stages: dict[str, Any]) -> str:
    return yaml.safe_dump({"schema": "2.0", "stages": stages})


def stage(md5: str = "a", bundles: str = "x", **changes: Any) -> dict[str, Any]:
    deps = [{"path": "conf", "md5": md5}, {"path": "artifacts/bundles", "md5": bundles}]
    return {"cmd": "python", "deps": deps, "outs": [{"path": "o", "md5": bundles}], **changes}


class Locked(Before):
    """A commit with this dvc.lock."""

    def __init__(self, text: str | None, **champions: Any) -> None:
        super().__init__({"metrics/champions.json": champions})
        self._lock = text

    def text(self, path: Path) -> str | None:
        assert path == Path("dvc.lock")
        return self._lock


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dvc.lock").write_text(lock(train=stage(), champion=stage()))


def test_the_same_inputs_are_no_news() -> None:
    same = lock(train=stage(), champion=stage(bundles="made at another time"))
    assert others(Locked(same, stones=entry()), ["stones"]) == []


@pytest.mark.parametrize(
    "before", [stage("b"), stage(cmd="other"), stage(params={"params.yaml": {"seed": 1}})]
)
def test_a_stage_of_other_inputs_is_named(before: dict[str, Any]) -> None:
    found = others(Locked(lock(train=before, champion=stage())), [])
    assert found == ["the configuration, code or data of train changed"]


def test_a_stage_that_is_new_is_named() -> None:
    (said,) = others(Locked(lock(champion=stage())), [])
    assert said.endswith("train changed")


def test_a_dataset_that_is_tracked_no_more_is_named() -> None:
    same = lock(train=stage(), champion=stage())
    earlier = Locked(same, stones=entry(), gems=entry(None))
    assert others(earlier, ["stones"]) == ["gems is no longer tracked"]


@pytest.mark.parametrize("text", [None, "", "<<<<<<< half merged: [", "one"])
def test_without_an_earlier_lock_nothing_is_known(text: str | None) -> None:
    assert others(Locked(text), []) == []
