from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from src.support import processes
from src.support.errors import UserError

PYTHON = (sys.executable, "-S", "-c")  # without site-packages it starts at once


def test_what_it_prints_is_shown_with_its_errors(capsys: pytest.CaptureFixture[str]) -> None:
    processes.run(*PYTHON, "import sys; print('one', flush=True); print('two', file=sys.stderr)")
    assert capsys.readouterr().out == "one\ntwo\n"


def test_a_failure_says_its_code_and_its_last_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError) as caught:
        processes.run(*PYTHON, "for at in range(99): print(at)\nraise SystemExit(7)", fix="mend it")
    error = caught.value
    assert error.what.endswith("stopped with code 7.")
    assert str(error.given).split("\n") == [str(at) for at in range(99 - processes.LAST, 99)]
    assert error.fix == "mend it"
    assert capsys.readouterr().out.endswith("97\n98\n")


def test_a_failure_may_be_silent() -> None:
    for run in (processes.run, processes.output):
        with pytest.raises(UserError) as caught:
            run("false")
        assert caught.value.given is None


@pytest.mark.parametrize("run", [processes.run, processes.output])
def test_what_is_not_installed_is_named(run: object) -> None:
    assert callable(run)
    with pytest.raises(UserError, match=r"^no-such-program is not installed\."):
        run("no-such-program", "at", "all")


def test_what_it_prints_may_be_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    code = r"import sys; sys.stdout.buffer.write(b'a\xffb\n')"
    processes.run(*PYTHON, code)
    assert capsys.readouterr().out == "a\N{REPLACEMENT CHARACTER}b\n"
    assert processes.output(*PYTHON, code) == "a\N{REPLACEMENT CHARACTER}b\n"


def test_what_ends_it_ends_all_that_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "pid"
    code = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
open({str(mark)!r}, "w").write(str(child.pid))
print("started", flush=True)
child.wait()
"""

    def interrupted(*_words: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.print", interrupted)
    with pytest.raises(KeyboardInterrupt):
        processes.run(*PYTHON, code)
    monkeypatch.undo()
    until = time.monotonic() + 10
    while Path(f"/proc/{mark.read_text()}").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_running(int(mark.read_text()))


def is_running(pid: int) -> bool:
    """Tell whether a process works still; one that nobody has asked after does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[-1][0] != "Z"
    except FileNotFoundError:
        return False


def test_the_output_is_returned_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import sys; print('one'); print('two', file=sys.stderr)"
    assert processes.output(*PYTHON, code) == "one\n"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('out'); sys.exit('err')", "err"),
        ("print('out'); sys.exit(1)", "out"),
        ("print('out'); print(file=sys.stderr); sys.exit(1)", "out"),
        ("sys.exit('x' * 9000 + 'end')", "x" * 497 + "end"),
    ],
)
def test_a_failed_output_says_what_it_complained_of(code: str, said: str) -> None:
    with pytest.raises(UserError, match="failed") as caught:
        processes.output(*PYTHON, f"import sys; {code}", fix="mend it")
    assert (caught.value.given, caught.value.fix) == (said, "mend it")


def test_dvc_is_called_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    dvc = ("sh", "-c", "exit 3")
    monkeypatch.setattr(processes, "DVC", dvc)
    with pytest.raises(UserError, match=r"^`dvc pull --now` stopped with code 3\."):
        processes.run(*dvc, "pull", "--now")
    with pytest.raises(UserError, match=r"^`dvc remote list` failed\."):
        processes.output(*dvc, "remote", "list")
