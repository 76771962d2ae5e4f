"""What the tests of requests and answers share: services with long and with short deadlines."""

from tests.app.http.gunicorns import (  # noqa: F401 - pytest finds the fixtures here
    hasty,
    hasty_service,
    patient,
    patient_service,
)
