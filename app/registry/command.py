"""See and change which version serves: python -m app models list|promote|rollback|override."""

from __future__ import annotations

import getpass
from argparse import Namespace

import peewee

from app.registry import promotion, store
from app.registry.datasets.live_config import LiveConfig
from app.registry.gate import Gatekeeper
from app.registry.registry import loader
from app.settings import Settings
from app.store import opening
from app.store.opening import Parser
from app.store.redaction import Redaction
from src.support import text_tables
from src.support.errors import UserError


def add_arguments(parser: Parser) -> None:
    """Add what can be done with the versions of a dataset's model."""
    every = parser.add_command("list", "list all versions", "models list churn")
    every.set_defaults(run=_list)
    example = "models promote churn 2 --why 'the new grades'"
    promote = parser.add_command("promote", "let a version serve from now on", example)
    promote.set_defaults(run=_promote)
    example = "models rollback churn --why 'too dear'"
    back = parser.add_command("rollback", "let the version serve that served before", example)
    back.set_defaults(run=_rollback)
    example = "models override churn 3 --why 'to compare it'"
    override = parser.add_command(
        "override", "let a version be asked for although it fails the gate", example
    )
    override.set_defaults(run=_override)
    for command in (every, promote, back, override):
        command.add_argument("dataset", help="whose versions")
    for command in (promote, override):
        command.add_argument("version", type=int, help="its number")
    for command in (promote, back):
        command.add_argument("--why", default="", help="the reason, which is kept")
    promote.add_argument(
        "--override", action="store_true", help="even if it fails the gate; this needs --why"
    )
    override.add_argument("--why", required=True, help="the reason, which is kept")


def _list(arguments: Namespace, settings: Settings) -> None:
    with opening.opened(settings) as database:
        _show(database, settings, arguments.dataset)


def _promote(arguments: Namespace, settings: Settings) -> None:
    with opening.opened(settings) as database:
        version = store.get(database, arguments.dataset, arguments.version)
        _serve(database, settings, version, "promote", arguments.why, arguments.override)


def _rollback(arguments: Namespace, settings: Settings) -> None:
    with opening.opened(settings) as database:
        number = store.before(database, arguments.dataset)
        version = store.get(database, arguments.dataset, number)
        _serve(database, settings, version, "rollback", arguments.why)


def _override(arguments: Namespace, settings: Settings) -> None:
    dataset, number = arguments.dataset, arguments.version
    with opening.opened(settings) as database:
        version = store.get(database, dataset, number)
        promotion.override(database, version, by=getpass.getuser(), why=arguments.why)
    print(f"Version {number} of '{dataset}' may be asked for, whatever the gate says.")


def _serve(
    database: peewee.Database,
    settings: Settings,
    version: store.Registered,
    kind: str,
    why: str,
    is_override: bool = False,
) -> None:
    load = loader(
        settings.folder(),
        most_records=settings.most_records,
        longest_text=settings.longest_text,
        redaction=Redaction(settings.redact),
    )
    changed = promotion.promote(
        database,
        _gatekeeper(settings),
        load,
        version,
        kind=kind,
        by=getpass.getuser(),
        why=why,
        is_override=is_override,
    )
    serves = "serves from now on" if changed else "serves already"
    print(f"Version {version.number} of '{version.dataset}' ({version.model}) {serves}.")


def _gatekeeper(settings: Settings) -> Gatekeeper:
    conf = LiveConfig(settings.folder())
    conf.refresh()
    return Gatekeeper(conf)


def _show(database: peewee.Database, settings: Settings, dataset: str) -> None:
    champion = store.champions(database).get(dataset)
    waiting = store.waiting(database, dataset)
    candidate = None if waiting is None else waiting["number"]
    gatekeeper = _gatekeeper(settings)
    found = store.every(database, dataset)
    if not found:
        raise UserError(
            f"No version of '{dataset}' is registered.",
            fix="make run trains, make serve registers what was trained",
        )
    rows = []
    for version in found:
        metric = version.manifest["config"]["dataset"]["metric"]
        rows.append(
            [
                {champion: "*", candidate: "waits"}.get(version.number, ""),
                str(version.number),
                version.model,
                version.manifest["metrics"]["cv"][metric]["mean"],
                "; ".join(gatekeeper.missed(version)) or "passed",
                version.manifest["created"],
                str(version.manifest["git"]["commit"] or "")[:8],
            ]
        )
    metric = found[0].manifest["config"]["dataset"]["metric"]
    columns = ["serves", "version", "model", f"cv {metric}", "gate", "trained", "commit"]
    text_tables.show(dataset, columns, rows)
