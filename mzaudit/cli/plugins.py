"""A team's own rules: installed packages that declare the entry point group `mzaudit.rules`, loaded by name alone.

A package is looked for where installers put packages, never in the working folder or on PYTHONPATH, and what is
imported lies beside its record: a checkout that happens to be importable is not run.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
import re
import site
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from mzaudit.errors import InputError

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

    from mzaudit.engine.rule import AnyRule

GROUP: Final = "mzaudit.rules"
_CODE = re.compile(r"[A-Z]+-[0-9]{3}")


def installed_codes(names: tuple[str, ...]) -> tuple[str, ...]:
    """The codes of the rules of these plugins. Raises `InputError` for one that is not installed or is wrong."""
    return tuple(rule.code for rule in installed_rules(names))


def rules_with(names: tuple[str, ...]) -> tuple[AnyRule, ...]:
    """Every rule, those of these plugins too, sorted by code. Raises `InputError` as `installed_codes` does."""
    from mzaudit import rules

    return tuple(sorted((*rules.load(), *installed_rules(names)), key=lambda rule: rule.code))


@functools.cache
def installed_rules(names: tuple[str, ...]) -> tuple[AnyRule, ...]:
    """The rules of these plugins alone."""
    from mzaudit import rules

    taken = {area.prefix: "mzaudit" for area in rules.areas().values()} if names else {}
    found: dict[str, AnyRule] = {}
    for name in dict.fromkeys(names):
        distribution, point = _found(name)
        called = f"{distribution.name} {distribution.version}"
        for rule in _rules_of(name, called, distribution, point):
            if not _CODE.fullmatch(rule.code):
                raise InputError(f"plugin {name!r} ({called}): expected a code such as ACME-001, found {rule.code!r}")
            owner = taken.get(rule.area) or (found[rule.code].module if rule.code in found else "")
            if owner:
                raise InputError(f"plugin {name!r} ({called}): the code {rule.code} is one of {owner}")
            found[rule.code] = rule
    return tuple(found.values())


def site_folders() -> tuple[str, ...]:
    """Where installers put packages for this interpreter."""
    return (*site.getsitepackages(), *((site.getusersitepackages(),) if site.ENABLE_USER_SITE else ()))


def _found(name: str) -> tuple[Distribution, EntryPoint]:
    """The one installed distribution that declares this plugin."""
    from importlib.metadata import DistributionFinder, MetadataPathFinder

    known: dict[str, list[tuple[Distribution, EntryPoint]]] = {}
    for distribution in MetadataPathFinder.find_distributions(DistributionFinder.Context(path=list(site_folders()))):
        for point in distribution.entry_points.select(group=GROUP):
            known.setdefault(point.name, []).append((distribution, point))
    if name not in known:
        held = f"installed are {', '.join(sorted(known))}" if known else "none is installed"
        raise InputError(f"plugin {name!r}: no installed package declares it in the entry points {GROUP!r}; {held}")
    if len(known[name]) > 1:
        both = ", ".join(sorted(f"{each.name} {each.version}" for each, _ in known[name]))
        raise InputError(f"plugin {name!r}: expected one installed package to declare it, found {both}")
    return known[name][0]


def _rules_of(name: str, called: str, distribution: Distribution, point: EntryPoint) -> tuple[AnyRule, ...]:
    from mzaudit.engine.rule import Rule

    if point.attr or point.extras:
        raise InputError(f"plugin {name!r} ({called}): expected the name of a module, found {point.value!r}")
    if _editable(distribution):
        raise InputError(f"plugin {name!r} ({called}): is installed as a link to a folder; install a copy of it")
    module = _imported(name, called, distribution, point.module)
    held = [value for value in vars(module).values() if isinstance(value, Rule)]
    own = tuple(rule for rule in held if rule.module.partition(".")[0] == point.module.partition(".")[0])
    if not own:
        raise InputError(f"plugin {name!r} ({called}): the module {point.module} holds no rule")
    return own


def _editable(distribution: Distribution) -> bool:
    """Whether it is a link to a folder (PEP 610); what cannot be read is no copy that an installer made."""
    try:
        match json.loads(distribution.read_text("direct_url.json") or "{}"):
            case {"dir_info": {"editable": editable}}:
                return editable is not False
            case found:
                return not isinstance(found, dict)
    except (ValueError, RecursionError):
        return True


def _imported(name: str, called: str, distribution: Distribution, module: str) -> ModuleType:
    home = Path(str(distribution.locate_file(""))).resolve()
    try:
        with _installed_only():
            found = importlib.util.find_spec(module.partition(".")[0])
            places = [found.origin] if found and found.origin else []
            if not places or not all(Path(place).resolve().is_relative_to(home) for place in places):
                raise InputError(f"plugin {name!r} ({called}): {module} would be imported from elsewhere than {home}")
            return importlib.import_module(module)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        # the text of another one may repeat what the module read
        why = f": {error}" if isinstance(error, ImportError | SyntaxError) else f" at {_last_line(error)}"
        raise InputError(f"plugin {name!r} ({called}): cannot be imported: {type(error).__name__}{why}") from error


def _last_line(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"


@contextmanager
def _installed_only() -> Iterator[None]:
    """Import from the standard library and from installed packages alone."""
    before = sys.path[:]
    standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), sysconfig.get_config_var("DESTSHARED")}
    sys.path[:] = [*(place for place in before if place in standard), *site_folders()]
    try:
        yield
    finally:
        sys.path[:] = before
