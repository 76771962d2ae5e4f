"""The service: `gunicorn app:api` serves every dataset that has a champion."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Build the service when a server first asks for it, so that importing a part costs nothing."""
    if name == "api":
        from app.factory import create_api
        from app.settings import read

        api = create_api(read())
        globals()["api"] = api
        return api
    raise AttributeError(f"module 'app' has no attribute '{name}'")
