from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.schema import Dataset
from src.inference import similar
from src.inference.similar import Found, Similar
from src.support.errors import UserError
from src.support.structs import convert

Make = Callable[..., Dataset]
FEATURES: dict[str, Any] = {
    "carat": {"type": "number"},
    "facets": {"type": "integer", "optional": True},
    "cut": {"type": "category", "order": ["Fair", "Good", "Ideal"], "optional": True},
    "town": {"type": "category", "optional": True},
    "note": {"type": "text"},
}
ROWS = pd.DataFrame(
    {
        "carat": [1.0, 2.0, 1.5, 1.0, 3.0, 1.25],
        "facets": [7.0, np.nan, 1.0, 2.0, 3.0, 4.0],
        "cut": ["Good", "Good", "Ideal", "Good", None, "Good"],
        "town": ["Bonn", None, "Bonn", "Köln", "Bonn", "Bonn"],
        "note": ["a", "b", "c", "d", "e", "f"],
        "price": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0],
    },
    index=[5, 9, 11, 2, 3, 4],
)


def dataset(**changes: Any) -> Dataset:
    values = {
        "name": "stones",
        "task": "regression",
        "source": "stones.csv",
        "target": {"name": "price"},
        "metric": "mae",
        "features": FEATURES,
        "similar": {"same": ["cut"], "nearest": "carat"},
    }
    return convert({**values, **changes}, Dataset)


def loaded(rows: pd.DataFrame, described: Dataset, folder: Path) -> Similar:
    return Similar.load(folder, written(rows, described, folder))


def written(rows: pd.DataFrame, described: Dataset, folder: Path) -> dict[str, Any]:
    hashes = {}
    for name, data in similar.build(rows, described).items():
        (folder / name).write_bytes(data)
        hashes[name] = hashlib.sha256(data).hexdigest()
    return {"files": hashes}


def targets(found: Found) -> list[Any]:
    return [item["target"] for item in found.items]


def test_the_nearest_come_first_and_equal_ones_as_in_training(tmp_path: Path) -> None:
    found = loaded(ROWS, dataset(), tmp_path).find({"cut": "Good", "carat": 1.0}, 10)
    assert targets(found) == [10.0, 40.0, 60.0, 20.0]
    assert [item["distance"] for item in found.items] == [0.0, 0.0, 0.25, 1.0]
    assert found.available == 4


def test_an_item_holds_the_rows_features_but_its_texts(tmp_path: Path) -> None:
    found = loaded(ROWS, dataset(), tmp_path).find({"cut": "Good", "carat": 2.5}, 2)
    assert found.items == [
        {
            "features": {"carat": 2.0, "facets": None, "cut": "Good", "town": None},
            "target": 20.0,
            "distance": 0.5,
        },
        {
            "features": {"carat": 1.25, "facets": 4, "cut": "Good", "town": "Bonn"},
            "target": 60.0,
            "distance": 1.25,
        },
    ]
    values = [*found.items[1]["features"].values(), found.items[1]["distance"]]
    assert [type(value) for value in values] == [float, int, str, str, float]
    json.dumps(found.items)


@pytest.mark.parametrize(("n", "count"), [(1, 1), (4, 4), (5, 4), (100, 4)])
def test_there_are_no_more_than_asked_for_nor_than_there_are(
    tmp_path: Path, n: int, count: int
) -> None:
    found = loaded(ROWS, dataset(), tmp_path).find({"cut": "Good", "carat": 9}, n)
    assert (len(found.items), found.available) == (count, 4)


@pytest.mark.parametrize("cut", ["Fair", "unknown"])
def test_nothing_is_like_what_was_never_seen(tmp_path: Path, cut: str) -> None:
    assert loaded(ROWS, dataset(), tmp_path).find({"cut": cut, "carat": 1}, 5) == Found([], 0)


def test_what_is_missing_is_a_value_to_be_equal_in(tmp_path: Path) -> None:
    assert targets(loaded(ROWS, dataset(), tmp_path).find({"cut": None, "carat": 1}, 5)) == [50.0]


def test_without_columns_to_be_equal_in_all_rows_are_looked_at(tmp_path: Path) -> None:
    found = loaded(ROWS, dataset(similar={"nearest": "carat"}), tmp_path).find({"carat": 1.25}, 4)
    assert targets(found) == [60.0, 10.0, 30.0, 40.0]
    assert found.available == 6


def test_rows_without_what_to_be_near_in_are_left_out(tmp_path: Path) -> None:
    described = dataset(similar={"same": ["town"], "nearest": "facets"})
    lookup = loaded(ROWS, described, tmp_path)
    assert lookup.find({"town": None, "facets": 1}, 5) == Found([], 0)
    assert targets(lookup.find({"town": "Bonn", "facets": 2}, 5)) == [30.0, 50.0, 60.0, 10.0]
    assert lookup.find({"town": "Bonn", "facets": None}, 5) == Found([], 4)


def test_no_rows_at_all_are_no_rows(tmp_path: Path) -> None:
    nothing = ROWS.assign(facets=np.nan)
    lookup = loaded(nothing, dataset(similar={"nearest": "facets"}), tmp_path)
    assert lookup.find({"facets": 1.0}, 5) == Found([], 0)


def test_near_may_be_a_rank(tmp_path: Path) -> None:
    described = dataset(similar={"same": ["town"], "nearest": "cut"})
    lookup = loaded(ROWS, described, tmp_path)
    found = lookup.find({"town": "Bonn", "cut": "Fair"}, 5)
    assert targets(found) == [10.0, 60.0, 30.0]
    assert [item["distance"] for item in found.items] == [1.0, 1.0, 2.0]
    assert lookup.find({"town": "Bonn", "cut": None}, 5) == Found([], 3)


