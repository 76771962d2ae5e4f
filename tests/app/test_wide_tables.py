"""A table of 300 features, from its rows to its pages."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.dashboard.explore import SHOWN
from app.settings import Settings
from src import champion, compose, prepare, profile
from src.card import importance
from src.config import paths
from src.runs import training
from tests.app import project
from tests.app.service import Service

COLUMNS, ROWS = 300, 120
LEVELS = ["low", "middle", "high"]
BROWSER = {"Accept": "text/html"}


def feature(at: int) -> dict[str, Any]:
    """Return the kind of a column: mostly numbers, some with gaps, some categories."""
    if at % 10 == 7:
        return {"type": "category", "order": LEVELS}
    return {"type": "number", "optional": at % 10 == 3}


def cell(at: int, is_good: bool, numbers: random.Random) -> Any:
    if at % 10 == 7:
        return numbers.choice(LEVELS)
    if at % 10 == 3 and numbers.random() < 0.1:
        return ""
    return round(numbers.gauss(2.0 if is_good and at % 100 == 40 else 0.0, 1), 2)


FEATURES = {f"w{at:03}": feature(at) for at in range(COLUMNS)}
WIDE = {
    "name": "waves",
    "task": "binary",
    "source": "data/waves.csv",
    "target": {"name": "good", "values": ["no", "yes"], "positive": "yes"},
    "features": FEATURES,
    "metric": "roc_auc",
}


@pytest.fixture
def waves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a project that has such a table and a model of it."""
    project.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    project.dump(tmp_path / "conf/dataset/waves.yaml", WIDE)
    numbers = random.Random(5)
    lines = [",".join([*FEATURES, "good"])]
    for row in range(ROWS):
        cells = [str(cell(at, row % 2 == 0, numbers)) for at in range(COLUMNS)]
        lines.append(",".join([*cells, ["yes", "no"][row % 2]]))
    (tmp_path / "data/waves.csv").write_text("\n".join(lines) + "\n")
    params = yaml.safe_load((tmp_path / "params.yaml").read_text())
    run = {"dataset": "waves", "model": "logistic", "plot": "confusion"}
    params |= {"dataset": "waves", "datasets": ["waves"], "runs": {"waves-logistic": run}}
    project.dump(tmp_path / "params.yaml", params)
    compose.compose()
    prepare.prepare("waves")
    profile.describe("waves")
    training.tracked("waves-logistic")
    champion.crown()
    return tmp_path


@pytest.mark.slow
def test_a_table_of_very_many_features_is_trained_explored_and_served(
    waves: Path, tmp_path: Path
) -> None:
    settings = Settings(var=str(tmp_path / "var"), wait=0.3, disk_floor=0.0)
    with closing(Service(settings)) as service:
        text = service.ask("/datasets/waves", headers=BROWSER).text
        assert f"Features 1 to {SHOWN} of {COLUMNS}" in text
        assert text.count('class="chart"') == 1 + 2 * SHOWN
        assert "w299" in service.ask("/datasets/waves?search=w299", headers=BROWSER).text

        card = service.ask("/v1/waves/models/1/card").json
        causes = card["importance"]["causes"]
        assert len(causes) == importance.MOST
        assert card["importance"]["left_out"] == COLUMNS - importance.MOST
        assert {"w040", "w140", "w240"} <= {one["name"] for one in causes}
        page = service.ask("/datasets/waves/history/1/card", headers=BROWSER)
        assert f"{COLUMNS - importance.MOST} more, whose columns correlate less" in page.text
        markdown = paths.BUNDLES / "waves" / "logistic" / "card.md"
        assert f"{COLUMNS - importance.MOST} more" in markdown.read_text(encoding="utf-8")

        example = service.ask("/v1/waves").json["example"]
        answers = [
            service.post("/v1/waves/predictions", {**example, "w040": value}).json
            for value in (-2.0, 2.0)
        ]
        low, high = (one["probabilities"]["yes"] for one in answers)
        assert low < high
        form = service.ask("/datasets/waves/predict", headers=BROWSER).text
        assert form.count("w299") >= 1
        assert service.ask("/openapi.json").status_code == 200
