from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.registry import store as version_store
from app.registry.store import Registered
from app.store import database as databases
from src.config import paths
from src.support.errors import UserError
from tests.app import project

REGISTER = """
import sys
from pathlib import Path
from app.registry import store as version_store
from app.store import database as databases
database = databases.connect(sys.argv[1], "process", 10.0)
print("ready", flush=True)
sys.stdin.readline()
for path in sys.argv[3:]:
    print(version_store.register(database, Path(sys.argv[2]), Path(path)).number)
database.close()
"""


@pytest.fixture
def bundles(home: Path) -> Path:
    return paths.BUNDLES.absolute() / "stones"


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def linear(database: peewee.Database, var: Path, bundles: Path) -> Registered:
    return version_store.register(database, var, bundles / "linear")


@pytest.fixture
def xgboost(linear: Registered, database: peewee.Database, var: Path, bundles: Path) -> Registered:
    return version_store.register(database, var, bundles / "xgboost")


def of(manifest: dict[str, Any], **changes: Any) -> str:
    return version_store.digest({**manifest, **changes})


def test_versions_are_numbered_by_dataset(
    linear: Registered, xgboost: Registered, database: peewee.Database, var: Path
) -> None:
    debts = version_store.register(database, var, paths.BUNDLES / "debts" / "logistic")
    assert [linear.number, xgboost.number, debts.number] == [1, 2, 1]
    assert (xgboost.dataset, xgboost.model) == ("stones", "xgboost")
    assert version_store.every(database, "stones") == [xgboost, linear]
    assert version_store.get(database, "stones", 1) == linear


def test_the_same_bundle_is_registered_once(
    linear: Registered, database: peewee.Database, var: Path, bundles: Path
) -> None:
    project.retell(bundles / "linear", "manifest.json", lambda m: m.update(created="later"))
    again = version_store.register(database, var, bundles / "linear")
    assert again == linear
    assert len(version_store.every(database, "stones")) == 1
    assert len(list((var / "versions" / "stones").iterdir())) == 1


def test_a_bundle_that_is_kept_has_no_number_until_it_is_entered(
    linear: Registered, database: peewee.Database, var: Path, bundles: Path
) -> None:
    kept = version_store.keep(var, bundles / "xgboost")
    assert kept.number == version_store.UNNUMBERED
    assert (kept.path(var) / "manifest.json").is_file()
    assert version_store.known(database, kept) is kept
    assert version_store.every(database, "stones") == [linear]
    with databases.exclusive(database):
        entered = version_store.enter(database, kept)
    assert (entered.number, entered.digest) == (2, kept.digest)
    assert version_store.every(database, "stones") == [entered, linear]
    with databases.exclusive(database):
        assert version_store.enter(database, kept) == entered
    assert version_store.known(database, kept) == entered
    assert version_store.register(database, var, bundles / "xgboost") == entered


def test_another_bundle_gets_the_next_number(
    linear: Registered, xgboost: Registered, database: peewee.Database, var: Path, bundles: Path
) -> None:
    project.retell(
        bundles / "linear", "manifest.json", lambda m: m["interval"].update(coverage=0.8)
    )
    third = version_store.register(database, var, bundles / "linear")
    assert third.number == 3
    assert third.path(var) != linear.path(var)


def test_what_decides_the_answers_decides_the_version(linear: Registered) -> None:
    manifest = linear.manifest
    same = {"created": "x", "run": "x", "git": {}, "versions": {}, "data": {}}
    same["metrics"] = {**manifest["metrics"], "seconds": 1e9}
    assert of(manifest, **same) == linear.digest
    report = {**manifest["files"], "predictions.csv": "0"}
    assert of(manifest, files=report) == linear.digest
    card = {**manifest["files"], "card.json": "0", "card.md": "0"}
    assert of(manifest, files=card) == linear.digest, "it names the commit, which answers nothing"
    for changes in (
        {"config": {}},
        {"tuned": {"params": {}}},
        {"interval": {}},
        {"metrics": {}},
        {"details": {}},
        {"findings": ["leaks"]},
        {"files": {**manifest["files"], "predictor.npz": "0"}},
    ):
        assert of(manifest, **changes) != linear.digest


