"""From the command line's words to a bound policy: which policy, which environments, which subscriptions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mzaudit.errors import InputError

if TYPE_CHECKING:
    from mzaudit.policy.desired import Desired
    from mzaudit.policy.loader.load import Loaded

ALL = "all"
_MOST = 10  # names in a message
_NEAR = 0.5  # how alike a name is that may be meant: prod and production are
_ENVIRONMENT = re.compile(r"(?!.{21})[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TAG = re.compile(r"\w[\w.-]{0,127}")
_VERSION = re.compile(r"[\w.-]{1,150}")


def environment_names(asked: Sequence[str]) -> tuple[str, ...]:
    """The environments asked for, each once; a name that no environment can have is refused before any path is made."""
    for env in asked:
        if not _ENVIRONMENT.fullmatch(env):
            raise InputError(f"--env {env!r}: expected a name of lower-case letters, such as prd or eu-1")
    return tuple(dict.fromkeys(asked))


def load_policy(path: Path | None, *, shipped: bool) -> Loaded:
    """The policy of `--policy`, else ./policies, else (where a simulated estate is asked about) the shipped one."""
    from mzaudit.cli.plugins import installed_codes
    from mzaudit.policy.loader.load import load
    from mzaudit.policy.shipped_policy import shipped as shipped_policy
    from mzaudit.rules import vocabulary

    words = replace(vocabulary(), installed=installed_codes)
    if path is not None:
        return load(path, words, "policies" if path == shipped_policy() else None)
    if Path("policies").is_dir():
        return load(Path("policies"), words)
    if shipped:
        return load(shipped_policy(), words, "policies")
    raise InputError("policies: no such directory; write one to start from with `mzaudit init`, or give --policy PATH")


def policy_files(path: Path | None) -> str:
    """The files of the policy at `--policy`, else ./policies, as a report of it names them; for a policy that cannot be
    loaded, the path itself where nothing is there."""
    from mzaudit.policy.loader.load import REQUIREMENTS, WAIVERS

    where = path or Path("policies")
    if where.is_dir():
        found = sorted(one for one in where.glob("*.yaml") if not one.name.startswith("."))
    else:
        found = [where, *(one for one in map(where.with_name, (REQUIREMENTS, WAIVERS)) if one.is_file())]
    return ", ".join(one.as_posix() for one in found or (where,))


def chosen_environments(loaded: Loaded, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The environments asked for; `all` stands for every one of the policy's. One that it does not name is refused."""
    if asked == (ALL,) and ALL not in loaded.policy.environments:
        return tuple(loaded.policy.environments)
    require_known(loaded, asked)
    return asked


def require_known(loaded: Loaded, environments: Sequence[str]) -> None:
    """Refuse an environment that the policy does not name."""
    names = list(loaded.policy.environments)
    for env in environments:
        if env not in names:
            near = difflib.get_close_matches(env, names, 1, _NEAR)
            hint = f"; did you mean {near[0]}?" if near else ""
            more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
            expected = f"expected one of {', '.join(names[:_MOST])}{more}, found {env!r}"
            raise InputError(f"{stated(loaded, 'environments')}: environments: {expected}{hint}")


def stated(loaded: Loaded, *steps: str) -> str:
    """The `file:line` that states a place of the policy, where a person finds it: the shipped policy, which findings
    call `policies`, is in the package as long as nobody wrote it there."""
    from mzaudit.policy.shipped_policy import shipped

    place = loaded.where(*steps)
    name, _, line = place.rpartition(":")
    return place if Path(name).exists() else f"{shipped() / Path(name).name}:{line}"


def expected_commits(loaded: Loaded, options: Sequence[str]) -> dict[str, str]:
    """`--expect-image SERVICE=TAG`, checked against the policy's services."""
    from mzaudit.facts.image_tags import COMMIT, is_of, words

    commits = {}
    for option in options:
        service, _, commit = option.partition("=")
        if service not in loaded.policy.services:
            raise InputError(
                f"--expect-image {option[:80]!r}: expected SERVICE=TAG with SERVICE one of "
                f"{', '.join(loaded.policy.services)}"
            )
        image = loaded.policy.services[service].image
        style = image.tags if image is not None else COMMIT
        if not _TAG.fullmatch(commit) or not is_of(style, commit):
            expected = "a commit of 40 lower-case hexadecimal digits" if style == COMMIT else words(style)
            raise InputError(f"--expect-image {option[:80]!r}: expected {expected}")
        commits[service] = commit
    return commits


def expected_migrations(loaded: Loaded, options: Sequence[str]) -> dict[str, str]:
    """`--expect-migration DB=VERSION`, checked against the policy's databases."""
    from mzaudit.policy.semantics import no_version
    from mzaudit.policy.spec_values import database_spec

    databases = {
        key: database_spec(written)
        for server in loaded.policy.servers.values()
        for key, written in server.databases.items()
    }
    versions = {}
    for option in options:
        database, _, version = option.partition("=")
        if database not in databases:
            raise InputError(
                f"--expect-migration {option[:80]!r}: expected DB=VERSION with DB one of "
                f"{', '.join(databases) or 'none is declared'}"
            )
        stated = databases[database].migrations
        tool = stated.tool if stated is not None else "none"
        if tool == "none":
            raise InputError(f"--expect-migration {option[:80]!r}: the policy names no tool that migrates {database}")
        words = no_version(tool, version) if _VERSION.fullmatch(version) else "a version or id of a migration"
        if words:
            raise InputError(f"--expect-migration {option[:80]!r}: expected {words}")
        versions[database] = version
    return versions


def bind_policy(
    loaded: Loaded,
    environments: tuple[str, ...],
    subscriptions: Mapping[str, str],
    images: Sequence[str] = (),
    migrations: Sequence[str] = (),
) -> Desired:
    """The policy with every template filled in; `images` and `migrations` are what this run expects."""
    from mzaudit.policy.bind import Expected, bind

    expected = Expected(expected_commits(loaded, images), expected_migrations(loaded, migrations))
    return bind(loaded.policy, loaded.where, environments, subscriptions, expected)
