"""The second promise: a run over an estate full of secrets writes none of them anywhere, in no encoding and in no part,
however it is asked and wherever it breaks."""

from __future__ import annotations

import base64
import copy
import dataclasses
import faulthandler
import hashlib
import html
import io
import json
import logging
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import pytest
import rich.logging
import rich.pretty
import rich.traceback
from rich.console import Console

from mzaudit.azure.text.sealed_values import Sealed
from mzaudit.cli import debug_log
from mzaudit.report import FORMATS
from mzaudit.simulator import Fault, ServerError, Simulator, SqlFault, StatusFault, serve
from mzaudit.simulator.services import entra
from mzaudit.simulator.sql import sql_login
from mzaudit.simulator.sql.sql_errors import SqlError
from tests.cli.conftest import Outcome
from tests.leftovers import nothing_left_open
from tests.promises.leaks import Searcher
from tests.promises.planted import Planter, planted

Call = Callable[..., Outcome]
Counted = Callable[[str, int], None]
FILES = tuple(part for name in FORMATS for part in ("-o", f"{name}:out.{name}"))
DATABASES = "https://database.windows.net"


@dataclasses.dataclass(frozen=True)
class Planted:
    """A simulated Azure that serves an estate full of secrets, those secrets, and what looks for them."""

    simulator: Simulator
    planter: Planter
    searcher: Searcher


@pytest.fixture(scope="module")
def estate() -> Iterator[Planted]:
    made, planter = planted()
    with pytest.MonkeyPatch.context() as patch:
        issue = entra.token

        def remembered(*args: object, **options: object) -> str:
            made_token = issue(*args, **options)  # type: ignore[arg-type]  # whatever the simulator passes
            planter.secrets.append(made_token)
            return made_token

        patch.setattr(entra, "token", remembered)
        with serve(made) as simulator:
            yield Planted(simulator, planter, Searcher())


