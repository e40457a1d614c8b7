"""What an earlier run wrote, set aside before anything of this one can go wrong.

After any exit that wrote no report, none stands under a name that this run would have written, and nothing is lost: the
earlier one is `NAME.previous`, which no glob for `*.xml` or `*.json` finds.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import click

from mzaudit.cli.options import SectionedCommand
from mzaudit.cli.output import OutputTarget, by_default, parsed
from mzaudit.cli.streams import say
from mzaudit.errors import InputError

PREVIOUS: Final = ".previous"
_SNAPSHOT: Final = "snapshot"
_DEVICES: Final = "/dev"
_PROCESSES: Final = "/proc/"


class Writing(SectionedCommand):
    """A command that writes files: before anything else, and if its options are wrong, it makes room for them."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """As click has it; raises `UsageError` after the earlier files are set aside, as far as they can be told."""
        given = list(args)
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError:
            self.set_aside(given)
            raise

    def set_aside(self, args: list[str]) -> None:
        """Set aside what stands under the names that these arguments give, as far as they can be told: read in their
        order, and each option by itself, because a wrong one may take another's name for its value."""
        told, more = self._told(args), self._told(self._options(args))
        params = {name: value or more.get(name) for name, value in told.items()}
        for complaint in make_room(_named(params), _read(params)):
            say(complaint)

    def _told(self, args: list[str]) -> Mapping[str, Any]:
        asked = super().make_context(
            self.name, list(args), resilient_parsing=True, ignore_unknown_options=True, allow_extra_args=True
        )
        return asked.params

    def _options(self, args: list[str]) -> list[str]:
        """Each option that takes a value, with the word behind it, wherever it stands."""
        names = [
            name for each in self.params if isinstance(each, click.Option) and not each.is_flag for name in each.opts
        ]
        joined = tuple(f"{name}=" if name.startswith("--") else name for name in names)
        found: list[str] = []
        for word, following in pairwise([*args, ""]):
            if word in names:
                found += (word, following)
            elif word.startswith(joined):
                found.append(word)
        return found

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Raises `InputError` with everything that its files cannot be written for."""
        if complaints := make_room(_named(ctx.params), _read(ctx.params)):
            raise InputError("\n".join(complaints))
        return super().invoke(ctx)


def make_room(wanted: Sequence[OutputTarget], read: Sequence[Path] = ()) -> tuple[str, ...]:
    """Set aside what stands under the names of `wanted`, and look whether they can be written. What is somebody's own,
    or is `read` by the command, stays as it is and is complained of."""
    return tuple(dict.fromkeys(_complaints(wanted, {os.path.realpath(path) for path in read})))


def _complaints(wanted: Sequence[OutputTarget], read: set[str]) -> Iterator[str]:
    for target in wanted:
        path = target.path
        if path is None:
            continue
        aside = Path(f"{path}{PREVIOUS}")
        try:
            if os.path.realpath(path) in read:
                yield f"{path}: this file is read and would be written over; copy it, or write elsewhere with -o"
                continue
            if _is_of_the_system(path):
                yield f"{path}: this is the system's, no place for a file; it is left as it is (- is stdout)"
                continue
            if _is_somebodys(path, target.format):
                yield f"{path}: this is not a {_what(target.format)} of mzaudit; it is left as it is"
                continue
            there = path.exists()
            if there and aside.exists() and (os.path.realpath(aside) in read or _is_somebodys(aside, target.format)):
                yield f"{path}: the earlier one cannot be kept as {aside}, which is another file or an input: move it"
                continue
        except OSError as error:
            yield f"{path}: cannot be read: {error.strerror}"
            continue
        try:
            if there:
                path.replace(aside)
        except FileNotFoundError:
            pass  # another run was faster
        except OSError as error:
            yield f"{path}: an earlier one cannot be set aside: {error.strerror}"
            continue
        try:
            _look(path)
        except OSError as error:
            yield f"{path}: cannot be written: {error.strerror}"


def _look(path: Path) -> None:
    """Raise `OSError` if no file can be made there; makes no directory."""
    folder = path.parent
    while not os.path.lexists(folder) and folder != folder.parent:  # a link to nothing is no directory to make
        folder = folder.parent
    with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{path.name}."):
        pass


def _is_of_the_system(path: Path) -> bool:
    """Whether it is a name of a device or of an open file. `/dev/stdout` is a link that leads to whatever stdout is: to
    an empty file as well, in whose place the link itself would be set aside. What is below `/dev/shm` is a file."""
    folder = os.path.realpath(path.parent)
    return folder == _DEVICES or folder.startswith(_PROCESSES)


def _is_somebodys(path: Path, format_: str) -> bool:
    """Whether something stands there that is not ours. What another run takes away meanwhile was ours."""
    from mzaudit.report import FORMATS

    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return True
        with path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(4096)
    except (FileNotFoundError, NotADirectoryError):
        return False
    begins, named = ('{\n "', "") if format_ == _SNAPSHOT else (FORMATS[format_].begins, "mzaudit")
    return bool(head) and not (head.startswith(begins) and named in head)  # nothing is lost with an empty file


def _what(format_: str) -> str:
    return _SNAPSHOT if format_ == _SNAPSHOT else f"{format_} report"


def _named(params: Mapping[str, Any]) -> list[OutputTarget]:
    """The files that a command line names; of one that is wrong, those that can be told."""
    if "output" in params:
        return [OutputTarget(_SNAPSHOT, Path(params["output"]))] if params["output"] else []
    options = params.get("outputs") or ()
    if options:
        return [target for option in options if (target := parsed(option)) is not None]
    environments, folder = params.get("environments"), params.get("reports_dir")
    try:
        return list(by_default(folder, environments)) if environments and folder else []
    except InputError:
        return []


def _read(params: Mapping[str, Any]) -> list[Path]:
    """The saved files that a command line has a command read."""
    one = (params.get("baseline"), params.get("saved"))
    return [Path(path) for path in (*(params.get("snapshots") or ()), *one) if path is not None]
