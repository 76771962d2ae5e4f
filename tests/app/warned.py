"""What the warnings of an answer say."""

from __future__ import annotations

from typing import Any


def codes(answer: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


def messages(answer: dict[str, Any]) -> list[str]:
    return [warning["message"] for warning in answer["warnings"]]
