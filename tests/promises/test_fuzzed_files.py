"""Snapshots, reports and policies that somebody changed, cut or made up: no crash, no traceback, a documented exit
code, in bounded time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mzaudit.azure.text.sealed_values import Classifier, Sealed
from mzaudit.report import FORMATS, render
from mzaudit.snapshot.saved.store import dump
from tests.built_estate import compliant
from tests.cli.conftest import Outcome
from tests.promises.conftest import EXHAUSTIVE
from tests.promises.test_robust_files import shell
from tests.report.sample import night

Call = Callable[..., Outcome]
Counted = Callable[[str, int], None]
FUZZED = settings(
    max_examples=2000 if EXHAUSTIVE else 25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
SLOWEST = 60.0  # seconds, on a machine that others use as well

ODD: st.SearchStrategy[object] = st.sampled_from(
    [
        None, True, False, 0, -1, 10**18, -(10**18), 10**400, 1e308, 0.5, "", " ", "x" * 5000, "\x00", "\ufffe", [], {},
        [[]], {"": ""}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-01T02:00:00", "2026-02-30",
        "/subscriptions", "/", "//", "prd", ["prd"], [None],
    ]
)  # fmt: skip


def _places(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(node, dict):
        children: list[tuple[str | int, object]] = list(node.items())
    elif isinstance(node, list):
        children = list(enumerate(node))
    else:
        return [path]
    return [path, *(place for key, child in children for place in _places(child, (*path, key)))]


@cache
def _document(kind: str) -> tuple[str, tuple[tuple[str | int, ...], ...]]:
    text = dump(compliant()) if kind == "snapshot" else render("json", night())
    return text, tuple(_places(json.loads(text))[1:])


def _changed(text: str, place: tuple[str | int, ...], change: str, value: object) -> str:
    whole = json.loads(text)
    parent = whole
    for step in place[:-1]:
        parent = parent[step]
    match change:
        case "delete":
            del parent[place[-1]]
        case "replace":
            parent[place[-1]] = value
        case "repeat" if isinstance(parent, list):
            parent.extend([parent[int(place[-1])]] * 3)
        case "rename" if isinstance(parent, dict):
            parent[f"{place[-1]}x"] = parent.pop(str(place[-1]))
        case _:
            parent[place[-1]] = [parent[place[-1]]]
    return json.dumps(whole)


@st.composite
def mutants(draw: st.DrawFn, kind: str) -> str:
    """A valid file with one to three changes in its data, or in its text."""
    text, places = _document(kind)
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(text) - 1))
        other = draw(st.sampled_from(["", "[" * 20_000, '{"a":' * 20_000, "9" * 10_000, "\\ud800", "\x00", '"', "NaN"]))
        return text[:at] + other + (text[at + 1 :] if draw(st.booleans()) else "")
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places))
        change = draw(st.sampled_from(["delete", "replace", "repeat", "rename", "wrap"]))
        try:
            text = _changed(text, place, change, draw(ODD))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return text


def _run(mzaudit: Call, codes: set[int], *args: str) -> Outcome:
    started = time.monotonic()
    outcome = mzaudit(*args)
    assert time.monotonic() - started < SLOWEST
    assert "Traceback" not in outcome.err
    assert outcome.code in codes, outcome.err
    if outcome.code == 2:
        assert outcome.err.startswith("mzaudit: ")
        assert len(outcome.err) < 100_000
    return outcome


@pytest.fixture
def policies(folder: Path, mzaudit: Call) -> Path:
    assert mzaudit("init", "--example", "monozu").code == 0
    return folder


@FUZZED
@given(text=mutants("snapshot"))
def test_snapshots(text: str, policies: Path, mzaudit: Call, evidence: Counted) -> None:
    (policies / "fuzzed.json").write_text(text, "utf-8", errors="surrogatepass")
    _run(mzaudit, {0, 1, 2, 3}, "check", "--env", "prd", "--snapshot", "fuzzed.json", "-o", "json:r.json", "-o", "fix")
    evidence("fuzzed snapshots", 1)


@FUZZED
@given(text=mutants("report"))
def test_reports(text: str, folder: Path, mzaudit: Call, evidence: Counted) -> None:
    (folder / "fuzzed.json").write_text(text, "utf-8", errors="surrogatepass")
    outputs = [part for name in FORMATS for part in ("-o", f"{name}:out.{name}")]
    _run(mzaudit, {0, 2}, "report", "fuzzed.json", *outputs)
    evidence("fuzzed reports", 1)


LINES: st.SearchStrategy[str] = st.sampled_from(
    ["", "  ", "- ", "? ", "&a x", "*a", "!!python/object:os.system x", "<<: *a", "'", '"', "{", "[" * 300, "\t", "---",
     "...", "%YAML 1.1", "x: " * 40, "0x1F", "1e999", "~", "\x00", "\ufeff", "\x85", "{env}", "{0}", "a" * 9000]
)  # fmt: skip


@FUZZED
@given(data=st.data())
def test_policies(data: st.DataObject, policies: Path, mzaudit: Call, evidence: Counted) -> None:
    from mzaudit.policy.shipped_policy import files

    texts = files()
    name = data.draw(st.sampled_from(sorted(texts)))
    lines = texts[name].split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["cut", "delete", "insert", "append", "indent", "swap", "value"])):
            case "cut":
                lines = lines[: max(1, at)]
            case "delete" if len(lines) > 1:
                del lines[at]
            case "insert":
                lines.insert(at, data.draw(LINES))
            case "append":
                lines[at] += data.draw(LINES)
            case "indent":
                lines[at] = "  " + lines[at]
            case "swap":
                lines[at], lines[-1] = lines[-1], lines[at]
            case _:
                lines[at] = lines[at].partition(":")[0] + ": " + data.draw(LINES)
    (policies / "policies" / name).write_text("\n".join(lines), "utf-8", errors="surrogatepass")
    _run(mzaudit, {0, 2}, "policy", "validate")
    (policies / "policies" / name).write_text(texts[name], "utf-8")
    evidence("fuzzed policies", 1)


KNOWN: dict[str, tuple[str, tuple[str | int, ...], object]] = {
    "a start before the first year": ("report", ("run", "started"), "0001-01-01T00:00:00+14:00"),
    "a start after the last year": ("report", ("run", "started"), "9999-12-31T23:59:59-14:00"),
    "no environment": ("report", ("run", "env"), []),
    "a snapshot before the first year": ("snapshot", ("taken",), "0001-01-01T00:00:00+14:00"),
    "a snapshot of no zone": ("snapshot", ("taken",), "2026-03-01T02:00:00"),
}


@pytest.mark.parametrize("case", KNOWN)
def test_known_traps(case: str, policies: Path, mzaudit: Call) -> None:
    kind, place, value = KNOWN[case]
    (policies / "fuzzed.json").write_text(_changed(_document(kind)[0], place, "replace", value))
    read = ("report",) if kind == "report" else ("check", "--env", "prd", "--snapshot")
    outputs = [part for name in FORMATS for part in ("-o", f"{name}:out.{name}")]
    assert _run(mzaudit, {2} if "year" in case or "zone" in case else {0, 3}, *read, "fuzzed.json", *outputs)


# Whoever may write a setting chooses its text; each of these made some pattern of somebody's take a minute.
SLOW = {
    "one letter": "x" * 100_000,
    "starts of tokens": "eyJ" * 33_000,
    "tokens": "eyJaaaaa." * 11_000,
    "addresses": "a://b:" * 16_000,
    "an address": "http://" + "a:" * 50_000,
    "white space": "password" + " " * 100_000,
    "words": "password = " * 9_000,
    "templates": "{{" * 50_000,
    "keys": "-----BEGIN " * 9_000,
    "pairs": "a=b;" * 25_000,
    "a reference": "@Microsoft.KeyVault(" + "VaultName=a;" * 8_000,
}


@pytest.mark.parametrize("case", SLOW)
def test_a_value_of_100_kb_is_classed_in_no_time(case: str) -> None:
    started = time.process_time()
    Classifier().setting(Sealed(SLOW[case]))
    assert time.process_time() - started < 3


def _laughs() -> str:
    """Nine of nine of nine: a file of a few lines that stands for a milliard of words."""
    levels = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for upper, lower in pairwise("abcdefghij"):
        levels.append(f"{lower}: &{lower} [{', '.join([f'*{upper}'] * 9)}]")
    return "\n".join(levels)


BOMBS: dict[str, tuple[str, Callable[[], str]]] = {
    "aliases of aliases": ("policy validate", _laughs),
    "a deep policy": ("policy validate", lambda: "a:\n" + "\n".join(" " * n + "- " for n in range(1000))),
    "brackets in a policy": ("policy validate", lambda: "a: " + "[" * 9_000),
    "a large policy": ("policy validate", lambda: "a: [\n" + "x,\n" * 2_000_000 + "]"),
    "a deep snapshot": ("check --env prd --snapshot", lambda: "[" * 5_000_000),
    "a deep report": ("report", lambda: '{"a":' * 1_000_000),
    "a long number in a snapshot": ("check --env prd --snapshot", lambda: "9" * 5_000_000),
    "a long number in a report": ("report", lambda: "9" * 5_000_000),
    "many members of a report": ("report", lambda: json.dumps({f"k{n}": 0 for n in range(500_000)})),
    "escapes in a snapshot": ("check --env prd --snapshot", lambda: '{"a":"' + "\\u0041" * 2_000_000 + '"}'),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_file_made_to_grow_is_refused_in_little_time_and_memory(case: str, policies: Path) -> None:
    command, text = BOMBS[case]
    (policies / "bomb").write_text(text())
    done = shell(policies, f"ulimit -v 1500000 -t 60; MZAUDIT {command} bomb")
    assert done.returncode == 2, done.stderr
    said = done.stderr.splitlines()
    assert 0 < len(said) < 200
    assert all(line.startswith("mzaudit: bomb:") for line in said), said[-1]
