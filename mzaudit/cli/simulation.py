"""The simulated estates of the command line: their names, and serving one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from mzaudit.drill import ESTATES

if TYPE_CHECKING:
    from mzaudit.policy.loader.load import Loaded
    from mzaudit.simulator import Simulator

LARGE = re.compile(r"large:[1-9][0-9]{0,4}")
METAVAR = f"[{'|'.join(ESTATES)}|large:N]"


def estate(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """The name of a simulated estate, as click checks an option's value."""
    if value is None or value in ESTATES or LARGE.fullmatch(value):
        return value
    raise click.BadParameter(f"{value[:40]!r} is not one of {', '.join(ESTATES)}, large:N (N apps, such as large:300).")


def estates(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The names that begin so, for a shell."""
    return [each for each in (*ESTATES, "large:300") if each.startswith(incomplete)]


def documented(loaded: Loaded, estate: str | None) -> Loaded:
    """The policy as it stands; of a large simulated estate, with that estate's environments in place of its own."""
    if estate is None or not LARGE.fullmatch(estate):
        return loaded
    from mzaudit.drill.large_policy import enlarged

    return enlarged(loaded, int(estate.partition(":")[2]))


@contextmanager
def simulated(estate: str | None, loaded: Loaded) -> Iterator[Simulator | None]:
    """The simulated estate of a policy, served on loopback for as long as it is needed; none if none is asked for."""
    if estate is None:
        yield None
        return
    from mzaudit.drill.simulated_estates import build
    from mzaudit.simulator import serve

    with serve(build(estate, loaded)) as simulator:
        yield simulator
