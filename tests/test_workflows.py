"""The workflows: what they run is played here, from the push to the pull request."""

from __future__ import annotations

import csv
import fnmatch
import json
import os
import random
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import checkout

ROOT = checkout.ROOT
FOLDER = ROOT / ".github/workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yml")}
RETRAIN = WORKFLOWS["retrain"]
# A forge's command line, which keeps what it was asked and knows of one pull request at most.
GH = """#!/usr/bin/env bash
set -eu
printf '%s\\n' "$*" >> "$FORGE/asked"
case "$2" in
  list) cat "$FORGE/open" 2> /dev/null || echo '[]' ;;
  create) echo '[{"number": 7, "isDraft": false, "isCrossRepository": false}]' > "$FORGE/open" ;;
esac
while [ $# -gt 0 ]; do [ "$1" = --body-file ] && cp "$2" "$FORGE/body.md"; shift; done
"""


def on(workflow: dict[Any, Any]) -> dict[str, Any]:
    """Return what starts a workflow; YAML reads the word `on` as true."""
    return workflow[True]


def steps(name: str) -> list[dict[str, Any]]:
    (job,) = WORKFLOWS[name]["jobs"].values()
    return job["steps"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_calls_make_alone_with_what_is_pinned(name: str) -> None:
    targets = set(re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for step in steps(name):
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+\.\d+\.\d+", step["uses"]), step
        else:
            (target,) = re.fullmatch(r"make ([\w-]+)( \w+=\w+)*", step["run"]).groups()[:1]
            assert target in targets


def test_permissions_are_the_least() -> None:
    assert WORKFLOWS["test"]["permissions"] == {"contents": "read"}
    assert RETRAIN["permissions"] == {"contents": "write", "pull-requests": "write"}
    for workflow in WORKFLOWS.values():
        assert all("permissions" not in job for job in workflow["jobs"].values())


def test_the_tests_of_a_push_are_those_of_ci() -> None:
    assert [step["run"] for step in steps("test") if "run" in step] == ["make ci"]
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^ci:.*\n\t\.ci/run\n", makefile, re.MULTILINE)


@dataclass(frozen=True)
class Forge:
    """A bare repository, a remote for data, somebody's checkout, and a place for runners."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def git(self, *words: str) -> str:
        return checkout.run(self.folder / "origin.git", "git", *words).strip()

    def push(self, message: str, *paths: str) -> list[str]:
        """Commit and push as a person does; return the paths that changed."""
        checkout.run(self.home, "git", "add", "--", *paths)
        checkout.run(self.home, "git", "commit", "--quiet", "--message", message)
        checkout.run(self.home, "dvc", "push", "--quiet")
        checkout.run(self.home, "git", "push", "--quiet", "origin", "HEAD:main")
        changed = checkout.run(self.home, "git", "show", "--format=", "--name-only", "HEAD")
        return changed.split()

    def runner(self, name: str) -> tuple[Path, list[int]]:
        """Do what the workflow does on a fresh runner; return its checkout and each exit code."""
        place = self.folder / name
        checkout.run(self.folder, "git", "clone", "--quiet", "origin.git", name)
        checkout.installed(place, ".run")
        (job,) = RETRAIN["jobs"].values()
        given = {key: value for key, value in job["env"].items() if "${{" not in value}
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, **given, "PATH": path, "FORGE": str(self.folder / "forge")}
        codes: list[int] = []
        for step in job["steps"]:
            if "run" not in step or (any(codes) and "if" not in step):
                continue
            assert step.get("if", "${{ !cancelled() }}") == "${{ !cancelled() }}"
            with place.with_suffix(".log").open("a") as log:
                done = subprocess.run(
                    ["bash", "-e", "-c", step["run"]],
                    cwd=place,
                    env=environment,
                    stdout=log,
                    stderr=log,
                    check=False,
                )
            codes.append(done.returncode)
        return place, codes

    def asked(self) -> list[str]:
        path = self.folder / "forge/asked"
        return path.read_text().splitlines() if path.exists() else []


def rows(count: int, seed: int) -> list[list[Any]]:
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        score = draw.gauss(0, 1)
        owner = draw.choice(["north", "south"])
        late = int(score + (0.5 if owner == "south" else 0) + draw.gauss(0, 0.7) > 0.4)
        found.append([round(score, 5), owner, late])
    return found


def write(path: Path, found: list[list[Any]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["score", "owner", "late"], *found])


DATASET = {
    "name": "bills",
    "about": "whether a bill is paid late",
    "task": "binary",
    "source": "data/bills.csv",
    "target": {"name": "late", "values": [0, 1], "positive": 1},
    "features": {
        "score": {"type": "number"},
        "owner": {"type": "category", "values": ["north", "south"]},
    },
    "metric": "f1",
    "gate": {"precision": {"min": 0.5}},
}


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    """Set up a project of one small dataset that is trained, committed and pushed."""
    found = Forge(tmp_path_factory.mktemp("forge"))
    for name in ("home", "forge", "bin"):
        (found.folder / name).mkdir()
    (found.folder / "bin/gh").write_text(GH)
    (found.folder / "bin/gh").chmod(0o755)
    home = checkout.copied(found.home)
    params = yaml.safe_load((home / "params.yaml").read_text())
    runs = {
        f"bills-{model}": {"dataset": "bills", "model": model, "plot": "confusion"}
        for model in ("dummy", "logistic")
    }
    params |= {"dataset": "bills", "model": "logistic", "datasets": ["bills"], "runs": runs}
    (home / "params.yaml").write_text(yaml.safe_dump(params))
    (home / "conf/dataset/bills.yaml").write_text(yaml.safe_dump(DATASET, sort_keys=False))
    (home / "dvc.lock").unlink()
    checkout.run(home, "git", "rm", "-rq", "--cached", "metrics", "data.dvc")
    for path in home.glob("metrics/**/*.*"):
        path.unlink()
    (home / "data").mkdir()
    write(home / "data/bills.csv", rows(2000, 1))
    checkout.run(home, "dvc", "add", "--quiet", "data")
    checkout.run(
        home,
        "dvc",
        "remote",
        "add",
        "--quiet",
        "--default",
        "storage",
        str(found.folder / "storage"),
    )
    checkout.run(home, "dvc", "repro", "--quiet")
    checkout.run(
        found.folder, "git", "init", "--quiet", "--bare", "--initial-branch", "main", "origin.git"
    )
    checkout.run(home, "git", "remote", "add", "origin", "../origin.git")
    found.push("data: bills", ".")
    return found


def figures(place: Path) -> dict[str, Any]:
    return json.loads((place / "artifacts/report.json").read_text())


def ingest(forge: Forge, fresh: list[list[Any]]) -> list[str]:
    """Bring fresh rows as a person does, and push them."""
    path = forge.folder / "fresh.csv"
    write(path, fresh)
    checkout.run(forge.home, sys.executable, "-m", "src.ingest", "dataset=bills", f"source={path}")
    return forge.push("data: fresh bills", "data.dvc")


@pytest.mark.slow
def test_a_week_without_news_changes_nothing(forge: Forge) -> None:
    before = forge.git("rev-parse", "main")
    place, codes = forge.runner("quiet")
    assert codes == [0, 0], place.with_suffix(".log").read_text()
    assert figures(place)["verdict"] == "unchanged"
    assert checkout.run(place, "git", "rev-parse", "HEAD").strip() == before
    assert forge.git("branch", "--list", "retrain") == ""
    assert all(asked.startswith("pr list ") for asked in forge.asked())


@pytest.mark.slow
def test_fresh_data_becomes_a_pull_request_and_then_a_renewed_one(forge: Forge) -> None:
    changed = ingest(forge, [[score + 1.5, owner, late] for score, owner, late in rows(600, 2)])
    patterns = on(RETRAIN)["push"]["paths"]
    assert any(fnmatch.fnmatch(path, pattern) for path in changed for pattern in patterns)
    pushed = forge.git("rev-parse", "main")
    place, codes = forge.runner("first")
    log = place.with_suffix(".log").read_text()
    assert figures(place)["verdict"] in ("better", "level", "worse"), log
    assert codes == [2 if figures(place)["verdict"] == "worse" else 0, 0], log
    found = figures(place)["datasets"]["bills"]
    assert (found["added"], found["removed"], found["moved"]) == (600, 0, ["score"])
    assert found["comparison"]["rows"] > 400
    assert forge.git("rev-parse", "main") == pushed, "the branch of people is theirs"
    assert forge.git("rev-parse", "retrain~1") == pushed
    message = forge.git("log", "-1", "--format=%B", "retrain")
    assert message.startswith(f"retrain: bills {found['verdict']}\n")
    old, new = (found["rows"][when]["accepted"] for when in ("before", "now"))
    assert new == old + 600
    assert f"rows: {old:,} \N{RIGHTWARDS ARROW} {new:,} accepted" in message
    assert found["why"] in message
    named = forge.git("show", "--format=", "--name-only", "retrain").split()
    assert {"dvc.lock", "metrics/champions.json", "metrics/bills/logistic.json"} <= set(named)
    assert all(name.startswith(("metrics/", "dvc.lock", "data.dvc")) for name in named)
    diff = checkout.run(place, "dvc", "metrics", "diff", "HEAD~1")
    assert "logistic.json" in diff

    report = (place / "artifacts/report.md").read_text()
    assert "600 rows were added and 0 removed. They differ in score." in report
    assert f"| accepted | {old:,} | {new:,} |" in report
    for image in re.findall(r"\]\((.*?\.png)\)", report):
        assert (place / "artifacts" / image).read_bytes().startswith(b"\x89PNG")
    assert report.count(".png") >= 2
    *_, listed, created = forge.asked()
    assert listed.startswith("pr list --head retrain")
    assert created.startswith("pr create --head retrain --base main --title retrain: bills ")
    body = (forge.folder / "forge/body.md").read_text()
    assert "600 rows were added" in body
    assert ".png" not in body

    checkout.run(forge.home, "git", "pull", "--quiet", "origin", "retrain")
    checkout.run(forge.home, "dvc", "pull", "--quiet")
    assert checkout.run(forge.home, "dvc", "repro").count("Running stage") == 0, (
        "it was merged whole"
    )
    checkout.run(forge.home, "git", "push", "--quiet", "origin", "HEAD:main")
    conf = forge.home / "conf/dataset/bills.yaml"
    conf.write_text(conf.read_text().replace("min: 0.5", "min: 0.999"))
    forge.push("conf: a stricter gate", "conf")
    place, codes = forge.runner("second")
    assert codes == [2, 0], place.with_suffix(".log").read_text()
    assert figures(place)["verdict"] == "gate failed"
    assert "is below 0.999" in (place / "artifacts/report.md").read_text()
    assert (
        json.loads(forge.git("show", "retrain:metrics/champions.json"))["bills"]["champion"] is None
    )
    *_, edited, drafted = forge.asked()
    assert edited.startswith("pr edit 7 --title retrain: bills gate failed")
    assert drafted == "pr ready 7 --undo"


@pytest.mark.slow
def test_without_a_remote_other_data_is_not_recorded_in_place_of_what_was_pushed(
    forge: Forge,
) -> None:
    checkout.run(forge.folder, "git", "clone", "--quiet", "origin.git", "alone")
    place = forge.folder / "alone"
    checkout.run(place, "dvc", "remote", "remove", "storage")
    (place / "data").mkdir()
    sheet = (forge.home / "data/bills.csv").read_bytes()
    (place / "data/bills.csv").write_bytes(sheet)
    check = (sys.executable, "-c", "from src import retrain; retrain._check_data()")
    checkout.run(place, *check)  # the right data, of which DVC has no copy yet
    (place / "data/bills.csv").write_bytes(sheet + sheet.splitlines(keepends=True)[-1])
    pushed = (place / "data.dvc").read_bytes()
    checkout.run(place, sys.executable, "-m", "src.retrain", code=1)
    assert "data.dvc names other data" in figures(place)["why"]
    assert (place / "data.dvc").read_bytes() == pushed