@pytest.fixture
def at_it(estate: Planted, mzaudit: Call, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Planted:
    """The environment leads to the estate, and the shipped policy lies in the folder."""
    for name, value in estate.simulator.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MZAUDIT_SUBSCRIPTION_ID", estate.simulator.subscription_id)
    assert mzaudit("init", "--example", "monozu").code == 0
    return estate


@pytest.fixture
def talkative(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything that could make a library talk is on, and what it says goes to files of the folder."""
    calm = debug_log.configure_logging
    loud = rich.logging.RichHandler(
        console=Console(file=(folder / "rich.log").open("w"), width=300),
        rich_tracebacks=True,
        tracebacks_show_locals=True,
    )
    loud.addFilter(lambda record: record.exc_info is not None)
    plain = logging.FileHandler(folder / "plain.log")
    names = ("azure", "azure.core.pipeline.policies.http_logging_policy", "msal", "aiohttp", "urllib3", "pytds")

    def turned_up(debug: bool) -> None:
        calm(debug)
        for name in names:
            logger = logging.getLogger(name)
            logger.setLevel(logging.DEBUG)
            logger.handlers += [loud, plain]

    monkeypatch.setattr(debug_log, "configure_logging", turned_up)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    was_on = faulthandler.is_enabled()
    rich.traceback.install(show_locals=True)
    with (folder / "faults.log").open("w") as faults:
        faulthandler.enable(faults)
        yield
        faulthandler.dump_traceback(faults)
        faulthandler.enable() if was_on else faulthandler.disable()
    for name in names:
        logging.getLogger(name).handlers.clear()
    for handler in (loud, plain):
        handler.close()
    loud.console.file.close()


def written(folder: Path, *outcomes: Outcome) -> dict[str, str]:
    """Every text that left a run: both streams, and every file below the folder."""
    texts = {f"stdout {number}": outcome.out for number, outcome in enumerate(outcomes)}
    texts |= {f"stderr {number}": outcome.err for number, outcome in enumerate(outcomes)}
    for path in folder.rglob("*"):
        if path.is_file():
            texts[str(path.relative_to(folder))] = path.read_bytes().decode("utf-8", "surrogateescape")
    return texts


def search(at_it: Planted, texts: dict[str, str], evidence: Counted) -> None:
    at_it.searcher.add(at_it.planter.secrets)
    before = at_it.searcher.outputs, at_it.searcher.characters
    leaks = {name: found for name, text in texts.items() if (found := at_it.searcher.found(text))}
    evidence("outputs searched for secrets", at_it.searcher.outputs - before[0])
    evidence("characters searched for secrets", at_it.searcher.characters - before[1])
    evidence("leaks", len(leaks))
    assert leaks == {}


def test_everything_that_a_run_writes(
    at_it: Planted, mzaudit: Call, folder: Path, talkative: None, evidence: Counted
) -> None:
    said = [
        mzaudit("check", "--env", "prd", "--debug", *FILES),
        mzaudit("check", "--env", "prd", "-o", "terminal", "-o", "jsonl:second.jsonl"),
        mzaudit("collect", "--env", "prd", "--debug", "-o", "snapshot.json"),
        mzaudit("check", "--env", "prd", "--snapshot", "snapshot.json"),
        mzaudit("report", "out.json"),
        *(mzaudit("report", "out.json", "-o", name) for name in FORMATS),
        mzaudit("explain", "SET-004"),
        mzaudit("policy", "requirements", "--report", "out.json"),
    ]
    assert [outcome.code for outcome in said] == [1, 1, 0, 1, *(0 for _ in range(3 + len(FORMATS)))], [
        outcome.err[-500:] for outcome in said
    ]
    texts = written(folder, *said)
    assert {"rich.log", "plain.log", "snapshot.json", *(f"out.{name}" for name in FORMATS)} <= texts.keys()
    assert "Request URL" in texts["stderr 0"]
    assert "Request URL" in texts["plain.log"]
    findings = json.loads(texts["out.json"])["findings"]
    assert {"KV-006", "SET-004", "SET-005", "OBS-002"} <= {f["rule"] for f in findings if f["status"] == "fail"}
    logins = [one for one in at_it.simulator.sql_requests if one.kind == "LOGIN"]
    assert logins
    assert {one.result for one in logins} == {0}
    assert DATABASES in {_audience(one) for one in at_it.planter.secrets}, "the token for databases is looked for too"
    assert "switched to database" in texts["plain.log"], "the driver talks"
    search(at_it, texts, evidence)
    evidence("canaries planted", len(set(at_it.planter.secrets)))


def test_everything_that_the_comparing_commands_write(
    at_it: Planted, mzaudit: Call, folder: Path, talkative: None, evidence: Counted
) -> None:
    said = [
        mzaudit("check", "--env", "prd", "-o", "json:first.json"),
        mzaudit("check", "--env", "prd", "--debug", "--attribute", "--baseline", "first.json", *FILES),
        mzaudit("collect", "--env", "prd", "-o", "one.json"),
        mzaudit("collect", "--env", "prd", "-o", "two.json"),
        mzaudit("diff", "one.json", "two.json"),
        mzaudit("diff", "first.json", "out.json", "--format", "markdown"),
        mzaudit("preview", "--snapshot", "one.json", "--base", "policies", "--head", "policies"),
        mzaudit("adopt", "--env", "prd", "--debug"),
    ]
    assert [outcome.code for outcome in said] == [1, 1, 0, 0, 0, 0, 0, 0], [outcome.out[-500:] for outcome in said]
    search(at_it, written(folder, *said), evidence)


# What the run was asked for, the function that breaks, and where in its arguments a value in clear is.
BREAKS = {
    "reader of the image": ("mzaudit.azure.text.linux_fx_version.parse", lambda args: args[0] or ""),
    "reader of settings": ("mzaudit.azure.readers.web_reader._settings", lambda args: _opened(args[1].properties)),
    "reader of connection strings": (
        "mzaudit.azure.readers.web_reader._strings",
        lambda args: args[1].properties["Odd"].value.open(),
    ),
    "classifier": ("mzaudit.azure.text.sealed_values.Classifier.value", lambda args: args[1].open()),
    "shapes": ("mzaudit.azure.text.credential_shapes.credentials", lambda args: args[0]),
    "equality": ("mzaudit.azure.text.sealed_values.Classifier._label", lambda args: args[2]),
    "parser": ("mzaudit.azure.text.sealed_values.Sealed.__init__", lambda args: args[1]),
    "answer": (
        "mzaudit.azure.readers.read._one",
        lambda args: getattr(args[1], "body", b"").decode("utf-8", "replace"),
    ),
    "session": (
        "mzaudit.azure.client.session._wait",
        lambda args: getattr(args[0], "body", b"").decode("utf-8", "replace"),
    ),
    "sign-in": ("mzaudit.azure.client.access_tokens.caller", lambda args: args[0]),
    "connection to a database": ("mzaudit.azure.sql.tds_session.connect", lambda args: args[3]),
    "login to a database": ("mzaudit.azure.sql.tds_connection._login", lambda args: args[3]),
    "talk with a database": ("mzaudit.azure.sql.tds_session.DatabaseSession.read", lambda args: args[0].token),
}
# Rooms that never hold a value: as if one had come through to them.
LATER = {
    "statement": "mzaudit.azure.sql.tds_connection.TdsConnection.ask",
    "rights in a database": "mzaudit.azure.sql.result_rows.rights",
    "users of a database": "mzaudit.azure.sql.result_rows.principals",
    "history of a database": "mzaudit.azure.sql.result_rows.migrations",
    "rule": "mzaudit.rules.settings.no_plaintext_credentials.check",
    "evaluation": "mzaudit.engine.evaluate.evaluate",
    "waivers": "mzaudit.engine.waive.lay",
    "store": "mzaudit.snapshot.saved.store.chunks",
    "report as JSON": "mzaudit.report.formats.json.head",
    "report as JUnit": "mzaudit.report.formats.junit.suites",
    "report in the terminal": "mzaudit.report.formats.terminal.chunks",
    "writing": "mzaudit.cli.output.write_file",
}
# ValueError becomes a gap of one call; the others are defects and end the run. EOFError is one that click would take
# for the end of a person's typing.
ERRORS: tuple[type[Exception], ...] = (ValueError, RuntimeError, EOFError)


def _opened(values: dict[str, Sealed]) -> str:
    return "\n".join(value.open() for value in values.values())


def _break(
    patch: pytest.MonkeyPatch, target: str, kind: type[Exception], value: Callable[[tuple[object, ...]], str]
) -> list[str]:
    """Let a function raise with a value in its words, its notes, its cause and the locals of two frames."""
    raised: list[str] = []

    def inner(in_clear: str) -> NoReturn:
        error = kind(in_clear, {"body": in_clear})
        error.add_note(f"while at {in_clear}")
        raise error from KeyError(in_clear)

    def broken(*args: object, **_: object) -> NoReturn:
        in_clear = value(args)
        raised.append(in_clear)
        inner(in_clear)

    patch.setattr(target, broken)
    return raised


@pytest.mark.parametrize("room", [*BREAKS, *LATER])
def test_a_crash_tells_no_secret(
    room: str, at_it: Planted, mzaudit: Call, folder: Path, talkative: None, evidence: Counted
) -> None:
    secret = at_it.planter.secrets[0]
    command = ("collect", "-o", "s.json") if room == "store" else ("check", *FILES)
    said = []
    faults = [Fault(r"vaults/kv-mz-cloud-prd/secrets$", StatusFault(500, {"error": {"message": secret}}), nth=1)]
    for kind in ERRORS if room in ("classifier", "rule") else ERRORS[1:2]:
        at_it.simulator.faults[:] = faults if room == "session" else []
        with pytest.MonkeyPatch.context() as patch:
            if room in BREAKS:
                raised = _break(patch, *_with(BREAKS[room], kind))
            elif room == "rule":
                raised = _break_rule(patch, kind, secret)
            else:
                raised = _break(patch, LATER[room], kind, lambda _: secret)
            with nothing_left_open():  # a reader that dies has neighbours that are still asking
                said.append(mzaudit(command[0], "--env", "prd", "--debug", *command[1:]))
        assert raised, said[-1].err
        assert said[-1].code in (1, 3, 4), said[-1].err
        if said[-1].code == 4:
            assert f"internal error: {kind.__name__}" in said[-1].err or "Group" in said[-1].err
            assert "in broken" in said[-1].err or "in inner" in said[-1].err, "--debug says where"
        evidence("forced crashes", 1)
    at_it.simulator.faults.clear()
    search(at_it, written(folder, *said), evidence)


def _with(
    place: tuple[str, Callable[[tuple[object, ...]], str]], kind: type[Exception]
) -> tuple[str, type[Exception], Callable[[tuple[object, ...]], str]]:
    return place[0], kind, place[1]


def _break_rule(patch: pytest.MonkeyPatch, kind: type[Exception], secret: str) -> list[str]:
    """Every rule raises."""
    from mzaudit import rules

    raised: list[str] = []

    def check(*_: object) -> NoReturn:
        raised.append(secret)
        raise kind(secret) from KeyError(secret)

    every = tuple(dataclasses.replace(rule, check=check) for rule in rules.load())
    patch.setattr(rules, "load", lambda: every)
    return raised


def test_a_service_that_echoes_what_it_was_sent(at_it: Planted, mzaudit: Call, folder: Path, evidence: Counted) -> None:
    secret = at_it.simulator.client_secret
    echo: dict[str, object] = {
        "error": "invalid_client",
        "error_description": f"AADSTS7000215: Invalid client secret {secret} was sent",
        "error_codes": [7000215],
    }
    refusal = StatusFault(401, echo, {"x-ms-request-id": "r", "WWW-Authenticate": f'Bearer realm="{secret}"'})
    at_it.simulator.faults[:] = [Fault("POST .*/oauth2/v2.0/token", refusal)]
    said = [mzaudit("check", "--env", "prd", "--debug"), mzaudit("collect", "--env", "prd", "-o", "s.json")]
    at_it.simulator.faults[:] = [
        Fault("GET .*vaults", StatusFault(403, {"error": {"code": "Forbidden", "message": secret, "target": secret}})),
        Fault(
            "GET .*sites/[^/]*$", StatusFault(400, {"error": {"code": "A", "message": secret}}, {"Retry-After": secret})
        ),
        Fault("POST .*appsettings/list", StatusFault(302, "", {"Location": f"https://evil.example/{secret}"})),
    ]
    said += [mzaudit("check", "--env", "prd", "--debug", *FILES)]
    at_it.simulator.faults.clear()
    assert [outcome.code for outcome in said[:2]] == [4, 4]
    assert said[2].code in (1, 3)
    search(at_it, written(folder, *said), evidence)


def test_a_database_that_echoes_what_it_was_sent(
    at_it: Planted, mzaudit: Call, folder: Path, monkeypatch: pytest.MonkeyPatch, evidence: Counted
) -> None:
    shown: list[str] = []

    def refused(*args: object, read_only: bool = False) -> NoReturn:
        shown.append(str(args[-1]))
        raise SqlError(ServerError(18456, f"Login failed for user '{args[-1]}'.", 14))

    with monkeypatch.context() as patch:
        patch.setattr(sql_login, "admit", refused)
        said = [mzaudit("check", "--env", "prd", "--debug", *FILES)]
    assert {_audience(token) for token in shown} == {DATABASES}
    assert set(shown) <= set(at_it.planter.secrets)
    assert "error 18456" in (folder / "out.json").read_text("utf-8")
    secret = at_it.planter.secrets[0]
    at_it.simulator.sql_faults[:] = [
        SqlFault(
            "QUERY .*database_principals AS p WHERE", ServerError(229, f"The SELECT on '{secret}' was denied.", 14)
        ),
        SqlFault("QUERY .*security_policies", ServerError(50000, secret)),
        SqlFault("QUERY .*installed_rank", ServerError(245, f"Conversion failed for the value '{secret}'.")),
    ]
    said += [mzaudit("check", "--env", "prd", "--debug", *FILES)]
    at_it.simulator.sql_faults.clear()
    told = (folder / "out.json").read_text("utf-8")
    assert [number for number in (229, 50000, 245) if f"error {number}" not in told] == []
    assert {outcome.code for outcome in said} <= {1, 3}
    search(at_it, written(folder, *said), evidence)


def _audience(token: str) -> str | None:
    """Whom a token of the simulated Entra is for; None for another secret."""
    claims = entra.read(token)
    return claims.audience if claims is not None else None


SECRET = 'Zk3"Qv9&xT1<mR5\\pL7/wB2+é'
LEAKS: dict[str, Callable[[str], str]] = {
    "raw": lambda s: s,
    "first eight": lambda s: s[:8],
    "last eight": lambda s: s[-8:],
    "middle": lambda s: s[7:15],
    "reversed": lambda s: s[::-1],
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 after one byte": lambda s: base64.b64encode(b"x" + s.encode()).decode(),
    "base64 after two bytes": lambda s: base64.b64encode(b"xy" + s.encode() + b"z").decode(),
    "base64url": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "URL": lambda s: quote(s, safe=""),
    "JSON": json.dumps,
    "JSON, UTF-8": lambda s: json.dumps(s, ensure_ascii=False),
    "XML": html.escape,
    "representation": repr,
    "representation of bytes": lambda s: repr(s.encode()),
    "numeric entities": lambda s: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in s),
    **{
        f"{name} {spelt}": (lambda s, name=name, spell=spell: spell(hashlib.new(name, s.encode()).digest()))  # type: ignore[misc]
        for name in ("md5", "sha1", "sha256")
        for spelt, spell in (("hex", bytes.hex), ("base64", lambda digest: base64.b64encode(digest).decode()))
    },
}


@pytest.mark.parametrize("encoding", LEAKS)
def test_the_search_finds_a_planted_leak(encoding: str) -> None:
    """The tests above can fail: each encoding, put into a report, is found, and nothing is found without it."""
    searcher = Searcher(["Aa1Bb2Cc3Dd4Ee5Ff6", SECRET])
    around = "KV-003 kv-mz-cloud-prd/SECRET_KEY expected present, observed absent \x00 " * 20
    assert searcher.found(around) == []
    found = searcher.found(around + LEAKS[encoding](SECRET) + around)
    assert found
    assert all("of secret 2" in hit for hit in found)


SHOWN: dict[str, Callable[[Sealed], object]] = {
    "str": str,
    "f-string": lambda sealed: f"{sealed}",
    "format": lambda sealed: format(sealed, ">40"),
    "percent": lambda sealed: "%s" % sealed,  # noqa: UP031 - this very spelling is asked about
    "percent r": lambda sealed: "%r" % sealed,  # noqa: UP031
    "repr": repr,
    "ascii": ascii,
    "list": lambda sealed: repr([sealed]),
    "bytes": bytes,
    "iteration": list,
    "length": len,
    "hash": hash,
    "equality": lambda sealed: sealed == SECRET,
    "pickle": pickle.dumps,
    "pickle, oldest": lambda sealed: pickle.dumps(sealed, protocol=0),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "replace": lambda sealed: dataclasses.replace(sealed),  # type: ignore[type-var]
    "asdict": lambda sealed: dataclasses.asdict(_Holder(sealed)),
    "astuple": lambda sealed: dataclasses.astuple(_Holder(sealed)),
    "holder": lambda sealed: repr(_Holder(sealed)),
    "JSON": json.dumps,
    "JSON by default": lambda sealed: json.dumps(sealed, default=repr),
    "JSON by str": lambda sealed: json.dumps(sealed, default=str),
    "vars": vars,
    "dict": lambda sealed: sealed.__dict__,
    "state": lambda sealed: sealed.__getstate__(),
    "reduce": lambda sealed: sealed.__reduce__(),
    "pydantic": lambda sealed: _pydantic(sealed),
    "logging": lambda sealed: logging.LogRecord("x", 10, "x", 1, "%s", (sealed,), None).getMessage(),
    "exception": lambda sealed: str(ValueError(sealed)),
    "exception's representation": lambda sealed: repr(ValueError(sealed)),
    "rich": lambda sealed: _rich(sealed),
    "rich, expanded": lambda sealed: rich.pretty.pretty_repr(_Holder(sealed), expand_all=True),
    "rich locals": lambda sealed: _rich_locals(sealed),
}


@dataclasses.dataclass
class _Holder:
    value: Sealed


def _pydantic(sealed: Sealed) -> bytes:
    from pydantic import TypeAdapter

    return TypeAdapter(object).dump_json(sealed)


def _rich(sealed: Sealed) -> str:
    console = Console(record=True, file=io.StringIO())
    console.print(sealed, _Holder(sealed), [sealed])
    return console.export_text()


def _rich_locals(sealed: Sealed) -> str:
    console = Console(record=True, file=io.StringIO(), width=200)
    try:
        held = _Holder(sealed)
        raise RuntimeError(type(held).__name__)
    except RuntimeError:
        console.print(rich.traceback.Traceback(show_locals=True))
    return console.export_text()


@pytest.mark.parametrize("way", SHOWN)
def test_a_sealed_value_shows_itself_in_no_way(way: str) -> None:
    searcher = Searcher([SECRET])
    try:
        shown = SHOWN[way](Sealed(SECRET))
    except (TypeError, AttributeError, ValueError) as refused:
        shown = f"{refused!r} {refused.__cause__!r} {refused.__context__!r}"
    assert searcher.found(repr(shown)) == []
    assert searcher.found(str(shown)) == []
