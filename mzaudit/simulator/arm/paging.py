"""How simulated lists are cut into pages: small ones, an empty one among them, and several spellings of the end."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

from mzaudit.simulator.http_messages import HttpRequest, HttpResponse, Json, error

End = Literal["missing", "null", "web", "empty"]
_ENDS: dict[End, Json] = {"missing": {}, "null": {"nextLink": None}, "web": {"nextLink": None, "id": None}}
_ENDS["empty"] = {"nextLink": ""}


def page(
    call: HttpRequest, items: Sequence[Json], *, size: int, end: End, link_host: str | None = None
) -> HttpResponse:
    """One page of a list, by the request's skip token; the second of several pages is empty but has a link.

    A vault gives `link_host` because its links carry an explicit port.
    """
    pages = [list(items[start : start + size]) for start in range(0, len(items), size)] or [[]]
    if len(pages) > 1:
        pages.insert(1, [])
    number = 0
    if "$skiptoken" in call.query:
        try:
            number = int(base64.urlsafe_b64decode(call.query["$skiptoken"]).decode().removeprefix("page:"))
            chosen = pages[number]
        except (binascii.Error, ValueError, IndexError):
            return error(400, "InvalidSkipToken", "The provided $skiptoken is invalid.")
    else:
        chosen = pages[0]
    if number == len(pages) - 1:
        return HttpResponse(200, {"value": chosen, **_ENDS[end]})
    kept = {name: value for name, value in call.query.items() if name != "$skiptoken"}
    kept["$skiptoken"] = base64.urlsafe_b64encode(f"page:{number + 1}".encode()).decode()
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in kept.items())
    return HttpResponse(200, {"value": chosen, "nextLink": f"https://{link_host or call.host}{call.path}?{query}"})
