from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.reporting import pictures
from src.reporting.changes import Changes
from src.reporting.drift import drift
from tests.reporting.made import changes, figures, model

FEATURES = {
    "carat": {"type": "number"},
    "cut": {"type": "category", "optional": True},
    "note": {"type": "text", "optional": True},
}
ORDER = ["Fair", "Good", "Ideal", "Never"]


def came(before: int = 400, count: int = 40, order: bool = False, **columns: Any) -> Changes:
    """Let rows come whose columns are these, to ones that were drawn; columns may be pairs."""
    draw = np.random.default_rng(3)
    parts = []
    for at, size in enumerate((before, count)):
        found = {
            "carat": draw.uniform(0, 1, size),
            "cut": draw.choice(ORDER[:3], size),
            "note": "word",
            "price": draw.uniform(0, 1, size),
        }
        told = {name: v[at] if isinstance(v, tuple) else v for name, v in columns.items()}
        parts.append(pd.DataFrame({**found, **{k: v for k, v in told.items() if v is not None}}))
    features = {name: dict(feature) for name, feature in FEATURES.items()}
    if order:
        features["cut"]["order"] = ORDER
    features |= {name: {"type": "number"} for name in columns if name not in found}
    one = changes(dataset={"features": features}, models=[])
    moved = drift(one.dataset, parts[0], pd.concat(parts))
    return changes(dataset={"features": features}, models=[], drift=moved)