@pytest.mark.parametrize(
    ("same", "values", "expected"),
    [
        (["cut", "town"], {"cut": "Good", "town": "Bonn"}, [10.0, 60.0]),
        (["town", "cut"], {"cut": "Good", "town": None}, [20.0]),
        (["facets"], {"facets": 7}, [10.0]),
        (["facets", "cut"], {"facets": None, "cut": "Good"}, [20.0]),
        (["note"], {"note": "c"}, [30.0]),
    ],
)
def test_any_columns_may_have_to_be_equal(
    tmp_path: Path, same: list[str], values: dict[str, Any], expected: list[float]
) -> None:
    lookup = loaded(ROWS, dataset(similar={"same": same, "nearest": "carat"}), tmp_path)
    assert targets(lookup.find({**values, "carat": 1.0}, 9)) == expected


def test_a_class_is_told_by_its_name(tmp_path: Path) -> None:
    rows = ROWS.assign(price=["yes", "no", "no", "yes", "no", "no"])
    described = dataset(task="binary", metric="f1")
    found = loaded(rows, described, tmp_path).find({"cut": "Good", "carat": 1.0}, 3)
    assert targets(found) == ["yes", "yes", "no"]


def test_a_distance_is_written_without_the_noise_of_its_sum(tmp_path: Path) -> None:
    found = loaded(ROWS, dataset(), tmp_path).find({"cut": "Good", "carat": 0.9}, 1)
    assert found.items[0]["distance"] == 0.1
    assert 1.0 - 0.9 != 0.1


def test_a_dataset_that_describes_no_look_up_has_no_files() -> None:
    assert similar.build(ROWS, dataset(similar=None)) == {}


def test_the_same_rows_give_the_same_bytes() -> None:
    one, again = (similar.build(ROWS.copy(), dataset()) for _ in range(2))
    assert one == again
    assert list(one) == ["similar.json", "similar_keys.npy", "similar_rows.npy"]
    strings = ROWS.astype({"cut": "str", "town": "str"})
    assert similar.build(strings, dataset()) == one


def test_the_rows_given_are_left_as_they_were() -> None:
    before = ROWS.copy()
    similar.build(ROWS, dataset())
    pd.testing.assert_frame_equal(ROWS, before)


@pytest.mark.parametrize("name", ["similar.json", "similar_keys.npy", "similar_rows.npy"])
@pytest.mark.parametrize("harm", ["change", "remove", "unnamed"])
def test_a_file_that_is_not_the_manifests_is_not_loaded(
    tmp_path: Path, name: str, harm: str
) -> None:
    manifest = written(ROWS, dataset(), tmp_path)
    if harm == "change":
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif harm == "remove":
        (tmp_path / name).unlink()
    else:
        del manifest["files"][name]
    with pytest.raises(UserError, match=name):
        Similar.load(tmp_path, manifest)


def test_the_arrays_are_mapped_and_not_read(tmp_path: Path) -> None:
    lookup = loaded(ROWS, dataset(), tmp_path)
    for array in (lookup._keys, lookup._rows):
        assert isinstance(array.base, np.memmap)
        assert not array.flags.writeable


def test_a_look_up_needs_no_pandas(root: Path) -> None:
    code = "import sys, src.inference.similar; print('pandas' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


CARATS = st.integers(-8, 8).map(lambda quarters: quarters / 4)  # sums are exact, ties abound
CUTS = st.sampled_from(["Fair", "Ideal", None])


@given(
    st.lists(st.tuples(CARATS, CUTS), min_size=1, max_size=40),
    CARATS | st.sampled_from([-100.0, 0.1, 100.0]),
    CUTS,
    st.integers(1, 45),
)
def test_it_finds_what_a_scan_of_all_rows_finds(
    pairs: list[tuple[float, str | None]], carat: float, cut: str | None, n: int
) -> None:
    rows = pd.DataFrame(pairs, columns=["carat", "cut"]).astype({"cut": object})
    rows = rows.assign(facets=1.0, town="Bonn", note="", price=np.arange(len(rows), dtype=float))
    with tempfile.TemporaryDirectory() as folder:
        found = loaded(rows, dataset(), Path(folder)).find({"cut": cut, "carat": carat}, n)
    equal = [at for at, pair in enumerate(pairs) if pair[1] == cut]
    expected = sorted(equal, key=lambda at: abs(pairs[at][0] - carat))  # stable
    assert targets(found) == expected[:n]
    distances = [abs(pairs[at][0] - carat) for at in expected[:n]]
    assert [item["distance"] for item in found.items] == pytest.approx(distances, rel=1e-11)
    assert found.available == len(equal)


def test_of_many_equal_rows_the_earliest_are_found(tmp_path: Path) -> None:
    """Left and right of what is asked for stand more equal rows than are wanted."""
    carat = np.tile([0.0, 1.0, 2.0], 1000)
    rows = pd.DataFrame({"carat": carat, "price": np.arange(3000.0)})
    described = dataset(features={"carat": FEATURES["carat"]}, similar={"nearest": "carat"})
    lookup = loaded(rows, described, tmp_path)
    assert targets(lookup.find({"carat": 3.0}, 3)) == [2.0, 5.0, 8.0]
    assert targets(lookup.find({"carat": 1.5}, 5)) == [1.0, 2.0, 4.0, 5.0, 7.0]
    assert targets(lookup.find({"carat": -1.0}, 3)) == [0.0, 3.0, 6.0]
