"""RES-002, operator by operator."""

from __future__ import annotations

import math

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.resource.resource_fact import resource_fact
from tests.rules.resource.documented import REFUSED, judged

TLS = {"properties": {"minimumTlsVersion": "1.2"}}
LONG = "x " * 400


def at(value: object) -> dict[str, object]:
    """A body with that value at `properties.x`."""
    return {"properties": {"x": value}}


CASES: dict[str, tuple[str, object, type, str]] = {
    "equal": ('properties.minimumTlsVersion: "1.2"', TLS, Pass, ""),
    "equal, otherwise spelled": ("properties.x: Disabled", at("disabled"), Pass, ""),
    "not equal": ("properties.x: Disabled", at("Enabled"), Fail, "redis-prd is not as documented at properties.x."),
    "a number told as text": ("properties.x: 3", at("3"), Pass, ""),
    "a version written as a number": ("properties.x: 1.2", at("1.2"), Pass, ""),
    "a whole number with a fraction": ("properties.x: 3", at(3.0), Pass, ""),
    "true told as text": ("properties.x: true", at("True"), Pass, ""),
    "true is no one": ("properties.x: 1", at(True), Fail, ""),
    "false": ("properties.x: false", at(False), Pass, ""),
    "false where true is wanted": ("properties.x: true", at(False), Fail, ""),
    "zero": ("properties.x: 0", at(0), Pass, ""),
    "an empty text": ('properties.x: ""', at(""), Pass, ""),
    "a list in another order": ('properties.x: ["1", "2"]', at(["2", "1"]), Pass, ""),
    "a list with one more": ('properties.x: ["1", "2"]', at(["2", "1", "3"]), Fail, ""),
    "a list that says one twice": ('properties.x: ["1", "2"]', at(["1", "1", "2"]), Fail, ""),
    "an empty list": ("properties.x: []", at([]), Pass, ""),
    "a list of mappings, as many": ('properties.x: ["1"]', at([{}]), Inconclusive, ""),
    "not": ("properties.x: {not: noeviction}", at("allkeys-lru"), Pass, ""),
    "what may not be": ("properties.x: {not: noeviction}", at("NoEviction"), Fail, ""),
    "one of": ("properties.x: {one_of: [Standard, Premium]}", at("premium"), Pass, ""),
    "none of them": ("properties.x: {one_of: [Standard, Premium]}", at("Basic"), Fail, ""),
    "at least, a number": ("properties.x: {at_least: 2}", at(2), Pass, ""),
    "less, a number": ("properties.x: {at_least: 2}", at(1.5), Fail, ""),
    "at least, a version": ('properties.x: {at_least: "1.9"}', at("1.10"), Pass, ""),
    "less, a version": ('properties.x: {at_least: "1.2"}', at("1.1"), Fail, ""),
    "at least, TLS": ('properties.x: {at_least: "1.2"}', at("TLS1_2"), Pass, ""),
    "less, TLS": ("properties.x: {at_least: TLS1_2}", at("TLS1_0"), Fail, ""),
    "at least, a plan": ("properties.x: {at_least: P1v3}", at("P2v3"), Pass, ""),
    "less, a plan": ("properties.x: {at_least: P1v3}", at("B1"), Fail, ""),
    "at most": ("properties.x: {at_most: 30}", at(31), Fail, ""),
    "within": ("properties.x: {at_least: 7, at_most: 30}", at(30), Pass, ""),
    "what has no size": ("properties.x: {at_least: 7}", at("many"), Inconclusive, ""),
    "true has no size": ("properties.x: {at_least: 0}", at(True), Inconclusive, ""),
    "not a number": ("properties.x: {at_least: 7}", at(math.nan), Inconclusive, ""),
    "beyond all bounds": ("properties.x: {at_least: 7}", at(10**30), Inconclusive, ""),
    "a whole number with a fraction, told as text": ("properties.x: 1.0", at("1.0"), Pass, ""),
    "a number of another fraction": ("properties.x: 1.1", at("1.10"), Fail, ""),
    "such numbers in a list": ("properties.x: [1.0, 2]", at(["2", "1.0"]), Pass, ""),
    "a tag is a text": ("tags.x: 1.0", {"tags": {"x": "1.0"}}, Fail, ""),
    "equal, TLS": ('properties.x: "1.2"', at("TLS1_2"), Pass, ""),
    "equal, TLS in two spellings": ("properties.x: TLS1_2", at("Tls12"), Pass, ""),
    "not equal, TLS": ('properties.x: "1.2"', at("Tls13"), Fail, ""),
    "not that TLS, in another spelling": ('properties.x: {not: "1.0"}', at("TLS10"), Fail, ""),
    "one of, TLS": ('properties.x: {one_of: ["1.2", "1.3"]}', at("TLSv1.3"), Pass, ""),
    "a version that is no TLS": ('properties.x: "1.2"', at("1.2.0"), Fail, ""),
    "the word None is no version": ('properties.x: {at_least: "1.2"}', at("None"), Inconclusive, ""),
    "neither is null": ('properties.x: {at_least: "1.2"}', at(None), Inconclusive, ""),
    "present": ("properties.x: {present: true}", at({"a": 1}), Pass, ""),
    "false is present": ("properties.x: {present: true}", at(False), Pass, ""),
    "zero is present": ("properties.x: {present: true}", at(0), Pass, ""),
    "an empty text is not present": ("properties.x: {present: true}", at(""), Fail, ""),
    "an empty list is not present": ("properties.x: {present: true}", at([]), Fail, ""),
    "an empty mapping is not present": ("properties.x: {present: true}", at({}), Fail, ""),
    "a tag without a value": ("tags.owner: {present: true}", {"tags": {"owner": ""}}, Fail, ""),
    "an empty list is absent": ("properties.x: {absent: true}", at([]), Pass, ""),
    "an empty text is absent": ("properties.x: {absent: true}", at(""), Pass, ""),
    "false is not absent": ("properties.x: {absent: true}", at(False), Fail, ""),
    "not present": ("properties.x: {present: true}", {}, Fail, ""),
    "null is not present": ("properties.x: {present: true}", at(None), Fail, ""),
    "absent": ("properties.x: {absent: true}", {}, Pass, ""),
    "not absent": ("properties.x: {absent: true}", at(["a"]), Fail, ""),
    "a list that contains it": ("properties.x: {contains: Readers}", at(["readers", "others"]), Pass, ""),
    "a list that does not": ("properties.x: {contains: readers}", at(["others"]), Fail, ""),
    "a text that contains it": ("properties.x: {contains: west}", at("West Europe"), Pass, ""),
    "a list of mappings contains": ("properties.x: {contains: readers}", at([{"name": "readers"}]), Inconclusive, ""),
    "matches": ('properties.x: {matches: "redis-*.windows.ne?"}', at("redis-prd.windows.net"), Pass, ""),
    "does not match": ('properties.x: {matches: "redis-*"}', at("other"), Fail, ""),
    "a number does not match": ('properties.x: {matches: "*"}', at(1), Inconclusive, ""),
    "count": ("properties.x: {count: 2}", at([{}, {}]), Pass, ""),
    "count of a mapping": ("properties.x: {count: 1}", at({"a": 1}), Pass, ""),
    "not that many": ("properties.x: {count: 2}", at([]), Fail, ""),
    "count of a text": ("properties.x: {count: 2}", at("ab"), Inconclusive, ""),
    "of two operators one holds": ("properties.x: {not: a, one_of: [b]}", at("c"), Fail, ""),
    "a member that Azure leaves out": ("properties.x: Disabled", {}, Inconclusive, ""),
    "a member that is null": ("properties.x: Disabled", at(None), Inconclusive, ""),
    "a default that is written down": ("not_null(properties.x, `false`): false", {}, Pass, ""),
    "a default that is not wanted": ("not_null(properties.x, `false`): true", {}, Fail, ""),
    "the environment's name": ('tags.stage: "{env}"', {"tags": {"stage": "prd"}}, Pass, ""),
    "another environment's name": ('tags.stage: "{env}"', {"tags": {"stage": "stg"}}, Fail, ""),
    "the environment's name in a form": ('properties.x: {matches: "*/rg-{env}/*"}', at("/x/rg-prd/y"), Pass, ""),
    "the environment's name among others": ('properties.x: {one_of: [a, "b-{env}"]}', at("B-prd"), Pass, ""),
    "by environment": ("properties.x: {dev: Basic, stg: Basic, prd: Premium}", at("Premium"), Pass, ""),
    "another environment's": ("properties.x: {dev: Basic, stg: Basic, prd: Premium}", at("Basic"), Fail, ""),
    "by environment, with operators": (
        "properties.x: {dev: 1, stg: {at_least: 1}, prd: {at_least: 3}}",
        at(2),
        Fail,
        "",
    ),
    "a tag": ("tags.owner: Payments", {"tags": {"owner": "Payments"}}, Pass, ""),
    "a tag in another case": ("tags.owner: Payments", {"tags": {"owner": "payments"}}, Fail, ""),
    "a tag's name in another case": ("tags.owner: Payments", {"tags": {"Owner": "Payments"}}, Pass, ""),
    "a tag's name in both": ("tags.owner: Payments", {"tags": {"Owner": "x", "owner": "Payments"}}, Pass, ""),
    "a member's name in another case": ("properties.x: a", {"properties": {"X": "a"}}, Inconclusive, ""),
    "the names of tags": ("keys(tags): [Owner]", {"tags": {"Owner": "x"}}, Pass, ""),
    "a long list": ("properties.x: {contains: a}", at(["b"] * 300), Inconclusive, ""),
    "a long list, by an expression": ("contains(properties.x, 'a'): true", at(["b"] * 300 + ["a"]), Pass, ""),
    "no such tag": ("tags.owner: Payments", {"tags": {}}, Fail, ""),
    "no tags at all": ("tags.owner: {present: true}", {}, Fail, ""),
    "a tag that is not there is not that": ("tags.owner: {not: nobody}", {}, Pass, ""),
    "a place in words": ("location: westeurope", {"location": "West Europe"}, Pass, ""),
    "a mapping": ("properties: Disabled", at(1), Inconclusive, ""),
    "a list where one value is wanted": ("properties.x: Disabled", at(["Disabled"]), Inconclusive, ""),
    "a filter": ("properties.x[?name=='a'].level | [0]: high", at([{"name": "a", "level": "high"}]), Pass, ""),
    "a function that does not fit": ("length(properties.x): {at_least: 1}", {}, Inconclusive, ""),
    "a length": ("length(properties.x): {at_least: 1}", at([]), Fail, ""),
    "a text that looks like a key": ("properties.x: abc", at("AccountKey=8dUx0a1bbbbbbbbbbbbb=="), Inconclusive, ""),
    "a parameter of a secure type": (
        "properties.p.value: plain words",
        {"properties": {"p": {"type": "SecureString", "value": "plain words"}}},
        Inconclusive,
        "",
    ),
    "a credential is present": ("properties.x: {present: true}", at("AccountKey=8dUx0a1bbbbbb=="), Pass, ""),
    "a long text": ("properties.x: abc", at(LONG), Inconclusive, ""),
    "gone": ("properties.x: abc", None, NotApplicable, ""),
    "refused": ("properties.x: abc", REFUSED, Inconclusive, ""),
    "a snapshot of another policy": ("properties.x: abc", "unasked", Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_resource_fact(case: str) -> None:
    expectation, body, kind, words = CASES[case]
    verdict = judged(resource_fact, expectation, body)
    assert type(verdict) is kind, verdict
    assert words in getattr(verdict, "note", "")
    assert "AccountKey=" not in repr(verdict)


FIXES: dict[str, tuple[str, object, str, str]] = {
    "a word": (
        "properties.x: Disabled",
        at("Enabled"),
        "--set properties.x=Disabled",
        "Microsoft.Cache/redis: properties.x = 'Disabled'",
    ),
    "a text that the CLI would take for a number": (
        'properties.x: "1.2"',
        at("1.0"),
        "--set properties.x=1.2 --force-string",
        "Microsoft.Cache/redis: properties.x = '1.2'",
    ),
    "true": ("properties.x: true", at(False), "--set properties.x=true", "Microsoft.Cache/redis: properties.x = true"),
    "a name with a hyphen": (
        'properties."max-policy": {one_of: [a b]}',
        {"properties": {"max-policy": "c"}},
        "--set 'properties.max-policy=a b'",
        "Microsoft.Cache/redis: properties.max-policy = 'a b'",
    ),
    "what may be anything": (
        "tags.owner: {present: true}",
        {},
        "--set tags.owner=SETTING_VALUE",
        "Microsoft.Cache/redis: tags.owner",
    ),
    "what may not be there": (
        "properties.x: {absent: true}",
        at(1),
        "--remove properties.x",
        "Microsoft.Cache/redis: no properties.x",
    ),
    "what is made once": (
        "location: westeurope",
        {"location": "eastus"},
        "az resource show",
        "Microsoft.Cache/redis: location",
    ),
    "what is computed": ("length(properties.x): 1", at([]), "--query 'length(properties.x)'", "Microsoft.Cache/redis:"),
}


@pytest.mark.parametrize("case", FIXES)
def test_the_fix_names_this_estate(case: str) -> None:
    expectation, body, command, prop = FIXES[case]
    verdict = judged(resource_fact, expectation, body)
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    assert command in verdict.fix.commands[0]
    assert "/providers/Microsoft.Cache/redis/redis-prd --api-version 2024-11-01" in verdict.fix.commands[0]
    assert verdict.fix.property.startswith(prop)
