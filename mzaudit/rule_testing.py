"""The laws that every rule is held to, for the tests of a package with rules of its own; needs no pytest.

```python
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_laws(rule):
    assert broken_laws(rule, Path("policies"), [Path("compliant.json"), Path("drifted.json")]) == []
```
The snapshots are what `mzaudit collect` wrote, of a real estate or of a simulated one (`--simulate drifted`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mzaudit.cli.load_files import read_snapshot
from mzaudit.cli.resolve import bind_policy, load_policy
from mzaudit.cli.subscriptions import subscriptions_of
from mzaudit.engine.evaluate import evaluate
from mzaudit.engine.results import Finding, Status
from mzaudit.engine.rule import AnyRule
from mzaudit.policy.desired import Desired
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed

HEADINGS: Final = ("What it checks", "Why it matters", "Remediation", "References")
"""The headings of a rule's page, in their order."""
HIDDEN: Final = Gap(GapReason.FORBIDDEN, "GET hidden by the test", permission="Microsoft.Example/hidden/read")
OWN: Final = ("permissions", "reads", "environments", "api_versions", "caller")
"""What the run itself knows, and no call could hide."""
_MOST = 5  # of a kind in what is said


def broken_laws(rule: AnyRule, policy: Path, snapshots: Sequence[Path]) -> list[str]:
    """What the rule breaks, a sentence each: its page is complete, it is pure, it never concludes more of seeing less,
    order does not matter to it, and it decides something on one of the snapshots at least.

    `policy` is a file or directory as `--policy` has it. Raises `InputError` for files that are wrong.
    """
    loaded = load_policy(policy, shipped=False)
    broken = list(incomplete_page(rule))
    decided = False
    for path in snapshots:
        seen = read_snapshot(path)
        asked = tuple(env for env in loaded.policy.environments if env in seen.environments)
        wanted = bind_policy(loaded, asked, subscriptions_of(loaded, asked, snapshot=(path, seen)))
        broken += [f"{path}: {law}" for law in _on(rule, wanted, seen)]
        decided |= any(finding.status in (Status.PASS, Status.FAIL) for finding in _judged(rule, wanted, seen).values())
    if not decided:
        broken.append("it decides nothing on any of these snapshots: nothing is proved")
    return broken


def incomplete_page(rule: AnyRule) -> Iterator[str]:
    """What the rule's page lacks."""
    if not re.fullmatch(r"[A-Z]+-[0-9]{3}", rule.code):
        yield f"its code is {rule.code!r}: expected one such as ACME-001"
    if not rule.title:
        yield "it has no title"
    found = tuple(re.findall(r"^## (.+)$", rule.doc, re.MULTILINE))
    if found != HEADINGS:
        yield f"its page has the headings {', '.join(found) or 'none'}: expected {', '.join(HEADINGS)}"
    elif any(not part.strip() for part in re.split(r"^## .+$", rule.doc, flags=re.MULTILINE)[1:]):
        yield "a section of its page is empty"


def concludes_more(before: Finding, after: Finding) -> bool:
    """Whether seeing less changed a conclusion. An inconclusive finding concludes nothing. A failure whose cause is no
    longer seen stands by itself: the obligation failed before and fails now, only the blame has moved. One of which
    only the lesser part is still seen stands at its own severity, and names what was not seen."""
    if after.status is Status.INCONCLUSIVE:
        return False
    if before.cause:
        return after.status not in (Status.NOT_APPLICABLE, Status.FAIL)
    return before.status is not after.status or (before.severity is not after.severity and not after.gaps)


def one_less(seen: Snapshot, relevant: Callable[[str], bool] = lambda path: True) -> Iterator[tuple[str, Snapshot]]:
    """Every way of seeing one thing less: the path of what was hidden or cut short, and the snapshot without it; of
    those paths alone that are `relevant`."""
    for field in dataclasses.fields(seen):
        if field.name not in OWN:
            for path, value in _less(getattr(seen, field.name)):
                if relevant(path):
                    yield field.name + path, dataclasses.replace(seen, **{field.name: value})


