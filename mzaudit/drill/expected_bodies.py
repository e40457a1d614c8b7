"""Bodies that are as the policy expects of a resource, and the values with which an expectation does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

from mzaudit.facts.expectations import OperatorOutcome, outcomes
from mzaudit.policy.desired import Desired
from mzaudit.policy.resources import expressions
from mzaudit.policy.resources.expected_body import ExpectedBody, ExpectedFact
from mzaudit.policy.resources.expressions import Items, Steps
from mzaudit.policy.resources.resource_models import Condition
from mzaudit.simulator import Estate
from mzaudit.simulator.estates import resource_bodies
from mzaudit.simulator.http_messages import Json
from mzaudit.snapshot.resources import fact_of
from mzaudit.snapshot.text.ids import name, type_of

Value = Any  # a JSON value
Change = Callable[[Json], Json]

_ODD: Final[tuple[Value, ...]] = (
    *("Enabled", "Disabled", True, False, "unlike-anything-documented", "", 0, 1, 100_000, -1),
    *("1.0", "99.9", "TLS1_0", "TLS9_9", "B1", "P5mv3", [], ["unlike-anything-documented"]),
)


def satisfy(estate: Estate, resource: ExpectedBody) -> None:
    """Let a resource be there, and its body be as expected; what is there already, and is so, stays."""
    body = estate.resources.get(resource.id.casefold())
    if body is None:
        estate.know(type_of(resource.id))
        group = "/".join(resource.id.split("/")[:5])
        if group.casefold() not in estate.resources:
            estate.add(resource_bodies.resource_group(group, "westeurope"))
        body = estate.add(_blank(resource))
    for fact in resource.facts:
        if not holds(resource, fact, body):
            made = _made(resource, fact, body)
            if made is not None:
                body.update(made)


def unmade(resource: ExpectedBody) -> tuple[ExpectedFact, ...]:
    """The expectations for which no body can be made with which they hold, and another with which they do not: those
    of several places at once, or of what an expression computes."""
    return tuple(fact for fact in resource.facts if next(broken(resource, fact), None) is None)


def makeable(wanted: Desired) -> Desired:
    """The policy without the expectations for which no body can be made."""
    environments = {
        key: replace(
            env,
            expected=tuple(
                replace(each, facts=tuple(fact for fact in each.facts if fact not in unmade(each)))
                for each in env.expected
            ),
        )
        for key, env in wanted.environments.items()
    }
    return replace(wanted, environments=environments)


def broken(resource: ExpectedBody, fact: ExpectedFact) -> Iterator[tuple[str, Change]]:
    """Changes of a body after which the expectation does not hold, beyond doubt, and what each puts there."""
    steps = _place(fact)
    body = None if steps is None else _made(resource, fact, _blank(resource))
    if steps is None or body is None:
        return
    for value in (*_near(fact.condition), *_ODD):
        change = partial(_put, steps=steps, value=_placed(fact, value))
        if _fails(resource, fact, change(body)):
            yield json.dumps(value), change
    if _fails(resource, fact, _taken(body, steps)):
        yield "left out", partial(_taken, steps=steps)


def in_capitals(fact: ExpectedFact, body: Json) -> Json:
    """The body with the text that an expectation is about in capital letters."""
    steps = _place(fact)
    told = None if steps is None else jmespath.search(fact.expression, body)
    if steps is None or not isinstance(told, str):
        return body
    changed: Json = _put(body, steps, told.upper())
    return changed


def holds(resource: ExpectedBody, fact: ExpectedFact, body: Json) -> bool:
    """Whether the expectation holds of a body."""
    judged = _judged(resource, fact, body)
    return bool(judged) and all(each.holds and not each.undecided for each in judged)


def _fails(resource: ExpectedBody, fact: ExpectedFact, body: Json) -> bool:
    return any(not each.holds and not each.undecided for each in _judged(resource, fact, body))


def _judged(resource: ExpectedBody, fact: ExpectedFact, body: Json) -> tuple[OperatorOutcome, ...]:
    try:
        found = fact_of(jmespath.search(fact.expression, body))
    except (JMESPathError, TypeError, ArithmeticError):
        return ()
    return () if found is None else outcomes(fact.expression, fact.condition, found, resource.sizes)


def _blank(resource: ExpectedBody) -> Json:
    kind = type_of(resource.id)
    body: Json = {"id": resource.id, "name": name(resource.id), "type": kind, "properties": {}}
    return body if kind.count("/") > 1 or resource.id.count("/providers/") > 1 else body | {"location": "westeurope"}


def _made(resource: ExpectedBody, fact: ExpectedFact, body: Json) -> Json | None:
    steps = _place(fact)
    if steps is None:
        return None
    for value in (*_longer(fact, body), *_near(fact.condition), *_ODD):
        changed: Json = _put(body, steps, _placed(fact, value))
        if holds(resource, fact, changed):
            return changed
    gone: Json = _taken(body, steps)
    return gone if holds(resource, fact, gone) else None


def _place(fact: ExpectedFact) -> Steps | None:
    steps = expressions.steps(fact.expression) or expressions.call(fact.expression)[1]
    return None if not steps or steps[0] in ("id", "name", "type") or isinstance(steps[0], Items) else steps


def _placed(fact: ExpectedFact, value: Value) -> Value:
    """What has to be at the place, so that the expression yields that value."""
    function, _, literal = expressions.call(fact.expression)
    match function:
        case "length" if isinstance(value, int) and 0 <= value <= 1000:
            return [{"id": f"{number}"} for number in range(value)]
        case "contains" if isinstance(value, bool):
            return [literal] if value else []
        case "starts_with" | "ends_with" if isinstance(value, bool):
            return literal if value else "unlike-anything-documented"
        case _:
            return value


def _longer(fact: ExpectedFact, body: Json) -> Iterator[Value]:
    """What is there with what it has to contain: another expectation may ask for another part of it."""
    if fact.condition.contains is not None:
        there = jmespath.search(fact.expression, body)
        if isinstance(there, list):
            yield [*there, fact.condition.contains]
        elif isinstance(there, str):
            yield f"{there}{fact.condition.contains}"


def _near(want: Condition) -> Iterator[Value]:
    """Values about those that the condition names."""
    named = [want.equal, want.not_, want.contains, *(want.one_of or ())]
    for told in (want.equal, want.not_, want.at_least, want.at_most, *(want.one_of or ())):
        if told is not None:
            yield list(told) if isinstance(told, tuple) else told
    for told in (*named, want.at_least, want.at_most):
        match told:
            case bool():
                yield not told
            case str():
                yield f"{told}-other"
            case int() | float():
                yield from (told - 1, told + 1)
            case tuple():
                yield from ([*told, "another"], list(told)[1:])
            case None:
                pass
    if want.contains is not None:
        yield [want.contains]
    if want.matches is not None:
        yield want.matches.replace("*", "").replace("?", "x") or "x"
        yield want.matches.replace("*", "x").replace("?", "x")
    if want.count is not None:
        yield from ([{}] * want.count, [{}] * (want.count + 1))


def _put(node: Value, steps: Steps, value: Value) -> Value:
    """A copy of the body with a value at a place."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, Items):
        return _put_in_items(node, step, rest, value)
    if isinstance(step, int):
        items = list(node) if isinstance(node, list) else []
        items += [{}] * (step + 1 - len(items) if step >= 0 else max(0, -step - len(items)))
        items[step] = _put(items[step], rest, value)
        return items
    members = dict(node) if isinstance(node, dict) else {}
    return members | {step: _put(members.get(step), rest, value)}


