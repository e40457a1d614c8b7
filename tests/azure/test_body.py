"""Bodies that are too large, wrongly coded or of two meanings: one gap each, for lists, things and tokens alike."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mzaudit.azure.client.response_body import LARGEST, BodyError, check
from mzaudit.azure.readers import web_reader
from mzaudit.azure.sql import result_rows
from mzaudit.errors import CredentialError
from mzaudit.simulator import Fault, Recode, StatusFault, serve
from mzaudit.snapshot.observed import Gap, GapReason
from tests.azure.estates import HURRIED, Names, take
from tests.azure.gapped import asked
from tests.documented_estate import build

CONFIG = r"GET /subscriptions/.*/sites/app-monozu-cloud-prd/config/web$"
SECRETS = r"GET /subscriptions/.*/vaults/kv-mz-cloud-prd/secrets$"
REGISTRY = r"POST https://acrmonozu.azurecr.io/oauth2/exchange"
LOGIN = r"POST https://login.microsoftonline.com/.*/token"

Change = Callable[[bytes], bytes]
BOMB = gzip.compress(bytes(LARGEST + 1))


def zipped(body: bytes) -> bytes:
    return gzip.compress(body)


def bare(body: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(body) + deflate.flush()


def coded(change: Change, coding: str) -> Recode:
    return Recode(change, {"Content-Encoding": coding})


def put(text: str) -> Recode:
    """A member that nobody reads, before those that somebody does."""
    return Recode(lambda body: b"{" + text.encode() + b"," + body[1:])


READ = {
    "gzip": coded(zipped, "gzip"),
    "in capitals": coded(zipped, "GZIP"),
    "by its old name": coded(zipped, "x-gzip"),
    "deflate": coded(zlib.compress, "deflate"),
    "deflate without its frame": coded(bare, "deflate"),
    "twice": coded(lambda body: zipped(zlib.compress(body)), "deflate, gzip"),
    "identity": coded(lambda body: body, "identity"),
    "identity among others": coded(zipped, " identity ,gzip,"),
    "a byte order mark": Recode(lambda body: b"\xef\xbb\xbf" + body),
    "a name twice with one value": put('"odd": 1, "odd": 1'),
    "a long number": put('"odd": 123456789012345678901234567890'),
}
REFUSED = {
    "a bomb": (coded(lambda _: BOMB, "gzip"), "larger"),
    "a bomb in a bomb": (coded(lambda _: gzip.compress(BOMB), "gzip, gzip"), "larger"),
    "a bomb by deflate": (coded(lambda _: zlib.compress(bytes(LARGEST + 1)), "deflate"), "larger"),
    "larger as it is": (Recode(lambda body: body + bytes(LARGEST)), "larger"),
    "brotli": (coded(lambda body: body, "br"), "not asked for"),
    "a coding nobody knows": (coded(zipped, "gzip, rot13"), "not asked for"),
    "many codings": (coded(zipped, "gzip, gzip, gzip, gzip"), "not asked for"),
    "no gzip": (coded(lambda body: body, "gzip"), "not the gzip"),
    "gzip cut short": (coded(lambda body: zipped(body)[:-9], "gzip"), "cut short"),
    "gzip, and more": (coded(lambda body: zipped(body) + b"x", "gzip"), "follows"),
    "brackets": (put('"odd":' + "[" * 200_000 + "]" * 200_000), "deeply"),
    "braces": (put('"odd":' + '{"a":' * 100_000 + "1" + "}" * 100_000), "deeply"),
    "a huge number": (put('"odd": ' + "9" * 100_000), "too long"),
    "NaN": (put('"odd": NaN'), "number"),
    "infinity": (put('"odd": -Infinity'), "number"),
    "beyond infinity": (put('"odd": 1e999'), "number"),
    "two values of one name": (put('"odd": 1, "odd": 2'), "duplicate member"),
    "UTF-16": (Recode(lambda body: body.decode().encode("utf-16")), "UTF-8"),
    "UTF-16 without a byte order mark": (Recode(lambda body: body.decode().encode("utf-16-le")), "UTF-8"),
    "UTF-32": (Recode(lambda body: body.decode().encode("utf-32-be")), "UTF-8"),
    "two byte order marks": (Recode(lambda body: b"\xef\xbb\xbf" * 2 + body), "byte order mark"),
    "invalid UTF-8": (Recode(lambda body: b'{"odd": "\xff",' + body[1:]), "UTF-8"),
}


@pytest.fixture(scope="module")
def served() -> Any:
    with serve(build("compliant")) as sim:
        yield sim


@pytest.mark.parametrize("case", READ)
def test_what_http_and_json_allow_is_read(served: Any, case: str) -> None:
    served.faults[:] = [Fault(each, READ[case]) for each in (CONFIG, SECRETS, REGISTRY, LOGIN)]
    assert asked(take(served)) == []


@pytest.mark.parametrize("case", REFUSED)
def test_a_body_that_is_not_to_be_read_is_the_gap_of_its_call(served: Any, case: str) -> None:
    """The registry's token too: what it was wanted for has the gap."""
    action, word = REFUSED[case]
    served.faults[:] = [Fault(CONFIG, action), Fault(REGISTRY, action)]
    snapshot = take(served)
    gap = snapshot.site(Names(served.subscription_id).cloud).config
    assert isinstance(gap, Gap)
    without_token = [each for each in asked(snapshot) if each != gap]
    assert len(without_token) == 3
    assert all("_tags" in each.call for each in without_token)
    assert {each.reason for each in (gap, *without_token)} == {GapReason.MALFORMED}
    assert all(word in each.detail for each in (gap, *without_token))


