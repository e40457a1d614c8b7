"""A policy with one resource of which one thing is expected, and a snapshot in which it has one body."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from mzaudit.azure.text.body_facts import facts
from mzaudit.engine.evaluate import verdict_of
from mzaudit.engine.rule import AnyRule
from mzaudit.engine.verdict import Verdict
from mzaudit.policy.bind import bind
from mzaudit.policy.desired import Desired
from mzaudit.policy.loader.load import load
from mzaudit.rules import vocabulary
from mzaudit.snapshot.observed import Gap, GapReason, Observed
from mzaudit.snapshot.resources import ResourceBody
from mzaudit.snapshot.text.ids import key
from tests.built_estate import POLICIES, SUBSCRIPTION, bent, gap

VERSION = "2024-11-01"


@cache
def wanted(expectation: str) -> Desired:
    """The shipped policy, and a cache of which that is expected: a line of YAML."""
    shipped = (POLICIES / "monozu.yaml").read_text("utf-8")
    lines = ("type: Microsoft.Cache/redis", "name: redis-{env}", "expect:", f"  {expectation}")
    more = "\nresources:\n  cache:\n" + "".join(f"    {line}\n" for line in lines)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text(shipped + more, "utf-8")
        loaded = load(path, vocabulary(), "policy.yaml")
    return bind(loaded.policy, loaded.where, ("prd",), dict.fromkeys(loaded.policy.environments, SUBSCRIPTION))


def judged(rule: AnyRule, expectation: str, body: object) -> Verdict:
    """The rule's verdict about the cache with that body: a mapping, None for a 404, a gap, or "unasked"."""
    bound = wanted(expectation)
    env = bound.environments["prd"]
    resource = next(one for one in env.expected if one.key == "cache")
    subject = next(s for s in rule.over(bound, env) if s.name.partition("/")[0] == "cache")
    held: Observed[ResourceBody | None] | Gap
    match body:
        case None:
            held = Observed(None)
        case Gap():
            held = body
        case "unasked":
            held = Observed(ResourceBody(VERSION, {}))
        case _:
            told = facts([fact.expression for fact in resource.facts], body)
            why = Gap(GapReason.UNDECIDED, f"GET {resource.id}")
            held = Observed(
                ResourceBody(
                    VERSION,
                    {
                        name: Gap(why.reason, why.call, detail=each) if isinstance(each, str) else each
                        for name, each in told.items()
                    },
                )
            )
    return verdict_of(rule, subject, replace(bent(), bodies={key(resource.id): held}))


REFUSED = gap()