def _put_in_items(node: Value, step: Items, rest: Steps, value: Value) -> Value:
    """The list with an item for each value, of those that are meant; the others stay."""
    meant, others = _meant(node, step)
    fresh: Value = {}
    for place, held in step.having:
        fresh = _put(fresh, place, held)
    values = value if isinstance(value, list) and not step.one else [value]
    items = [*meant, *[fresh] * len(values)][: len(values)]
    pairs = zip(items, values, strict=True)
    return [*others, *(_put(item, rest, each) if rest else _merged(item, each) for item, each in pairs)]


def _merged(item: Value, value: Value) -> Value:
    """An item that is still let through."""
    if isinstance(item, dict) and isinstance(value, dict):
        return item | value
    return item or value


def _meant(node: Value, step: Items) -> tuple[list[Value], list[Value]]:
    """The items of a list that hold what the step asks for, and the others."""
    items = node if isinstance(node, list) else []
    meant = [item for item in items if all(_put(item, place, held) == item for place, held in step.having)]
    return meant, [item for item in items if item not in meant]


def _taken(node: Value, steps: Steps) -> Value:
    """A copy of the body without a place."""
    step, rest = steps[0], steps[1:]
    if isinstance(step, Items):
        meant, others = _meant(node, step)
        return [*others, *(_taken(item, rest) for item in meant)] if rest else others
    if isinstance(node, dict) and step in node:
        kept = {each: held for each, held in node.items() if each != step}
        return kept | {step: _taken(node[step], rest)} if rest else kept
    if isinstance(node, list) and isinstance(step, int) and -len(node) <= step < len(node):
        items = list(node)
        if rest:
            items[step] = _taken(items[step], rest)
        else:
            del items[step]
        return items
    return node
