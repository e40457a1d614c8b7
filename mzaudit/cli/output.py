"""Where reports go: files that are whole or not there, then stdout."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mzaudit.cli.streams import say, show_all
from mzaudit.cli.streams import show as show  # for every command that has a result
from mzaudit.errors import InputError

if TYPE_CHECKING:
    from mzaudit.audit.results import Report
    from mzaudit.report.trend import Point

# How a file of ours begins. A file that begins otherwise is somebody's own and is never replaced.
_BEGINS: Final = {
    "json": ("{",),
    "jsonl": ("{",),
    "junit": ("<?xml",),
    "sarif": ("{",),
    "sarif-alerts": ("{",),
    "csv": ("environment,rule,",),
    "ocsf": ("{",),
    "markdown": ("# mzaudit",),
    "markdown-ado": ("# mzaudit",),
    "markdown-summary": ("# mzaudit",),
    "terminal": ("tool ",),
    "html": ("<!DOCTYPE html>\n<!-- mzaudit",),
    "fix": ("#!/usr/bin/env bash\n# Remediation of what mzaudit",),
}
_OURS: Final = "mzaudit"


@dataclass(frozen=True, slots=True)
class Target:
    """One `-o FORMAT[:PATH]`; no path (or `-`) is stdout."""

    format: str
    path: Path | None


def targets(options: Sequence[str], reports_dir: Path, environments: Sequence[str]) -> tuple[Target, ...]:
    """What `-o` asks for; without any, the terminal report and the three files under the reports directory."""
    from mzaudit.report import FORMATS

    if not options:
        env = "+".join(environments)
        folder = reports_dir / env
        return (
            Target("terminal", None),
            Target("junit", folder / f"TEST-mzaudit-{env}.xml"),
            Target("markdown", folder / f"mzaudit-{env}.md"),
            Target("json", folder / f"mzaudit-{env}.json"),
        )
    chosen = []
    for option in options:
        name, _, path = option.partition(":")
        if name not in FORMATS:
            raise InputError(f"-o {option}: unknown format {name!r}: expected one of {', '.join(FORMATS)}")
        chosen.append(Target(name, Path(path) if path not in ("", "-") else None))
    if sum(target.path is None for target in chosen) > 1:
        raise InputError("-o: only one format can go to stdout; give the others a path (FORMAT:PATH)")
    paths = [target.path for target in chosen if target.path is not None]
    for written in paths:
        if paths.count(written) > 1:
            raise InputError(f"-o: two formats were given the same path, {written}")
    return tuple(chosen)


def apart(saved: Path, wanted: Sequence[Target]) -> None:
    """Refuse to write over the saved file that a command reads: a run that fails would lose it."""
    if any(target.path is not None and target.path.resolve() == saved.resolve() for target in wanted):
        raise InputError(f"{saved}: this file is read and would be written over; copy it, or write elsewhere with -o")


def clear(wanted: Sequence[Target]) -> None:
    """Remove earlier reports before anything can go wrong, so that a crash never leaves yesterday's green file."""
    found = []
    for target in wanted:
        try:
            if target.path is None or not target.path.exists():
                continue
            ours = _is_ours(target.path, target.format)
        except OSError as error:
            raise InputError(f"{target.path}: cannot be read: {error.strerror}") from error
        if not ours:
            raise InputError(f"{target.path}: this is not a {target.format} report of mzaudit; it is left as it is")
        found.append(target.path)
    for path in found:
        try:
            path.unlink(missing_ok=True)  # another run may have been faster
        except OSError as error:
            raise InputError(f"{path}: an earlier report that cannot be removed: {error.strerror}") from error


def _is_ours(path: Path, format_: str) -> bool:
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.read(4096)
    return not head or (head.startswith(_BEGINS[format_]) and _OURS in head)  # nothing is lost with an empty file


def write(
    report: Report, wanted: Sequence[Target], *, colour: bool, width: int, history: Sequence[Point] = ()
) -> tuple[Path, ...]:
    """Write every target and return the files. Files first, so that a lost stdout loses none of them. `history` is for
    the formats that show how it went before.

    Raises `InputError` if a target cannot be written; if stdout cannot but files were, says so: they hold the verdict.
    """
    from mzaudit.report import find, terminal

    def chunks(target: Target) -> Iterator[str]:
        if target.format == "terminal" and target.path is None:
            return terminal.chunks(report, colour=colour, width=width)
        if target.format == "html":
            from mzaudit.report import html

            return html.chunks(report, history)
        return find(target.format)(report)

    files = []
    for target in wanted:
        if target.path is not None:
            replace(target.path, chunks(target))
            files.append(target.path)
    for target in wanted:
        if target.path is None:
            try:
                show_all(chunks(target))
            except InputError as error:
                if not files:
                    raise
                say(str(error))
    return tuple(files)


def replace(path: Path, chunks: Iterable[str], mode: int = 0o644) -> None:
    """Write a file whole: its pieces to a temporary file beside it, flushed to disk, then renamed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.writelines(chunks)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def coloured() -> bool:
    """Whether stdout takes colour: a terminal that has not asked for none, or one that was forced."""
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Columns to lay the terminal report out in: the terminal's, or 100 where there is none."""
    if not sys.stdout.isatty():
        return 100
    return max(60, min(os.get_terminal_size(sys.stdout.fileno()).columns, 140))
