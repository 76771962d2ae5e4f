from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from src.inference.text_columns import Words
from tests.inference.models import STRANGE, VOCABULARY

CORPUS = [" ".join(VOCABULARY[at : at + 6]) + " the java java" for at in range(12)] + STRANGE[:6]
KINDS: dict[str, Any] = {
    "count": CountVectorizer(ngram_range=(1, 2)),
    "tf_idf": TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 3)),
    "plain": TfidfVectorizer(),
    "pairs": TfidfVectorizer(ngram_range=(2, 2)),
    "stop": TfidfVectorizer(stop_words="english", sublinear_tf=True, max_features=9),
}
for vectorizer in KINDS.values():
    vectorizer.fit(CORPUS)


def words(vectorizer: Any, first: int = 0) -> Words:
    is_weighted = hasattr(vectorizer, "idf_")
    part = {
        "name": "words",
        "vocabulary": list(vectorizer.get_feature_names_out()),
        "ngrams": vectorizer.ngram_range,
        "stop": list(vectorizer.get_stop_words() or []),
        "sublinear": is_weighted and vectorizer.sublinear_tf,
        "idf": "idf" if is_weighted else None,
    }
    return Words.build(part, {"idf": vectorizer.idf_} if is_weighted else {}, 0, first)


def dense(made: Words, text: str | None) -> np.ndarray:
    row = np.zeros(made.width)
    columns, weights = made.weigh((text,))
    assert (np.diff(columns) > 0).all()
    row[columns] = weights
    return row


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", [*CORPUS, *STRANGE, "\ud83d java"])
def test_weighs_as_the_vectorizer_does(kind: str, text: str) -> None:
    expected = KINDS[kind].transform([text]).toarray()[0]
    assert np.allclose(dense(words(KINDS[kind]), text), expected, rtol=1e-14, atol=0)


@given(st.lists(st.one_of(st.sampled_from([*VOCABULARY, "the"]), st.text()), max_size=12))
def test_any_text_is_weighed_alike(parts: list[str]) -> None:
    text = " ".join(parts)
    for kind in ("count", "tf_idf", "stop"):
        expected = KINDS[kind].transform([text]).toarray()[0]
        assert np.allclose(dense(words(KINDS[kind]), text), expected, rtol=1e-14, atol=0)


def test_no_text_has_no_words() -> None:
    for text in (None, "", "?!"):
        columns, weights = words(KINDS["tf_idf"]).weigh((text,))
        assert len(columns) == len(weights) == 0


def test_columns_stand_after_those_before_them() -> None:
    there, _ = words(KINDS["count"], first=7).weigh(("java",))
    here, _ = words(KINDS["count"]).weigh(("java",))
    assert there.tolist() == [here[0] + 7]


def test_counts_what_is_known_by_its_place() -> None:
    made = words(KINDS["count"])
    counted = made.count("Java, java; unheard")
    assert {made.spellings[place]: count for place, count in counted.items()} == {
        "java": 2,
        "java java": 1,
    }