@pytest.fixture
def specs(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return the charts that were drawn: what they show, in place of how they look."""
    found: list[dict[str, Any]] = []

    def keep(chart: Any) -> bytes:
        found.append(json.loads(chart.to_json()))
        return b""

    monkeypatch.setattr(pictures, "_png", keep)
    return found


def shown(specs: list[dict[str, Any]], name: str) -> dict[str, list[tuple[Any, float]]]:
    """Return the shares that a column's chart shows: those of before and those that came."""
    (chart,) = [one for one in specs if one["title"].startswith(f"{name}: ")]
    (data,) = chart["datasets"].values()
    found: dict[str, list[tuple[Any, float]]] = {}
    for row in data:
        found.setdefault(row["when"], []).append((row["value"], row["share"]))
    return found


def test_an_image_is_written_for_each_chart(tmp_path: Path) -> None:
    one = came(cut="Ideal")
    found = pictures.draw(changes(drift=one.drift, dataset={"features": FEATURES}), tmp_path)
    assert next(iter(found)) == "stones-1.png"
    assert len(found) == 5
    assert found["stones-1.png"] == "mae in cross-validation, before and now"
    assert {path.name for path in tmp_path.iterdir()} == set(found)
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 3000


def test_nothing_to_show_is_no_image(tmp_path: Path) -> None:
    assert pictures.draw(changes(models=[]), tmp_path) == {}
    first = changes(models=[model(before=None)])
    assert pictures.draw(first, tmp_path) == {}


def test_models_that_the_gate_refuses_would_hide_the_others(
    specs: list[dict[str, Any]], tmp_path: Path
) -> None:
    told = [
        model("linear"),
        model("new", before=None),
        model("dummy", refused="r2 0 is below 0.9"),
        model("other", before={"cv": {"rmse": {"mean": 1.0}}}),
        model("old", before={"test": {}}),
        model("older", before={"cv": {"mae": 254.5}}),
    ]
    pictures.draw(changes(models=told), tmp_path)
    (chart,) = specs
    (data,) = chart["datasets"].values()
    assert {(row["model"], row["when"]): row["value"] for row in data} == {
        ("linear", "before"): 250,
        ("linear", "now"): 240,
        ("new", "now"): 240,
        ("other", "now"): 240,
        ("old", "now"): 240,
        ("older", "now"): 240,
    }


def test_all_models_may_be_refused(tmp_path: Path) -> None:
    assert pictures.draw(changes(models=[model(refused="why")]), tmp_path) == {}


@pytest.mark.parametrize(
    "values", [1.0, 0.0, -1e300, (1.0, 2.0), (0.0, np.nan), (np.nan, 5.0), 1e-320]
)
def test_columns_of_one_value_are_drawn(
    specs: list[dict[str, Any]], tmp_path: Path, values: Any
) -> None:
    pictures.draw(came(carat=values), tmp_path)
    parts = shown(specs, "carat")
    for when, value in zip(
        ("before", "new"), values if isinstance(values, tuple) else (values,) * 2, strict=True
    ):
        assert sum(share for _, share in parts[when]) == pytest.approx(0 if value != value else 1)


def test_a_single_value_is_drawn_as_wide_as_one(
    specs: list[dict[str, Any]], tmp_path: Path
) -> None:
    pictures.draw(came(carat=5.0), tmp_path)
    values = [value for value, _ in shown(specs, "carat")["new"]]
    assert (values[0], values[-1]) == (5, 6)


def test_a_column_without_any_value_is_drawn(specs: list[dict[str, Any]], tmp_path: Path) -> None:
    nothing = pd.Series([None] * 400, dtype=object)
    pictures.draw(came(carat=np.nan, cut=(nothing, nothing[:40]), note=""), tmp_path)
    assert all(share == 0 for part in shown(specs, "carat").values() for _, share in part)
    assert shown(specs, "cut") == {"before": [("(missing)", 1)], "new": [("(missing)", 1)]}
    assert sum(share for _, share in shown(specs, "note")["new"]) == 1


def test_few_rows_far_away_are_within_the_chart(
    specs: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Forty rows of ten thousand are fewer than the hundredth that is cut off."""
    pictures.draw(came(before=9960, carat=(None, np.linspace(50, 60, 40))), tmp_path)
    parts = shown(specs, "carat")
    assert sum(share for _, share in parts["new"]) > 0.9
    assert sum(share for _, share in parts["before"]) > 0.9


def test_one_wild_value_does_not_flatten_the_rest(
    specs: list[dict[str, Any]], tmp_path: Path
) -> None:
    wild = np.r_[1e9, np.linspace(0, 1, 399)]
    pictures.draw(came(carat=(wild, np.linspace(0, 1, 40))), tmp_path)
    assert max(value for value, _ in shown(specs, "carat")["before"]) < 2


def test_what_is_missing_takes_its_share(specs: list[dict[str, Any]], tmp_path: Path) -> None:
    gaps = np.where(np.arange(40) % 4 == 0, np.nan, 0.5)
    kinds = [None, "Good"] * 20
    pictures.draw(came(carat=(None, gaps), cut=(None, kinds)), tmp_path)
    assert sum(share for _, share in shown(specs, "carat")["new"]) == pytest.approx(0.75)
    assert dict(shown(specs, "cut")["new"])["(missing)"] == 0.5
    assert dict(shown(specs, "cut")["before"])["(missing)"] == 0


def test_a_category_of_many_values_shows_the_commonest(
    specs: list[dict[str, Any]], tmp_path: Path
) -> None:
    names = [f"place {at}" for at in range(500)]
    pictures.draw(came(before=1500, cut=(names * 3, ["new"] * 40)), tmp_path)
    parts = shown(specs, "cut")
    assert len(parts["before"]) == len(parts["new"]) == pictures.COMMONEST
    assert parts["new"][0] == ("new", 1)
    assert parts["before"][0] == ("new", 0)


def test_values_stand_in_the_order_of_the_yaml(specs: list[dict[str, Any]], tmp_path: Path) -> None:
    few = ["Ideal"] * 35 + ["Fair"] * 5
    pictures.draw(came(order=True, cut=(None, few)), tmp_path)
    assert [value for value, _ in shown(specs, "cut")["new"]] == ["Fair", "Good", "Ideal"]


def test_texts_are_drawn_by_their_length(specs: list[dict[str, Any]], tmp_path: Path) -> None:
    lengths = ["x" * at for at in range(40)]
    gaps = [None if at % 2 else "abc" for at in range(400)]
    pictures.draw(came(note=(gaps, lengths)), tmp_path)
    parts = shown(specs, "note")
    assert max(value for value, _ in parts["new"]) > 30
    assert sum(share for _, share in parts["before"]) == pytest.approx(0.5)


def test_a_class_that_is_predicted_is_drawn_as_one(
    specs: list[dict[str, Any]], tmp_path: Path
) -> None:
    classes = {
        "task": "multiclass",
        "metric": "accuracy",
        "target": {"name": "price"},
        "features": {"carat": {"type": "number"}},
    }
    before = pd.DataFrame({"carat": 1.0, "price": ["low", "high"] * 30})
    fresh = pd.concat([before, pd.DataFrame({"carat": 1.0, "price": ["top"] * 30})])
    one = changes(dataset=classes, models=[])
    moved = drift(one.dataset, before, fresh)
    pictures.draw(changes(dataset=classes, models=[], drift=moved), tmp_path)
    assert dict(shown(specs, "price")["new"]) == {"low": 0, "high": 0, "top": 1}


def test_names_of_columns_are_no_names_of_files(tmp_path: Path) -> None:
    name = "a/b c.d: [x] \\ 'q' \"r\" ü"
    one = came(before=60, **{name: (0.5, 9.5)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pictures.draw(one, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(found)
    assert set(found) == {f"stones-{at}.png" for at in range(1, len(found) + 1)}
    assert found["stones-1.png"] == f"{name}: new rows and previous ones"


def test_only_what_moved_furthest_is_drawn(specs: list[dict[str, Any]], tmp_path: Path) -> None:
    wide = {f"n{at}": (1.0, 1.0 + at) for at in range(9)}
    found = pictures.draw(came(**wide), tmp_path)
    assert len(found) == pictures.MOST


def test_figures_of_one_model_that_did_not_change(tmp_path: Path) -> None:
    same = model(before=figures(5.0), now=figures(5.0))
    assert len(pictures.draw(changes(models=[same]), tmp_path)) == 1
