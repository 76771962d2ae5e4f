"""Which words distinguish groups of texts.

Monroe, Colaresi and Quinn, "Fightin' Words: Lexical Feature Selection and Evaluation for
Identifying the Content of Political Conflict", Political Analysis 16(4), 2008.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from src.data.profile.columns import levels
from src.data.schema import Dataset

TOKEN = re.compile(r"\b\w\w+\b")
MOST_TEXTS = 20_000  # that are read; an evenly spaced sample of more
MOST_WORDS = 12  # of a group
FEWEST = 3  # texts that contain a word; in fewer it says more about them than their group
SURE = 2.0  # standard errors, which chance alone seldom exceeds
PRIOR = 10.0  # average texts that are added to those of each group


def telling(dataset: Dataset, name: str, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """List the words that distinguish each class from the others, the most telling first.

    If the target is a number, the groups are the rows up to its median and those above.
    """
    texts = rows[rows[name] != ""]
    if len(texts) > MOST_TEXTS:
        texts = texts.iloc[np.linspace(0, len(texts) - 1, MOST_TEXTS).astype(int)]
    groups, order = _groups(dataset, texts)
    having = {group: _having(texts[name][groups == group]) for group in groups.unique()}
    total: Counter[str] = sum(having.values(), Counter())
    words = sorted(word for word, count in total.items() if count >= FEWEST)
    if len(having) < 2 or not words:
        return []
    everywhere = _counts(total, words)
    return [
        {
            "group": group,
            "texts": (count := int((groups == group).sum())),
            "words": _best(words, _counts(having[group], words), count, everywhere, len(texts)),
        }
        for group in order
        if group in having
    ]


def _groups(dataset: Dataset, rows: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """Return each row's group, and the groups in their order."""
    target = rows[dataset.target.name]
    if dataset.task != "regression":
        return target, levels(dataset, dataset.target.name, target)
    median = target.median()
    names = [f"at most {median:g}", f"above {median:g}"]
    return target.gt(median).map({False: names[0], True: names[1]}), names


def _having(texts: Iterable[str]) -> Counter[str]:
    """Count the texts that contain each word, without stop words and numbers."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # it takes a second to import

    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(TOKEN.findall(text.lower())))
    return Counter(
        {
            word: count
            for word, count in counts.items()
            if word not in ENGLISH_STOP_WORDS and not word.isdecimal()
        }
    )


def _counts(having: Counter[str], words: list[str]) -> np.ndarray:
    return np.array([having[word] for word in words], dtype=np.float64)


def _best(
    words: list[str], inside: np.ndarray, texts: int, everywhere: np.ndarray, all_texts: int
) -> list[dict[str, Any]]:
    """List a group's most telling words, with the shares of texts that contain them."""
    others, outside = all_texts - texts, everywhere - inside
    scores = _scores(inside, texts, outside, others)
    return [
        {
            "word": words[at],
            "score": round(float(scores[at]), 2),
            "inside": round(float(inside[at] / texts), 4),
            "outside": round(float(outside[at] / others), 4),
        }
        for at in np.argsort(-scores, kind="stable")[:MOST_WORDS]
        if scores[at] >= SURE
    ]


def _scores(inside: np.ndarray, texts: int, outside: np.ndarray, others: int) -> np.ndarray:
    """Score words by the difference of their log-odds in the group and outside, in standard errors.

    PRIOR average texts are added to each side, so that words of a few texts count for little.
    """
    share = (inside + outside + 0.5) / (texts + others + 1)
    cells = [
        inside + PRIOR * share,
        texts - inside + PRIOR * (1 - share),
        outside + PRIOR * share,
        others - outside + PRIOR * (1 - share),
    ]
    logs = [np.log(cell) for cell in cells]
    distance = (logs[0] - logs[1]) - (logs[2] - logs[3])
    error = np.sqrt(sum(1 / cell for cell in cells))
    scores: np.ndarray = distance / error
    return scores
