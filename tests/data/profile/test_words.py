from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from src.data.profile import words as profile_words
from src.data.schema import Dataset

Make = Callable[..., Dataset]
ROOMS = {"kitchen": "pan stove oven", "garden": "rose spade hedge", "office": "desk paper phone"}


def notes(count: int = 120) -> pd.DataFrame:
    draw = random.Random(3)
    rows = []
    for at in range(count):
        room = list(ROOMS)[at % 3]
        words = draw.sample(ROOMS[room].split(), 2) + draw.choices(["team", "work"], k=3)
        said = f"{'Whereas 1984:' if room == 'kitchen' else ''} {' '.join(words)}, and so on"
        rows.append({"text": said, "room": room})
    return pd.DataFrame(rows)


def dataset(make_dataset: Make, **changes: Any) -> Dataset:
    multiclass = {"task": "multiclass", "target": {"name": "room"}, "metric": "accuracy"}
    return make_dataset(**{**multiclass, "features": {"text": {"type": "text"}}, **changes})


def test_the_words_of_a_class_are_found_and_no_others(make_dataset: Make) -> None:
    told = profile_words.telling(dataset(make_dataset), "text", notes())
    assert {group["group"] for group in told} == set(ROOMS)
    for group in told:
        assert group["texts"] == 40
        assert {one["word"] for one in group["words"]} == set(ROOMS[group["group"]].split())
        scores = [one["score"] for one in group["words"]]
        assert scores == sorted(scores, reverse=True)
        for one in group["words"]:
            assert one["outside"] == 0
            assert 0.4 < one["inside"] < 0.95


def test_groups_stand_as_the_schema_lists_them(make_dataset: Make) -> None:
    target = {"name": "room", "values": ["office", "attic", "garden", "kitchen"]}
    told = profile_words.telling(dataset(make_dataset, target=target), "text", notes())
    assert [group["group"] for group in told] == ["office", "garden", "kitchen"]


def test_a_word_of_two_texts_tells_nothing_of_their_group(
    make_dataset: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile_words, "SURE", -100)
    rows = notes()
    rows.loc[[0, 3], "text"] += " zebra"
    told = profile_words.telling(dataset(make_dataset), "text", rows)
    assert "zebra" not in str(told)
    assert "team" in str(told)


def test_numbers_part_the_texts_in_two_halves(make_dataset: Make) -> None:
    rows = notes().assign(price=lambda frame: (frame["room"] == "garden") * 50.0 + 1)
    told = profile_words.telling(make_dataset(features={"text": {"type": "text"}}), "text", rows)
    assert [group["group"] for group in told] == ["at most 1", "above 1"]
    assert {one["word"] for one in told[1]["words"]} == {"rose", "spade", "hedge"}


@pytest.mark.parametrize("texts", [["", "", ""], ["one", "two", "three"]])
def test_without_words_nothing_is_told(make_dataset: Make, texts: list[str]) -> None:
    rows = pd.DataFrame({"text": texts, "room": list(ROOMS)})
    assert profile_words.telling(dataset(make_dataset), "text", rows) == []


def test_one_class_alone_has_no_telling_words(make_dataset: Make) -> None:
    rows = notes().assign(room="kitchen")
    assert profile_words.telling(dataset(make_dataset), "text", rows) == []


def test_of_very_many_texts_some_are_read(
    make_dataset: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile_words, "MOST_TEXTS", 60)
    told = profile_words.telling(dataset(make_dataset), "text", notes())
    assert sum(group["texts"] for group in told) == 60
    assert all(group["words"] for group in told)
