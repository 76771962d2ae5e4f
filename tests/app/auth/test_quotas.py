from __future__ import annotations

import pytest

from app.auth import quotas
from app.auth.quotas import Quota
from src.support.errors import UserError


@pytest.mark.parametrize(
    ("text", "quota", "seconds"),
    [
        ("requests=100/minute", Quota("requests", 100, "minute"), 60),
        ("records=100000/day", Quota("records", 100_000, "day"), 86_400),
        ("labels=1/hour", Quota("labels", 1, "hour"), 3600),
        ("trainings=3/day", Quota("trainings", 3, "day"), 86_400),
    ],
)
def test_a_quota_is_a_number_of_a_unit_in_a_window(text: str, quota: Quota, seconds: int) -> None:
    assert quotas.read(text) == quota
    assert str(quota) == text
    assert quota.seconds == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "records",
        "records=100",
        "records=0/day",
        "records=-1/day",
        "records=1e3/day",
        "records=9999999999999/day",
        "records=1/week",
        "predictions=1/day",
        "records=1/day\n",
        "records=1/day,labels=1/day",
    ],
)
def test_what_is_no_quota_is_refused_with_its_form(text: str) -> None:
    with pytest.raises(UserError, match="no quota") as caught:
        quotas.read(text)
    assert "records" in str(caught.value.choices)


def test_of_one_unit_and_window_there_is_one_quota() -> None:
    assert len(quotas.read_all(["records=1/day", "records=1/hour"])) == 2
    with pytest.raises(UserError, match="same unit and window") as caught:
        quotas.read_all(["records=1/day", "labels=1/day", "records=2/day"])
    assert caught.value.given == "records-day"
