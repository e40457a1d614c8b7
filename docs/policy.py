"""docs/policy.md: every field of a policy, from the models, the policies at hand and the drill.

The rules of a field are those that answer where the drill violates it; its example is the first policy's that has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from mzaudit import rules
from mzaudit.drill.deviation_registry import BREAKS, Field, walk
from mzaudit.drill.deviations import deviations as _  # noqa: F401 - registers the generators
from mzaudit.drill.drill_case import DrillContext
from mzaudit.drill.simulated_estates import bound
from mzaudit.engine.rule import guarding
from mzaudit.policy.loader.load import Loaded, load
from mzaudit.policy.models import Policy, Strict
from mzaudit.policy.shipped_policy import shipped

ROOT = Path(__file__).parent.parent
ESTATES = sorted(path.parent for path in (ROOT / "tests" / "estates").glob("*/policy.yaml"))
POLICIES = (shipped(), *ESTATES, ROOT / "tests" / "drill" / "small.yaml")
FILE = Path(__file__).parent / "policy.md"
_LONGEST = 70
_COMPARING = "ENV-001"  # compares environments by anything
_HEAD = """# The policy

A policy restates a document: which things there are, how they are connected, and what is true of them. It is one YAML
file, or a directory of `*.yaml` over which the top-level keys are split; `requirements.yaml` and `waivers.yaml` stand
beside it. `mzaudit policy validate` says everything that is wrong with it, with file and line;
`policies/policy.schema.json` lets an editor complete it. The smallest there is:

```yaml
{smallest}
```

* **Names** are templates in `{{env}}`, or a mapping by environment: `name: {{test: kv-nw-test, live: kv-front}}`.
* **Places**: a thing is in the resource group of the place that it names, else in `default`. What has one name and one
  place in several environments is one thing, which they share.
* **Environments**: a thing is in all, or in those that it lists. A service uses what it names where both are.
* **Services** are web apps and function apps of App Service. Container apps, static web apps, deployment slots,
  functions on other hosts and whatever else Azure has stand under `resources`, with what is expected of them; the
  identity of one stands under `people` by its object id, with its roles under `access`.
* **What is left out is not asked**: without servers no rule of SQL has a subject, and says so once.
* **References** between parts of a policy are keys of its own maps, never names in Azure.

This page is generated from the models (`make docs`). *Rules* are those that answer where the field is violated; an
empty cell says that the field tells where or how to look.
"""


def page() -> str:
    """The whole page."""
    policies = [load(path, rules.vocabulary()) for path in POLICIES]
    examples, answering = _examples(policies), _answering(policies)
    smallest = (ROOT / "tests" / "estates" / "smallest" / "policy.yaml").read_text(encoding="utf-8").strip()
    lines = [_HEAD.format(smallest=smallest)]
    for model in _models(Policy):
        lines += [f"## {model.__name__}", "", " ".join((model.__doc__ or "").split()), ""]
        lines += ["| field | meaning | default | rules | example |", "|---|---|---|---|---|"]
        for name, info in model.model_fields.items():
            default = "required" if info.is_required() else _shown(info.get_default(call_default_factory=True))
            codes = ", ".join(f"[{code}](rules/{code}.md)" for code in sorted(answering.get((model, name), ())))
            meaning = " ".join((info.description or "").split()).replace("|", "\\|")
            within = dict.fromkeys(_within(info.annotation))
            inner = ", ".join(f"[{each.__name__}](#{each.__name__.lower()})" for each in within)
            meaning += f" Each: {inner}." if inner else ""
            lines.append(f"| `{name}` | {meaning} | {default} | {codes} | {examples.get((model, name), '')} |")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _models(model: type[Strict], seen: tuple[type[Strict], ...] = ()) -> tuple[type[Strict], ...]:
    """A model and all those inside it, each once, the outer first."""
    found = (*seen, model)
    for info in model.model_fields.values():
        for inner in _within(info.annotation):
            found = found if inner in found else _models(inner, found)
    return found


def _within(annotation: object) -> Iterator[type[Strict]]:
    """The models that a field's type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        yield annotation
    for each in get_args(annotation):
        yield from _within(each)


def _examples(policies: list[Loaded]) -> Mapping[Field, str]:
    """For each field the first value that is not its default."""
    found: dict[Field, str] = {}
    for loaded in policies:
        for model in _parts(loaded.policy):
            for name, info in type(model).model_fields.items():
                value = getattr(model, name)
                if info.is_required() or value != info.get_default(call_default_factory=True):
                    found.setdefault((type(model), name), _shown(value))
    return found


def _parts(model: Strict) -> Iterator[Strict]:
    yield model
    for name in type(model).model_fields:
        value = getattr(model, name)
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
        for each in inner:
            if isinstance(each, Strict):
                yield from _parts(each)


def _answering(policies: list[Loaded]) -> Mapping[Field, frozenset[str]]:
    """For each field the rules that guard what the drill violates there."""
    found: dict[Field, frozenset[str]] = {}
    guards = guarding(rules.load())
    for loaded in policies:
        for env in loaded.policy.environments:
            ground = DrillContext.of(bound(loaded, env))
            for steps, field in walk(loaded.policy):
                for generator in BREAKS.get(field, ()):
                    for case in generator(ground, (*steps, field[1])) if ground.holds((*steps, field[1])) else ():
                        alone = frozenset(code for demand in case.demands for code in guards[demand]) - {_COMPARING}
                        codes = {_COMPARING} if case.all_environments else alone
                        found[field] = found.get(field, frozenset()) | codes
    return found


def _plain(model: BaseModel) -> object:
    # a list where one value is usual is what an expectation may hold, of which pydantic warns
    return model.model_dump(mode="json", exclude_defaults=True, warnings=False)


def _shown(value: object) -> str:
    """A value as one line of YAML, cut."""
    if value is None or value in ((), {}):
        return ""
    plain = _plain(value) if isinstance(value, BaseModel) else value
    text = _flow(plain)
    if text == "{}":
        return ""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f"`{cut}`".replace("|", "\\|")


def _flow(value: object) -> str:
    match value:
        case BaseModel():
            return _flow(_plain(value))
        case dict():
            return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case str() if value and not set(value) & set("{}[],:#&*!|>'\"%@`"):
            return str(value)
        case _:
            return json.dumps(value)


def main() -> None:
    """Write the page."""
    FILE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
