"""What the SDK's loggers may say: nothing, or with --debug its requests."""

from __future__ import annotations

import logging
import re

_REQUESTS = "azure.core.pipeline.policies.http_logging_policy"
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


def configure_logging(debug: bool) -> None:
    """The SDK's loggers say nothing. With --debug the one that logs requests speaks, which masks what it does not know
    to be harmless; no other, because they quote the words of exceptions and so of bodies."""
    for name in ("azure", "msal", "asyncio", "aiohttp", "pytds", "urllib3"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.handlers = [logging.NullHandler()]
        logger.setLevel(logging.CRITICAL)
    requests = logging.getLogger(_REQUESTS)
    requests.propagate = False
    requests.handlers = [DebugHandler()] if debug else []
    requests.setLevel(logging.INFO if debug else logging.CRITICAL)
