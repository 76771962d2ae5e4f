"""Lines of the log without API keys: an error may repeat what a client has sent."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from app.store.redaction import without_keys


class RedactedRecord(logging.LogRecord):
    """A line, and the error that is logged with it, without the API keys in them."""

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        if self.exc_info and self.exc_info[0] is not None:
            # Formatters write an error that has no text yet.
            self.exc_text = without_keys("".join(traceback.format_exception(*self.exc_info)))

    def getMessage(self) -> str:  # noqa: N802 - the library's name
        """Return the line."""
        return without_keys(super().getMessage())


def install() -> None:
    """Let every line that this process logs from now on be one of these."""
    logging.setLogRecordFactory(RedactedRecord)
