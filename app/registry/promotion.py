"""A person's word on versions: promote one, go back to one, let one through the gate."""

from __future__ import annotations

import peewee

from app.registry import store
from app.registry.gate import Gatekeeper
from app.registry.registry import Load
from app.registry.store import Registered
from app.store import database as databases
from app.store.redaction import PASTED, holds_key
from src.support.errors import UserError, coded

COMMAND = "promote it with --override --why ..."


def promote(
    database: peewee.Database,
    gatekeeper: Gatekeeper,
    load: Load,
    version: Registered,
    *,
    kind: str,
    by: str,
    why: str,
    is_override: bool = False,
    how: str = COMMAND,
) -> bool:
    """Let a version serve from now on; tell whether it did not already.

    It is loaded first: what does not load is not announced. Raises UserError where it fails the
    gate and that is not overridden, with a reason; `how` to do so is in the caller's language.
    """
    _check_kept(why)
    dataset, number = version.dataset, version.number
    gatekeeper.learn(database)
    if store.champions(database).get(dataset) == number:
        return False
    is_let_through = is_override and not gatekeeper.may_serve(version)
    if is_let_through:
        _check_reason(why, code="gate_failed")
    elif not gatekeeper.may_serve(version):
        raise UserError(
            f"Version {number} of '{dataset}' ({version.model}) fails the gate: "
            f"{'; '.join(gatekeeper.missed(version))}.",
            code="gate_failed",
            given=f"version={number}",
            fix=f"choose another version, or override with a reason: {how}",
        )
    with coded("unloadable_version"):
        load(version)
    with databases.exclusive(database):
        if is_let_through:
            store.tell(database, dataset, number, kind=store.OVERRIDE, by=by, why=why)
        store.promote(database, version, kind=kind, by=by, why=why)
    return True


def override(database: peewee.Database, version: Registered, *, by: str, why: str) -> None:
    """Let a version be asked for although it fails the gate; raise UserError without a reason."""
    _check_kept(why)
    _check_reason(why, code="reason_missing")
    dataset, number = version.dataset, version.number
    store.tell(database, dataset, number, kind=store.OVERRIDE, by=by, why=why)


def _check_kept(why: str) -> None:
    """Raise UserError where a reason holds an API key, for it is kept and shown."""
    if holds_key(why):
        raise UserError("An API key stands in the reason.", code="invalid_body", fix=PASTED)


def _check_reason(why: str, *, code: str) -> None:
    if not why.strip():
        raise UserError(
            "An override of the gate needs a reason.",
            code=code,
            given="why is empty",
            fix="give a reason; it is kept with your name",
        )