def test_the_files_are_copied_and_those_that_nobody_names_are_not(
    var: Path, bundles: Path, database: peewee.Database
) -> None:
    (bundles / "linear" / "evil.joblib").write_bytes(b"x")
    made = version_store.register(database, var, bundles / "linear")
    names = {path.name for path in made.path(var).iterdir()}
    assert names == {"manifest.json", *made.manifest["files"]}


def test_a_bundle_outlives_the_folder_it_came_from(linear: Registered, var: Path) -> None:
    assert json.loads((linear.path(var) / "manifest.json").read_text()) == linear.manifest


@pytest.mark.parametrize("name", ["predictor.npz", "model.joblib", "golden.json"])
def test_a_damaged_bundle_is_not_registered(
    var: Path, bundles: Path, database: peewee.Database, name: str
) -> None:
    project.damage(bundles / "linear" / name)
    with pytest.raises(UserError, match=f"damaged: {name}"):
        version_store.register(database, var, bundles / "linear")
    assert version_store.every(database, "stones") == []
    assert list((var / "versions" / "stones").iterdir()) == [], "nothing half copied is left"


def test_files_that_were_lost_are_copied_again(
    linear: Registered, var: Path, bundles: Path, database: peewee.Database
) -> None:
    path = linear.path(var)
    for file in path.iterdir():
        file.unlink()
    path.rmdir()
    assert version_store.register(database, var, bundles / "linear") == linear
    assert (path / "predictor.npz").is_file()


