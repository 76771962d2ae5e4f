from __future__ import annotations

import io
import pickle
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from src.config.configuration import Encoding
from src.data.schema import Dataset
from src.learning import counting
from src.learning.counting import WordCounts, WordWeights
from src.learning.encoding import Encoder
from src.support.structs import convert

TEXTS = [
    "oak and elm and oak",
    "",
    "elm, birch; the birch",
    "a pine by an oak",
    "Pine or oak or pine",
    "larch",
]
KINDS = [(WordCounts, CountVectorizer), (WordWeights, TfidfVectorizer)]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"ngram_range": (1, 2)},
    {"ngram_range": (1, 2), "min_df": 2},
    {"max_features": 4},
    {"stop_words": "english", "min_df": 2, "max_features": 2},
    {"stop_words": ["oak"]},
]


def assert_same(one: Any, other: Any) -> None:
    """See that two matrices have the same cells in the same order."""
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    assert_array_equal(one.indptr, other.indptr)
    assert_array_equal(one.indices, other.indices)
    assert_array_equal(one.data, other.data)


@pytest.mark.parametrize(("ours", "theirs"), KINDS)
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_shared_counts_are_those_of_scikit_learn(
    ours: Any, theirs: Any, settings: dict[str, Any]
) -> None:
    with counting.shared():
        for fold in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2], [1, 0, 4, 3]):
            texts = [TEXTS[at] for at in fold]
            one, other = ours(**settings), theirs(**settings)
            assert_same(one.fit_transform(texts), other.fit_transform(texts))
            assert list(one.vocabulary_.items()) == list(other.vocabulary_.items())
            asked = [*TEXTS[::-1], "an oak of which nobody heard", ""]
            assert_same(one.transform(asked), other.transform(asked))


def test_a_text_is_taken_apart_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    build = WordCounts.build_analyzer

    def counted(self: WordCounts) -> Any:
        analyze = build(self)
        return lambda text: [asked.append(text), *analyze(text)][1:]  # type: ignore[func-returns-value]

    monkeypatch.setattr(WordCounts, "build_analyzer", counted)
    with counting.shared():
        WordCounts().fit(TEXTS[:4])
        WordCounts(min_df=2).fit(TEXTS).transform(TEXTS)
    assert sorted(asked) == sorted(TEXTS)


def test_vectorizers_that_split_otherwise_share_nothing() -> None:
    with counting.shared():
        assert set(WordCounts().fit(TEXTS).vocabulary_) > {"oak", "and"}
        assert "and" not in WordCounts(stop_words="english").fit(TEXTS).vocabulary_
        assert "oak and" in WordCounts(ngram_range=(1, 2)).fit(TEXTS).vocabulary_


def test_nothing_is_kept_behind_the_end_or_without_a_beginning() -> None:
    with counting.shared():
        with counting.shared():
            WordCounts().fit(TEXTS)
        assert counting._shared
    assert not counting._shared
    WordCounts().fit(TEXTS)
    assert not counting._shared


def test_too_many_texts_are_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST", 30)
    with counting.shared():
        assert_same(WordCounts().fit_transform(TEXTS), CountVectorizer().fit_transform(TEXTS))
        (counts,) = counting._shared.values()
        assert counts.of(TEXTS) is None
        assert counts.of(TEXTS[:2]) is not None


def test_texts_without_words_are_refused_as_ever() -> None:
    with counting.shared(), pytest.raises(ValueError, match="empty vocabulary"):
        WordCounts().fit(["", "a"])


@pytest.mark.parametrize("weight", ["count", "tf_idf"])
def test_a_bundle_keeps_the_vectorizers_of_scikit_learn(make_dataset: Any, weight: str) -> None:
    dataset: Dataset = make_dataset(features={"words": {"type": "text"}, "x": {"type": "number"}})
    rows = pd.DataFrame({"words": TEXTS, "x": np.arange(6.0)})
    encoding = convert({"text": {"weight": weight, "min_df": 1}}, Encoding)
    with counting.shared():
        encoder = Encoder(dataset, encoding, (), seed=1)
        encoder.fit_transform(rows, np.arange(6.0))
        matrix = encoder.transform(rows)
        file = io.BytesIO()
        joblib.dump(encoder, file)
    assert b"learning.counting" not in pickle.dumps(encoder)
    read = joblib.load(io.BytesIO(file.getvalue()))
    kept = [type(part) for _, part, _ in read._transformer.transformers_]
    assert {CountVectorizer, TfidfVectorizer} & set(kept)
    assert_same(read.transform(rows), matrix)
    assert read.names() == encoder.names()
