"""The error for invalid records, whose faults name the field and its description."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from src.support.errors import Fault, UserError


class Invalid(UserError):
    """Invalid records of a dataset, with the faults of the first ones."""

    def __init__(
        self, faults: Sequence[Fault], dataset: str, *, code: str = "invalid_record"
    ) -> None:
        first, others = faults[0], len(faults) - 1
        super().__init__(
            f"{first.detail} And {others} more: see errors." if others else first.detail,
            code=code,
            given=first.given,
            choices=first.allowed,
            fix=first.fix,
            errors=[_located(fault, dataset) for fault in faults],
        )


def _located(fault: Fault, dataset: str) -> Fault:
    path = f"/v1/{dataset}"
    return msgspec.structs.replace(
        fault, see=path if fault.field is None else f"{path}#{fault.field}"
    )
