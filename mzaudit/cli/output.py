"""Where reports go: stdout, and files that are whole or not there."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Final

from mzaudit.cli.streams import say, show_all
from mzaudit.cli.streams import show as show  # for every command that has a result
from mzaudit.errors import InputError

if TYPE_CHECKING:
    from mzaudit.engine.results import Finding, Report
    from mzaudit.report.trend import Point

_PRIVATE: Final = 0o600
_LONGEST_LABEL: Final = 100


@dataclass(frozen=True, slots=True)
class OutputTarget:
    """One `-o FORMAT[:PATH]`; no path (or `-`) is stdout."""

    format: str
    path: Path | None


def targets(options: Sequence[str], reports_dir: Path, environments: Sequence[str]) -> tuple[OutputTarget, ...]:
    """What `-o` asks for; without any, the terminal report and the three files under the reports directory."""
    from mzaudit.report import FORMATS

    if not options:
        return by_default(reports_dir, environments)
    chosen = []
    for option in options:
        target = parsed(option)
        if target is None:
            name = option.partition(":")[0]
            raise InputError(f"-o {option}: unknown format {name!r}: expected one of {', '.join(FORMATS)}")
        chosen.append(target)
    if sum(target.path is None for target in chosen) > 1:
        raise InputError("-o: only one format can go to stdout; give the others a path (FORMAT:PATH)")
    places: dict[str, Path] = {}
    for target in chosen:
        if target.path is not None:
            first = places.setdefault(os.path.realpath(target.path), target.path)
            if first is not target.path:
                same = f"the same path, {first}" if first == target.path else f"one file: {first} and {target.path}"
                raise InputError(f"-o: two formats were given {same}")
    cases: dict[str, Path] = {}
    for place, path in places.items():
        if (first := cases.setdefault(place.casefold(), path)) is not path:
            raise InputError(f"-o: {first.name} and {path.name} are one file on macOS and Windows: name them apart")
    return tuple(chosen)


def by_default(reports_dir: Path, environments: Sequence[str]) -> tuple[OutputTarget, ...]:
    """What is written without `-o`. Raises `InputError` for a name that no environment can have."""
    from mzaudit.cli.resolve import environment_names

    env = label(environment_names(environments))
    folder = reports_dir / env
    return (
        OutputTarget("terminal", None),
        OutputTarget("junit", folder / f"TEST-mzaudit-{env}.xml"),
        OutputTarget("markdown", folder / f"mzaudit-{env}.md"),
        OutputTarget("json", folder / f"mzaudit-{env}.json"),
    )


def label(names: Sequence[str]) -> str:
    """The environments as they stand in a file's name, each once; no system lets that grow beyond some 250 bytes."""
    several = tuple(dict.fromkeys(names))
    joined = "+".join(several)
    if len(joined) <= _LONGEST_LABEL:
        return joined
    return f"{several[0]}+{len(several) - 1}-more-{hashlib.sha256(joined.encode()).hexdigest()[:8]}"


def parsed(option: str) -> OutputTarget | None:
    """One `-o FORMAT[:PATH]`; None if there is no such format."""
    from mzaudit.report import FORMATS

    name, _, path = option.partition(":")
    return OutputTarget(name, Path(path) if path not in ("", "-") else None) if name in FORMATS else None


def write(
    report: Report, wanted: Sequence[OutputTarget], *, colour: bool, width: int, history: Sequence[Point] = ()
) -> None:
    """Write every target, stdout first, and say which files were written. `history` is for the formats that show how it
    went before.

    A target that cannot be written keeps none of the others from it. Raises `InputError` with all those; where none of
    the rest went to stdout, the terminal report does. A stdout that cannot be written is only said where every file
    was: they hold the verdict.
    """
    from mzaudit.report.formats import terminal

    files: list[Path] = []
    failed: list[str] = []
    unsaid = ""
    shown = False
    for target in sorted(wanted, key=lambda one: one.path is not None):
        try:
            chunks = _chunks(report, target, colour=colour, width=width, history=history)
            if target.path is None:
                show_all(chunks)
                shown = True
            else:
                write_file(target.path, chunks)
                files.append(target.path)
        except InputError as error:
            if target.path is None:
                unsaid = str(error)
            else:
                failed.append(str(error))
    if failed and not shown and not unsaid:
        try:
            show_all(terminal.chunks(report, colour=colour, width=width))
        except InputError as error:
            unsaid = str(error)
    if unsaid and (failed or not files):
        failed.append(unsaid)
    elif unsaid:
        say(unsaid)
    if files:
        say("wrote " + ", ".join(map(str, files)))
    if failed:
        raise InputError("\n".join(failed))


def _chunks(
    report: Report, target: OutputTarget, *, colour: bool, width: int, history: Sequence[Point]
) -> Iterator[str]:
    """The report in a target's format."""
    from mzaudit.report import find
    from mzaudit.report.formats import terminal

    if target.format == "terminal" and target.path is None:
        return terminal.chunks(report, colour=colour, width=width)
    if target.format == "html":
        from mzaudit.report.formats import html

        return html.chunks(report, history)
    if target.format.startswith("sarif"):
        from mzaudit.publish.pipeline import find_azure_run
        from mzaudit.report.formats import sarif

        write_log = sarif.alerts if target.format == "sarif-alerts" else sarif.chunks
        return write_log(_by_repository(report), find_azure_run(os.environ))
    return find(target.format)(report)


def _by_repository(report: Report) -> Report:
    """The report with its lines of the policy as the repository has them: a forge looks them up there, wherever in it
    the check ran."""
    from mzaudit.publish.pipeline import repository_folder

    folder = repository_folder(os.environ)

    def place(where: str) -> str:
        whole = where.startswith("/") or PureWindowsPath(where).drive
        return where if not folder or not where or whole else f"{folder}/{where}"

    def placed(finding: Finding) -> Finding:
        waiver = finding.waiver
        if waiver is not None:
            waiver = replace(waiver, where=place(waiver.where))
        return replace(finding, policy=place(finding.policy), waiver=waiver)

    return replace(report, findings=tuple(map(placed, report.findings))) if folder else report


def write_one(report: Report, target: OutputTarget) -> None:
    """Write one target without colour, and say if it cannot be written."""
    try:
        write(report, (target,), colour=False, width=width())
    except InputError as error:
        say(str(error))


def write_file(path: Path, chunks: Iterable[str], mode: int = 0o644) -> None:
    """Write a file whole: its pieces to a temporary file beside it, flushed to disk, then renamed. The umask takes from
    `mode` as from that of any file."""

    def opened(name: str, flags: int) -> int:
        return os.open(name, flags, mode)

    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "x", encoding="utf-8", errors="backslashreplace", newline="\n", opener=opened) as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def keep(path: Path, chunks: Callable[[], Iterable[str]]) -> None:
    """Write a snapshot, for its owner's eyes alone. Raises `InputError` if that fails, and then says where it was kept
    instead: a run may have taken minutes."""
    try:
        write_file(path, chunks(), _PRIVATE)
    except InputError as error:
        try:
            spare = Path(tempfile.mkdtemp(prefix="mzaudit-")) / path.name
            write_file(spare, chunks(), _PRIVATE)
        except (InputError, OSError):
            raise error from None
        raise InputError(f"{error}; it is kept in {spare}") from error


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
