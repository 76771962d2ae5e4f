"""python -m app, as a process: help at every word, and only what is asked for is imported."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app import __main__ as command_line

VERBS: dict[str, list[str]] = {
    "backup": [],
    "keys": ["create", "list", "revoke"],
    "labels": ["list", "purge"],
    "models": ["list", "promote", "rollback", "override"],
    "snapshot": [],
}
WORDS = [[], *([noun] for noun in VERBS), *([noun, verb] for noun in VERBS for verb in VERBS[noun])]


def start(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_help_is_given_at_every_word(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.run([*words, "--help"])
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(" ".join(["usage: python -m app", *words]))
    assert " ".join(["example:\n  python -m app", *words]) in out


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_the_example_is_a_command(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit):
        command_line.run([*words, "--help"])
    example = capsys.readouterr().out.splitlines()[-1]
    shown = shlex.split(example)[len(["python", "-m", "app"]) :]
    assert command_line.parser(shown[0]).parse_args(shown).run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: {backup,datasets,keys"),
        (["kyes"], "'kyes'"),
        (["app.auth.command"], "'app.auth.command'"),
    ],
)
def test_a_wrong_noun_is_told_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.run(words)
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert said in err
    assert all(noun in err for noun in VERBS)


def test_only_the_noun_that_is_asked_for_is_imported(root: Path) -> None:
    code = """
import sys
from app import __main__ as command_line
command_line.parser("keys")
print([noun for noun, (module, *_) in command_line.NOUNS.items() if module in sys.modules])
"""
    assert start(root, "-c", code).stdout == "['keys']\n"


def test_a_package_that_is_not_installed_is_told(root: Path, absent: Callable[[str], Path]) -> None:
    done = start(root, "-m", "app", "snapshot", "diamonds", PYTHONPATH=str(absent("pandas")))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: This installation answers and does not train.")
    assert "'.[train]'" in done.stderr


def test_a_wrong_setting_is_told_and_help_needs_none(root: Path) -> None:
    wrong = {"LAPIDARY_WORKERS": "many"}
    done = start(root, "-m", "app", "keys", "list", **wrong)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: The setting LAPIDARY_WORKERS is not valid")
    assert start(root, "-m", "app", "keys", "list", "--help", **wrong).returncode == 0


def test_what_a_command_keeps_is_for_this_user_alone(root: Path, tmp_path: Path) -> None:
    var = tmp_path / "var"
    words = ("-m", "app", "keys", "create", "--name", "web", "--scopes", "predict")
    done = start(root, *words, LAPIDARY_VAR=str(var), DATABASE_URL="")
    assert done.returncode == 0, done.stderr
    kept = {path.name: path.stat().st_mode & 0o077 for path in [var, *var.iterdir()]}
    assert kept.keys() >= {"lapidary.db", "closed.json"}
    assert set(kept.values()) == {0}, kept