@pytest.mark.parametrize("case", [*REFUSED, "expires never"])
def test_a_login_that_is_answered_so_says_so(served: Any, case: str) -> None:
    odd = StatusFault(200, '{"token_type":"Bearer","access_token":"a","expires_in":1e999}')
    served.faults[:] = [Fault(LOGIN, REFUSED[case][0] if case in REFUSED else odd)]
    with pytest.raises(CredentialError, match="cannot be read"):
        take(served, retry=replace(HURRIED, first=0.0))


def test_a_page_may_be_larger_than_a_thing(served: Any) -> None:
    served.faults[:] = [Fault(SECRETS, coded(lambda body: gzip.compress(b" " * (LARGEST + 1) + body), "gzip"))]
    assert asked(take(served)) == []


def test_a_status_is_told_beside_a_body_that_is_not_to_be_read(served: Any) -> None:
    served.faults[:] = [Fault(CONFIG, StatusFault(403, '{"a": NaN}'))]
    (gap,) = asked(take(served))
    assert gap.reason is GapReason.FORBIDDEN


def test_whatever_a_reader_raises_is_the_gap_of_its_answer(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of ours, of one answer: named, and no other call suffers."""

    def broken(*_: object) -> None:
        raise kind("hunter2")

    served.faults.clear()
    monkeypatch.setattr(web_reader, "_config", broken)
    for kind in (KeyError, IndexError, AttributeError, TypeError, OverflowError, RecursionError, ZeroDivisionError):
        gaps = asked(take(served))
        assert {gap.reason for gap in gaps} == {GapReason.INTERNAL}
        assert all("/config/web" in gap.call for gap in gaps)
        assert all(gap.detail.startswith(f"{kind.__name__} at mzaudit/azure/readers/web_reader.py:") for gap in gaps)


def test_the_want_of_memory_is_no_gap(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError

    served.faults.clear()
    monkeypatch.setattr(web_reader, "_config", broken)
    with pytest.raises(BaseExceptionGroup):
        take(served)


def test_what_is_no_json_is_left_to_whoever_expects_some() -> None:
    for body in (b"", b"<html>\xff</html>", b"  plain", b'{"cut": '):
        check(body)
    with pytest.raises(BodyError):
        check(b'[{"a": 1, "a": 2}]')


def test_whatever_a_row_does_is_the_gap_of_its_query(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise IndexError

    served.faults.clear()
    monkeypatch.setattr(result_rows, "principals", broken)
    gaps = asked(take(served))
    assert [gap.reason for gap in gaps] == [GapReason.INTERNAL] * 2
    assert all(gap.detail.startswith("IndexError at mzaudit/azure/sql/databases_reader.py:") for gap in gaps)
