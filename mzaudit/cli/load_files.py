"""Saved files on their way in: snapshots and reports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mzaudit.cli.streams import say
from mzaudit.errors import InputError, SnapshotError

if TYPE_CHECKING:
    from mzaudit.engine.results import Report
    from mzaudit.report.trend import Point
    from mzaudit.snapshot.estate import Snapshot

_LARGEST = 256 << 20  # bytes; a snapshot of 1,000 apps has some 36 million


def read_snapshot(path: Path) -> Snapshot:
    """A saved snapshot; raises `SnapshotError` for another version or a file cut short."""
    from mzaudit.snapshot.saved.store import load

    return load(_text(path), str(path))


def read_snapshots(paths: Sequence[Path]) -> tuple[Snapshot, tuple[Path, ...]]:
    """Saved snapshots of parts of one estate, as one, and which of several are not there: what a part's job could not
    write keeps nobody from judging the others. Raises `SnapshotError` where they overlap or contradict."""
    from mzaudit.snapshot.saved.merge import merge

    missing = tuple(path for path in paths if not path.exists())
    if len(missing) == len(paths):
        missing = ()  # then the first says that it cannot be read
    return merge([(str(path), read_snapshot(path)) for path in paths if path not in missing]), missing


def read_report(path: Path) -> Report:
    """A saved JSON report."""
    from mzaudit.report.formats.json import parse

    return parse(_text(path), str(path))


def read_either(path: Path) -> Snapshot | Report:
    """A saved snapshot or JSON report, whichever it is: a report has findings, a snapshot does not."""
    from mzaudit.report.formats.json import parse
    from mzaudit.snapshot.saved.store import load

    text = _text(path)
    try:
        held: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: neither a snapshot nor a report, or cut short: {error}") from None
    if isinstance(held, dict) and "findings" in held:
        return parse(text, str(path))
    if isinstance(held, dict) and "taken" in held:
        return load(text, str(path))
    raise InputError(f"{path}: expected a snapshot or a JSON report of mzaudit, found something else")


def read_history(folder: Path | None) -> tuple[tuple[Path, tuple[str, ...], Point], ...]:
    """The counts of each report among the JSON files in the folder and below it, those set aside too, with its
    environments. What is no report is passed over, and said."""
    if folder is None:
        return ()
    from mzaudit.cli.previous_reports import PREVIOUS
    from mzaudit.report.trend import point

    if not folder.is_dir():
        raise InputError(f"--history {folder}: expected a directory of JSON reports")
    found = []
    for path in sorted((*folder.rglob("*.json"), *folder.rglob(f"*.json{PREVIOUS}"))):
        if not path.is_file():
            say(f"--history: passed over: {path}: not a regular file")
            continue
        try:
            earlier = read_report(path)
        except (InputError, SnapshotError) as error:
            say(f"--history: passed over: {str(error).splitlines()[0]}")
        else:
            found.append((path, earlier.environments, point(earlier)))
    return tuple(found)


def history_of(environments: Sequence[str], found: Sequence[tuple[Path, tuple[str, ...], Point]]) -> tuple[Point, ...]:
    """Those of a history that are of these environments. Another is passed over, and said."""
    points = []
    for path, theirs, point in found:
        if theirs == tuple(environments):
            points.append(point)
        else:
            say(f"--history: passed over: {path}: a report of {', '.join(theirs)}")
    return tuple(points)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)  # of what never ends too
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > _LARGEST:
        raise InputError(f"{path}: larger than {_LARGEST >> 20} MiB: no snapshot or report of mzaudit")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected UTF-8 text, found bytes that are not (at byte {error.start})") from error