def blind(seen: Snapshot) -> Snapshot:
    """The same estate with everything hidden."""
    changes = {field.name: _blind(getattr(seen, field.name)) for field in dataclasses.fields(seen)}
    return dataclasses.replace(seen, **{name: value for name, value in changes.items() if name not in OWN})


def reversed_order(value: Any) -> Any:  # Any: of every type that a snapshot holds
    """The same facts, every listing and mapping the other way round."""
    match value:
        case Observed(inner):
            return Observed(reversed_order(inner))
        case Listing(items, gap):
            return Listing(tuple(reversed_order(item) for item in reversed(items)), gap)
        case Mapping():
            return {name: reversed_order(value[name]) for name in reversed(list(value))}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return dataclasses.replace(
                value, **{f.name: reversed_order(getattr(value, f.name)) for f in dataclasses.fields(value)}
            )
        case _:
            return value


def _judged(rule: AnyRule, wanted: Desired, seen: Snapshot) -> dict[tuple[str, str], Finding]:
    return {(each.env, each.subject.name): each for each in evaluate(wanted, seen, (rule,))}


def _on(rule: AnyRule, wanted: Desired, seen: Snapshot) -> Iterator[str]:
    """The laws of judging, on one snapshot."""
    before = repr((wanted, seen))
    whole = _judged(rule, wanted, seen)
    for finding in whole.values():
        if any(gap.reason is GapReason.INTERNAL for gap in finding.gaps):
            yield f"{finding.subject.name}: it raised {finding.gaps[0].detail}"
    if repr((wanted, seen)) != before:
        yield "it changes what it is given"
    if _judged(rule, wanted, seen) != whole:
        yield "asked twice, it answers otherwise"
    if _judged(rule, wanted, reversed_order(seen)) != whole:
        yield "in another order of the same facts, it answers otherwise"
    for finding in _judged(rule, wanted, blind(seen)).values():
        if finding.status in (Status.PASS, Status.FAIL):
            yield f"{finding.subject.name}: seeing nothing, it concludes {finding.status}"
    more = [
        f"{key[1]}: without {path} it was {whole[key].status}, and became {finding.status}"
        for path, less in one_less(seen)
        for key, finding in _judged(rule, wanted, less).items()
        if concludes_more(whole[key], finding)
    ]
    yield from more[:_MOST]


def _less(value: Any) -> Iterator[tuple[str, Any]]:  # Any: of every type that a snapshot holds
    match value:
        case Observed(inner):
            yield "=hidden", HIDDEN
            yield from ((path, Observed(less)) for path, less in _less(inner))
        case Listing(items, gap):
            if gap is None:
                yield "=open", Listing(items, HIDDEN)
                yield "=unread", Listing((), HIDDEN)
                if len(items) > 1:
                    yield "=cut", Listing(items[:1], HIDDEN)
            yield from ((path, Listing(less, gap)) for path, less in _less(items))
        case Mapping():
            for name, item in value.items():
                for path, less in _less(item):
                    yield f"[{name}]{path}", {**value, name: less}
        case tuple():
            for number, item in enumerate(value):
                for path, less in _less(item):
                    yield f"[{number}]{path}", (*value[:number], less, *value[number + 1 :])
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, (type, Gap)):
            for field in dataclasses.fields(value):
                for path, less in _less(getattr(value, field.name)):
                    yield f".{field.name}{path}", dataclasses.replace(value, **{field.name: less})
        case _:
            pass  # a plain value holds nothing that could be hidden by itself


def _blind(value: Any) -> Any:  # Any: the same
    match value:
        case Observed():
            return HIDDEN
        case Listing():
            return Listing((), HIDDEN)
        case Mapping():
            return {name: _blind(item) for name, item in value.items()}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, (type, Gap)):
            return dataclasses.replace(
                value, **{f.name: _blind(getattr(value, f.name)) for f in dataclasses.fields(value)}
            )
        case _:
            return value
