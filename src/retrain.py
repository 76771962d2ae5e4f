"""Retrain on fresh data, compare with the last commit and report: python -m src.retrain."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from src.config import configuration, paths
from src.config.configuration import Params
from src.reporting import changes, document, verdicts
from src.reporting.document import Report
from src.reporting.earlier import Earlier
from src.reporting.others import others
from src.support import dvc_lock, extras, files, git, processes
from src.support.cli import guarded
from src.support.errors import UserError
from src.support.processes import DVC

REPORT = Path("artifacts/report.md")
VALUES = REPORT.with_suffix(".json")
PICTURES = REPORT.with_suffix("")
MADE_BY = (str(configuration.CONF), "src")  # a file that git does not know yet may decide there
SHOWN = 5  # changed files in a refusal
RESULTS = ("data.dvc", "dvc.lock", str(paths.METRICS))  # what a retraining may commit
CODES = {
    verdicts.BETTER: 0,
    verdicts.LEVEL: 0,
    verdicts.UNCHANGED: 3,
    verdicts.WORSE: 4,
    verdicts.REFUSED: 5,
}
STOPPED = "stopped"
EPILOG = f"""exit codes:
  0    done: the champions are better, or as good
  3    done, and nothing changed
  4    done: a champion is worse than the one before, on the same rows
  5    done: of a dataset no run passes its gate
  1    not done, or not committed: what it says and {REPORT} tell why
  130  stopped by Ctrl-C, 143 by a signal"""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m src.retrain",
        description="Pull the data, run the pipeline and report what changed since the last "
        f"commit: {REPORT} for people, {VALUES} for programs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--commit", action="store_true", help=f"commit {', '.join(RESULTS)} if anything changed"
    )
    arguments = parser.parse_args()
    # Without this a training that it has started would go on alone.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    codes: list[int] = []
    guarded(lambda: codes.append(retrain(commit=arguments.commit)))
    sys.exit(codes[0] if codes else 1)


def retrain(*, commit: bool) -> int:
    """Run all steps and return the exit code."""
    configuration.find_root()
    _say_stopped("It did not come to its end.")  # no earlier report may pass for this one's
    try:
        if not extras.has("dvc"):
            raise extras.absent("dvc")
        params = configuration.read_params()
        processes.output("git", "status", "--porcelain", fix="git init, or what it says")
        if commit:
            _check_clean()
        dvc_lock.mend()
        _pull()
        processes.run(*DVC, "repro", fix="mend it; what was trained before is untouched")
        report = _compare(params)
        _write(report)
    except UserError as error:
        _say_stopped(str(error))
        raise
    if commit and report.word != verdicts.UNCHANGED:
        _commit(report)
    return CODES[report.word]


def _say_stopped(why: str) -> None:
    files.write(REPORT, f"# Retraining: {STOPPED}\n\n```\n{why}\n```\n".encode())
    files.write_json(VALUES, {"verdict": STOPPED, "why": why})


def _compare(params: Params) -> Report:
    with tempfile.TemporaryDirectory(prefix="lapidary-earlier-") as folder:
        earlier = Earlier(Path(folder))
        datasets = [
            changes.changes(
                name,
                {key: run.model for key, run in params.runs.items() if run.dataset == name},
                earlier,
                params.seed,
            )
            for name in params.datasets
        ]
        return Report(datasets, earlier.commit, others(earlier, params.datasets))


def _pull() -> None:
    """Pull the data, which is required, and the outputs of stages where available."""
    if not processes.output(*DVC, "remote", "list").strip():
        _check_data()
        return
    processes.run(
        *DVC,
        "pull",
        f"{paths.DATA}.dvc",
        fix="see what it says: dvc push where the data is, the remote's address and credentials, "
        "or dvc add data if what is changed here is meant",
    )
    try:
        processes.run(*DVC, "pull", "--allow-missing")
    except UserError:
        print("Not everything could be brought. It is made again.")


def _check_data() -> None:
    """Refuse data that differs from data.dvc, since recording it would undo what was pushed."""
    fix = "dvc remote add --default storage <url>, and dvc push where the data is"
    if not paths.DATA.is_dir():
        raise UserError("There is no data here, and no remote to pull it from.", fix=fix)
    # `dvc status` says "not in cache" of data that DVC has no copy of, whether it is right or not.
    status = json.loads(processes.output(*DVC, "data", "status", "--json") or "{}")
    changed = [name for named in status.get("uncommitted", {}).values() for name in named]
    if f"{paths.DATA}/" in changed:
        raise UserError(
            f"{paths.DATA}.dvc names other data than what is in {paths.DATA}/, and there is no "
            "remote to pull that from.",
            fix=f"{fix}; or dvc add {paths.DATA}, if what is here is meant",
        )


def _write(report: Report) -> None:
    from src.reporting import cards, pictures

    with files.new_folder(PICTURES, "The report's charts") as folder:
        drawn = {one.dataset.name: pictures.draw(one, folder) for one in report.changed}
        copied = {one.dataset.name: cards.copy(one, folder) for one in report.changed}
    files.write(REPORT, document.markdown(report, drawn, copied).encode())
    files.write_json(VALUES, document.values(report))
    for one in report.datasets:
        print(f"{one.dataset.name}: {one.verdict.word}; {one.verdict.why}")
    for words in report.others:
        print(words)
    print(f"The report: {REPORT}")


def _check_clean() -> None:
    """Refuse to start with uncommitted changes, which the results would depend on."""
    others = [f":(exclude){path}" for path in RESULTS]
    changed = _status("--untracked-files=no", "--", ".", *others)
    changed += _status("--untracked-files=all", "--", *MADE_BY)
    if changed:
        shown = list(dict.fromkeys(changed))
        raise UserError(
            "Something is changed and not committed: the figures would be of no commit.",
            given=", ".join(shown[:SHOWN]) + (", ..." if len(shown) > SHOWN else ""),
            fix="commit it first, or leave out COMMIT=1",
        )


def _status(*words: str) -> list[str]:
    return [
        line[3:] for line in processes.output("git", "status", "--porcelain", *words).splitlines()
    ]


def _commit(report: Report) -> None:
    tracked = [path for path in RESULTS if Path(path).exists()]
    processes.output("git", "add", "--", *tracked)
    words = ("commit", "--quiet", "--message", document.message(report), "--", *tracked)
    processes.output("git", *words, fix="git config user.name and user.email, or what it says")
    print(f"committed as {git.ask('rev-parse', '--short', 'HEAD')}")


if __name__ == "__main__":
    main()
