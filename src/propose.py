"""A retraining's commit as a pull request, with its report: python -m src.propose."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from src.config import configuration
from src.reporting import document, verdicts
from src.retrain import REPORT, RESULTS, STOPPED, VALUES
from src.support import extras, files, git, processes
from src.support.cli import guarded
from src.support.errors import UserError
from src.support.processes import DVC

GH = "gh"  # GitHub's command line
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
        "one that is open, or close it where nothing changed. It is a draft where a champion "
        "became worse or the gate failed.",
    )
    parser.parse_args()
    guarded(propose)


def propose() -> None:
    """Open or update the pull request; withdraw it if nothing changed."""
    configuration.find_root()
    if not extras.has("dvc"):
        raise extras.absent("dvc")
    values = _values()
    word = values["verdict"]
    if word == STOPPED:
        print("Nothing to propose: the retraining stopped.")
        return
    if word == verdicts.UNCHANGED:
        _withdraw()
        return
    base = git.ask("branch", "--show-current")
    _check_committed(values["commit"])
    if processes.output(*DVC, "remote", "list").strip():
        processes.run(*DVC, "push")
    # The branch is this command's own: what an earlier retraining left there is out of date.
    processes.run("git", "push", "--force", REMOTE, f"HEAD:refs/heads/{BRANCH}")
    if shutil.which(GH) is None:
        print(f"Pushed to '{BRANCH}'. gh is not installed: open the pull request by hand; {REPORT}")
        return
    _request(word, base)


def _check_committed(compared: str | None) -> None:
    """Refuse any commit but that of the retraining: results only, on top of the compared commit."""
    head, parent = (git.ask("rev-parse", "--verify", "--quiet", name) for name in ("HEAD", "HEAD^"))
    if head is None or parent != compared:
        reason = f"{REPORT} compares with {compared}, and HEAD follows {parent}"
    else:
        named = git.ask("show", "--format=", "--name-only", "--relative", "HEAD") or ""
        others = [name for name in named.splitlines() if not name.startswith(RESULTS)]
        if not others:
            return
        reason = f"the last commit changes {', '.join(others[:3])} as well"
    raise UserError("The retraining is not committed.", given=reason, fix="make retrain COMMIT=1")


def _values() -> dict[str, Any]:
    try:
        values = json.loads(VALUES.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError("There is no report.", given=VALUES, fix="make retrain COMMIT=1") from None
    assert isinstance(values, dict)
    return values


def _open() -> dict[str, Any] | None:
    """Return our open pull request, but not a fork's with the same branch name."""
    fields = ("--json", "number,isDraft,isCrossRepository")
    listed = (GH, "pr", "list", "--head", BRANCH, "--state", "open", *fields)
    requests = json.loads(processes.output(*listed) or "[]")
    return next((one for one in requests if not one["isCrossRepository"]), None)


def _withdraw() -> None:
    """Close the open pull request, whose figures are outdated."""
    request = _open() if shutil.which(GH) else None
    if request is None:
        print("Nothing to propose: nothing changed.")
        return
    why = "Closed: the last commit has the figures of its own data and configuration."
    processes.run(GH, "pr", "close", str(request["number"]), "--comment", why)


def _request(word: str, base: str | None) -> None:
    """Open a pull request, or update the text of the open one."""
    files.write(BODY, document.short(REPORT.read_text(encoding="utf-8"), LONGEST).encode())
    title = (git.ask("log", "-1", "--format=%s") or f"retrain: {word}")[:200]
    content = ("--title", title, "--body-file", str(BODY))
    is_draft = word in (verdicts.WORSE, verdicts.REFUSED)
    request = _open()
    if request is not None:
        number = str(request["number"])
        processes.run(GH, "pr", "edit", number, *content)
        if request["isDraft"] != is_draft:
            processes.run(GH, "pr", "ready", number, *(("--undo",) if is_draft else ()))
        return
    onto = ("--base", base) if base and base != BRANCH else ()
    draft = ("--draft",) if is_draft else ()
    processes.run(GH, "pr", "create", "--head", BRANCH, *onto, *content, *draft)


if __name__ == "__main__":
    main()
