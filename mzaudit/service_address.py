"""Which addresses a token, or a message, is sent to at all."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_VISIBLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,10}|\[[0-9A-Fa-f:.]{2,45}\]")


def is_address(url: str, *, local: bool = False) -> bool:
    """Whether a token may be sent there: HTTPS, a plain host, no user name, no fragment. With `local`, this machine's
    own address (127.0.0.1) may do without TLS."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one that is none
    except ValueError:
        return False
    host = parts.netloc if parts.port is None else parts.netloc.rpartition(":")[0]
    plain = _VISIBLE.fullmatch(url) and _HOST.fullmatch(host.removesuffix(":")) and "\\" not in url
    secure = parts.scheme == "https" or (local and parts.scheme == "http" and parts.hostname == "127.0.0.1")
    return secure and bool(plain) and not parts.fragment
