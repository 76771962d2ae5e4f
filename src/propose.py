"""A retraining's commit as a pull request, with its report: python -m src.propose."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from src import config, files, git, processes
from src.command import guarded
from src.errors import UserError
from src.processes import DVC
from src.reporting import document, verdicts
from src.retrain import REPORT, STOPPED, VALUES

BRANCH = "retrain"
REMOTE = "origin"
LONGEST = 60_000  # characters; GitHub takes 65,536 of a pull request's text
BODY = Path("artifacts/proposal.md")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m src.propose",
        description=f"Push a retraining's commit to the branch '{BRANCH}' and its results to "
        "DVC's remote where one is set; then open a pull request with the report, or renew the "
        "one that is open. It is a draft where a champion became worse or the gate failed.",
    )
    parser.parse_args()
    guarded(propose)


def propose() -> None:
    """Do all of it; nothing where nothing changed."""
    config.find_root()
    values = _values()
    word = values["verdict"]
    if word in (verdicts.UNCHANGED, STOPPED):
        print(f"Nothing to propose: {word}.")
        return
    base = git.ask("branch", "--show-current")
    _check_committed(values["commit"])
    if processes.output(*DVC, "remote", "list").strip():
        processes.run(*DVC, "push")
    # The branch is this command's own: what an earlier retraining left there is out of date.
    processes.run("git", "push", "--force", REMOTE, f"HEAD:refs/heads/{BRANCH}")
    if shutil.which("gh") is None:
        print(f"Pushed to '{BRANCH}'. gh is not installed: open the pull request by hand; {REPORT}")
        return
    _request(word, base)


def _check_committed(compared: str | None) -> None:
    """Refuse any commit but the one that followed what the report compares with."""
    head, parent = (git.ask("rev-parse", "--verify", "--quiet", name) for name in ("HEAD", "HEAD^"))
    if head is None or parent != compared:
        given = f"{REPORT} compares with {compared}, and HEAD follows {parent}"
        raise UserError(
            "The retraining is not committed.", given=given, fix="make retrain COMMIT=1"
        )


def _values() -> dict[str, Any]:
    try:
        values = json.loads(VALUES.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError("There is no report.", given=VALUES, fix="make retrain COMMIT=1") from None
    assert isinstance(values, dict)
    return values


def _request(word: str, base: str | None) -> None:
    """Open a pull request, or give the open one the new text."""
    text = document.without_charts(REPORT.read_text(encoding="utf-8"))
    files.write(BODY, text[:LONGEST].encode())
    title = (git.ask("log", "-1", "--format=%s") or f"retrain: {word}")[:200]
    told = ("--title", title, "--body-file", str(BODY))
    is_draft = word in (verdicts.WORSE, verdicts.REFUSED)
    fields = ("--json", "number,isDraft")
    listed = ("gh", "pr", "list", "--head", BRANCH, "--state", "open", *fields)
    known = json.loads(processes.output(*listed) or "[]")
    if known:
        number = str(known[0]["number"])
        processes.run("gh", "pr", "edit", number, *told)
        if known[0]["isDraft"] != is_draft:
            processes.run("gh", "pr", "ready", number, *(("--undo",) if is_draft else ()))
        return
    onto = ("--base", base) if base and base != BRANCH else ()
    draft = ("--draft",) if is_draft else ()
    processes.run("gh", "pr", "create", "--head", BRANCH, *onto, *told, *draft)


if __name__ == "__main__":
    main()
