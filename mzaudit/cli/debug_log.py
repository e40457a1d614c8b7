"""What --debug tells of the SDK's requests."""

from __future__ import annotations

import logging
import re

_TOLD = ("Request URL", "Request method", "Response status")
_ID = re.compile(r"'?x-ms-(?:correlation-)?request-id'?: '?[0-9A-Za-z:_-]{1,64}'?", re.IGNORECASE)


class DebugHandler(logging.Handler):
    """Says on stderr what was asked, and with which status and under which id it was answered."""

    def emit(self, record: logging.LogRecord) -> None:
        """Those lines of the record's message; any other header may quote what was sent."""
        from mzaudit.cli.streams import say

        for line in record.getMessage().splitlines():
            told = line.strip()
            if told.startswith(_TOLD) or _ID.fullmatch(told):
                say(told)
