"""The sample data: the same bytes everywhere, and as hard as promised."""

from __future__ import annotations

import hashlib
import importlib.util
import io
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from src.sample_data.generators import SAMPLES

SHA256 = {
    "diamonds.csv": "9574730b03aba241d899c4a97511c5061b19358fab89510774fb6c24168345c4",
    "payments.csv": "4e74c484a3ef28e77a537e3a5f375492f3a9916d100c428ef1cb3719f2de58b0",
    "resumes.csv": "c23a7a9865483f5b82b3445afb49d943ebb1d4022d3fb86557064c060be2cb2d",
}
ROLES = """.NET Developer, Business Analyst, Business Intelligence, Help Desk and Support,
Informatica Developer, Java Developer, Network and System Administrator, Oracle DBA,
Project Manager, Quality Assurance, SAP, SQL Developer, SharePoint Developer, Web Developer"""
NUMBERS = [
    "amount",
    "credit_used",
    "mean_delay_days",
    "account_years",
    "cash_ratio",
    "disputed_percent",
    "open_invoices",
    "reminders",
]
CODES = ["sector", "country"]

needs_plotnine = pytest.mark.skipif(
    importlib.util.find_spec("plotnine") is None, reason="plotnine is not installed"
)
names = pytest.mark.parametrize(
    "name", [pytest.param("diamonds.csv", marks=needs_plotnine), "payments.csv", "resumes.csv"]
)


@cache
def content(name: str) -> bytes:
    return SAMPLES[name]()


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content(name)))


def payments() -> pd.DataFrame:
    """Return the payments without their faults."""
    rows = table("payments.csv").dropna().drop_duplicates()
    return rows[(rows["amount"] > 0) & (rows["credit_used"] < 2) & (rows["account_years"] >= 0)]


def logistic(numbers: list[str], codes: list[str]) -> Pipeline:
    """Return an L1 logistic regression on standardised numbers and one-hot codes."""
    columns = make_column_transformer(
        (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), codes)
    )
    return make_pipeline(columns, LogisticRegression(l1_ratio=1, solver="liblinear"))


@names
def test_same_bytes_every_time(name: str) -> None:
    assert SAMPLES[name]() == content(name)
    assert hashlib.sha256(content(name)).hexdigest() == SHA256[name]


@names
def test_plain_csv(name: str) -> None:
    text = content(name).decode("utf-8")
    assert "\r" not in text
    assert text.endswith("\n")
    assert len(content(name)) <= 9_000_000


@needs_plotnine
def test_diamonds() -> None:
    rows = table("diamonds.csv")
    assert list(rows) == [
        "carat",
        "cut",
        "color",
        "clarity",
        "depth",
        "table",
        "price",
        "x",
        "y",
        "z",
    ]
    assert len(rows) == 53_940


def test_missing_plotnine_is_an_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="plotnine") as caught:
        SAMPLES["diamonds.csv"]()
    assert caught.value.name == "plotnine"


def test_payments_columns_and_share() -> None:
    rows = table("payments.csv")
    assert list(rows) == [*NUMBERS[:6], *CODES, *NUMBERS[6:], "label"]
    assert len(rows) == 24_871
    assert set(rows["label"]) == {0, 1}
    assert 0.25 <= rows["label"].mean() <= 0.35


def test_payments_faults() -> None:
    rows = table("payments.csv")
    assert rows.duplicated().sum() == 12
    assert rows.isna().any(axis=1).sum() == 10
    missing = rows.isna().sum()
    assert missing[missing > 0].to_dict() == {
        "amount": 3,
        "credit_used": 3,
        "mean_delay_days": 2,
        "cash_ratio": 2,
    }
    assert (rows["amount"] < 0).sum() == 6
    assert (rows["credit_used"] == 9.999).sum() == 4
    assert (rows["account_years"] == -1).sum() == 3
    assert len(payments()) == 24_871 - 12 - 10 - 6 - 4 - 3


@pytest.mark.parametrize("name", NUMBERS + CODES)
def test_no_single_feature_gives_the_label_away(name: str) -> None:
    rows = payments()
    train, test = train_test_split(rows, test_size=0.2, stratify=rows["label"], random_state=0)
    score = test[name]
    if name in CODES:
        score = score.map(train.groupby(name)["label"].mean())
    auc = roc_auc_score(test["label"], score)
    assert max(auc, 1 - auc) < 0.8
    alone = logistic([name], []) if name in NUMBERS else logistic([], [name])
    assert alone.fit(train, train["label"]).score(test, test["label"]) < 0.8


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_payments_are_almost_linear(seed: int) -> None:
    rows = payments()
    train, test = train_test_split(rows, test_size=0.2, stratify=rows["label"], random_state=seed)
    model = logistic(NUMBERS, CODES).fit(train, train["label"])
    assert 0.94 <= model.score(test, test["label"]) <= 0.96


@pytest.mark.slow
def test_payments_reward_trees() -> None:
    xgboost = pytest.importorskip("xgboost")
    rows = payments()
    train, test = train_test_split(rows, test_size=0.2, stratify=rows["label"], random_state=0)
    linear = logistic(NUMBERS, CODES).fit(train, train["label"])
    trees = xgboost.XGBClassifier(n_estimators=400, max_depth=3, learning_rate=0.1, n_jobs=2)
    trees.fit(train[NUMBERS + CODES], train["label"])
    better = trees.score(test[NUMBERS + CODES], test["label"])
    assert 0.003 < better - linear.score(test, test["label"]) < 0.03


def test_resumes_roles() -> None:
    rows = table("resumes.csv")
    assert list(rows) == ["text", "role"]
    assert 2_700 <= len(rows) <= 2_900
    assert not rows.isna().any(axis=None)
    assert not rows["text"].duplicated().any()
    shares = rows["role"].value_counts(normalize=True)
    assert set(shares.index) == {role.strip() for role in ROLES.split(",")}
    assert shares.max() > 3 * shares.min()
    assert shares.min() > 0.03


def test_resumes_lengths() -> None:
    words = table("resumes.csv")["text"].str.split().str.len()
    assert words.min() >= 60
    assert words.max() <= 1_500
    assert 350 <= words.median() <= 450
    assert words.quantile(0.95) > 2 * words.median()


def test_resumes_leave_no_slot_open_and_name_nobody() -> None:
    text = table("resumes.csv")["text"]
    assert not text.str.contains(r"[\[\]{}|]").any()
    hosts = text.str.extractall(r"@(\S+)")[0]
    assert hosts.str.casefold().str.startswith("example.com").all()


def test_titles_do_not_always_give_the_role_away() -> None:
    rows = table("resumes.csv")
    named = [role.casefold() in text.casefold() for text, role in rows.to_numpy()]
    assert np.mean(named) < 0.8


@pytest.mark.slow
def test_resumes_are_hard_for_counts_and_easier_for_weighted_pairs() -> None:
    rows = table("resumes.csv")
    naive, linear = [], []
    for seed in range(3):
        train, test = train_test_split(
            rows, test_size=0.2, stratify=rows["role"], random_state=seed
        )
        for model, scores in (
            (make_pipeline(CountVectorizer(), MultinomialNB()), naive),
            (
                make_pipeline(
                    TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2), LinearSVC()
                ),
                linear,
            ),
        ):
            found = model.fit(train["text"], train["role"]).predict(test["text"])
            scores.append(f1_score(test["role"], found, average="weighted"))
    assert all(0.8 <= score <= 0.93 for score in naive)
    removed = [(b - a) / (1 - a) for a, b in zip(naive, linear, strict=True)]
    assert min(removed) >= 1 / 3
