"""What --debug tells of the SDK's requests."""

from __future__ import annotations

import logging

_TOLD = ("Request URL", "Request method", "Response status", "x-ms-request-id", "x-ms-correlation-request-id")


class Said(logging.Handler):
    """Says on stderr what was asked, and with which status and under which id it was answered."""

    def emit(self, record: logging.LogRecord) -> None:
        """Those lines of the record's message; any other header may quote what was sent."""
        from mzaudit.cli.streams import say

        for line in record.getMessage().splitlines():
            if line.strip(" '").startswith(_TOLD):
                say(line.strip())
