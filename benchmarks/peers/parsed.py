"""The service with every request read by gunicorn's parser and answered through Falcon."""

from __future__ import annotations

from app.factory import create_api
from app.settings import read

api = create_api(read())
api.takes_plain = False
