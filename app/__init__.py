"""The service: `gunicorn app:api` serves every dataset that has a champion."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Answer to `gunicorn app:api`; whoever imports a part of the service does not build it."""
    if name == "api":
        from app.wsgi import api

        return api
    raise AttributeError(f"module 'app' has no attribute '{name}'")
