"""Whether this Python was built to be fast."""

from __future__ import annotations

import platform
import sysconfig

import pytest

from src.support import interpreter


@pytest.mark.parametrize(
    ("arguments", "is_optimised"),
    [
        ("'--prefix=/usr' '--enable-optimizations' '--with-lto'", True),
        ("'--prefix=/usr' '--enable-shared'", False),
        ("", False),
        (None, True),  # it is not known, as on Windows
    ],
)
def test_a_build_says_what_it_was_made_with(
    monkeypatch: pytest.MonkeyPatch, arguments: str | None, is_optimised: bool
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", {"CONFIG_ARGS": arguments}.get)
    monkeypatch.setattr(platform, "python_implementation", lambda: "CPython")
    monkeypatch.setattr(platform, "python_version", lambda: "3.11.7")
    assert interpreter.is_optimised() is is_optimised
    rest = "" if is_optimised else ", built without optimisation"
    assert interpreter.description() == f"CPython 3.11.7{rest}"


def test_another_python_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "python_implementation", lambda: "PyPy")
    monkeypatch.setattr(sysconfig, "get_config_var", {"CONFIG_ARGS": ""}.get)
    assert interpreter.is_optimised()
