from __future__ import annotations

import pytest

from app.http import problems
from app.labels.storable import check_storable
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import convert
from tests.app import project

DEBTS = convert(project.DEBTS, Dataset)


@pytest.mark.parametrize("redact", [(), ("name", "own"), ("debts",)])
def test_labels_of_what_may_be_stored_are_taken(redact: tuple[str, ...]) -> None:
    check_storable(DEBTS, redact)


@pytest.mark.parametrize("name", ["amount", "DAYS", "Late"])
def test_what_is_never_stored_is_in_no_label(name: str) -> None:
    with pytest.raises(UserError) as caught:
        check_storable(DEBTS, ("x", name))
    assert problems.status(caught.value) == 409
    assert f"'{name.lower()}' is never stored" in caught.value.what
    assert caught.value.given == f"LAPIDARY_REDACT=x,{name}"


def test_no_case_hides_a_name() -> None:
    with pytest.raises(UserError, match="'owner' is never stored"):
        check_storable(convert(project.DEBTS, Dataset), ("OWNER",))
    features = {"Owner": {"type": "category"}}
    with pytest.raises(UserError, match="'Owner' is never stored"):
        check_storable(convert({**project.DEBTS, "features": features}, Dataset), ("owner",))