def test_two_processes_register_at_once(
    database: peewee.Database, database_url: str, var: Path, bundles: Path, root: Path
) -> None:
    given = [str(bundles / "linear"), str(bundles / "xgboost")]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", REGISTER, database_url, str(var), *given],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = ["", ""]

    def go(at: int) -> None:
        said[at] = processes[at].communicate("go\n")[0]

    threads = [threading.Thread(target=go, args=(at,)) for at in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["1\n2\n", "1\n2\n"]
    assert [version.number for version in version_store.every(database, "stones")] == [2, 1]


def test_the_newest_event_says_who_serves(
    linear: Registered, xgboost: Registered, database: peewee.Database
) -> None:
    assert version_store.champions(database) == {}
    assert version_store.last_event(database) == 0
    version_store.promote(database, linear, kind="promote", by="me", why="first")
    before = version_store.last_event(database)
    version_store.promote(database, xgboost, kind="promote", by="me", why="better")
    assert version_store.champions(database) == {"stones": 2}
    assert version_store.last_event(database) > before
    told = [(event["number"], event["by"], event["why"]) for event in events(database)]
    assert told == [(2, "me", "better"), (1, "me", "first")]


def events(database: peewee.Database) -> list[dict[str, Any]]:
    return version_store.events(database, "stones")


def test_the_pipeline_offers_a_champion_once(
    linear: Registered, xgboost: Registered, database: peewee.Database
) -> None:
    assert version_store.offer(database, linear, "best mae")
    assert not version_store.offer(database, linear, "best mae")
    version_store.promote(database, xgboost, kind="promote", by="me", why="")
    assert not version_store.offer(database, linear, "best mae"), "a person is not overruled"
    assert version_store.champions(database) == {"stones": 2}
    assert version_store.offer(database, xgboost, "best mae"), "a new result is a new offer"


def test_who_served_before_is_known(
    linear: Registered, xgboost: Registered, database: peewee.Database
) -> None:
    with pytest.raises(UserError, match="has served before"):
        version_store.before(database, "stones")
    for version in (linear, xgboost, xgboost):
        version_store.promote(database, version, kind="promote", by="me", why="")
    assert version_store.before(database, "stones") == 1


def test_a_version_that_is_not_there_lists_those_that_are(
    linear: Registered, xgboost: Registered, database: peewee.Database
) -> None:
    with pytest.raises(UserError, match="no such version") as caught:
        version_store.get(database, "stones", 9)
    assert caught.value.choices == ["2", "1"]
    with pytest.raises(UserError):
        version_store.get(database, "nothing", 1)


def test_a_copy_that_was_damaged_is_made_anew(
    linear: Registered, database: peewee.Database, var: Path, bundles: Path
) -> None:
    copy = linear.path(var) / "predictor.json"
    whole = copy.read_bytes()
    project.damage(copy)
    again = version_store.register(database, var, bundles / "linear")
    assert again.number == linear.number
    assert copy.read_bytes() == whole


def tell(database: peewee.Database, kind: str, number: int, dataset: str = "stones") -> None:
    version_store.tell(database, dataset, number, kind=kind, by="me", why=f"{kind} {number}")


@pytest.mark.parametrize(
    ("kind", "is_change"),
    [
        ("pipeline", True),
        ("promote", True),
        ("rollback", True),
        ("training", True),
        ("override", False),
        ("breach", False),
        ("recovered", False),
        ("waiting", False),
    ],
)
def test_only_a_change_says_who_serves(
    database: peewee.Database, kind: str, is_change: bool
) -> None:
    tell(database, "pipeline", 1)
    tell(database, kind, 2)
    assert version_store.champions(database) == {"stones": 2 if is_change else 1}
    assert version_store.earlier(database, "stones") == ([1] if is_change else [])


def test_who_served_before_stands_in_the_order_of_the_last_time(database: peewee.Database) -> None:
    for kind, number in [
        ("pipeline", 1),
        ("training", 2),
        ("training", 3),
        ("override", 4),
        ("breach", 3),
        ("rollback", 1),
        ("promote", 3),
        ("recovered", 3),
    ]:
        tell(database, kind, number)
    assert version_store.champions(database) == {"stones": 3}
    assert version_store.earlier(database, "stones") == [1, 2]
    assert version_store.before(database, "stones") == 1


def test_the_newest_that_waits_does_so_until_another_serves(database: peewee.Database) -> None:
    assert version_store.waiting(database, "stones") is None
    tell(database, "pipeline", 1)
    tell(database, "waiting", 2)
    tell(database, "waiting", 3)
    tell(database, "breach", 1)
    tell(database, "promote", 1, "debts")
    event = version_store.waiting(database, "stones")
    assert event is not None
    assert (event["number"], event["why"]) == (3, "waiting 3")
    assert version_store.waiting(database, "debts") is None
    tell(database, "rollback", 1)
    assert version_store.waiting(database, "stones") is None


def test_what_was_decided_of_each_version_is_known(database: peewee.Database) -> None:
    assert version_store.overrides(database) == set()
    assert version_store.breaches(database) == {}
    for number in (1, 1, 2):
        tell(database, version_store.OVERRIDE, number)
    tell(database, version_store.OVERRIDE, 1, "debts")
    assert version_store.overrides(database) == {("stones", 1), ("stones", 2), ("debts", 1)}
    for number in (1, 2, 3):
        tell(database, version_store.BREACH, number)
    tell(database, version_store.RECOVERED, 1)
    tell(database, version_store.RECOVERED, 2)
    tell(database, version_store.BREACH, 2)
    tell(database, version_store.BREACH, 1, "debts")
    breached = {("stones", 2): "breach 2", ("stones", 3): "breach 3", ("debts", 1): "breach 1"}
    assert version_store.breaches(database) == breached


def test_what_a_version_learnt_from_decides_too_and_one_without_keeps_its_hash() -> None:
    earlier: dict[str, Any] = {"config": {}, "tuned": None, "interval": {}, "files": {"a": "b"}}
    text = json.dumps(earlier, sort_keys=True)  # of which the hash always was
    assert of(earlier) == hashlib.sha256(text.encode()).hexdigest()
    assert len({of(earlier), of(earlier, learnt={"rows": 1}), of(earlier, learnt={"rows": 2})}) == 3
