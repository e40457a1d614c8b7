"""Reports: each format is a function of the one lossless `Report`, in a file of its own, loaded when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from mzaudit.errors import InputError

if TYPE_CHECKING:
    from mzaudit.audit.results import Report


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the module that renders it, and the extension of its files."""

    module: str
    extension: str


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "json": Format("mzaudit.report.json", "json"),
        "jsonl": Format("mzaudit.report.jsonl", "jsonl"),
        "junit": Format("mzaudit.report.junit", "xml"),
        "markdown": Format("mzaudit.report.markdown", "md"),
        "terminal": Format("mzaudit.report.terminal", "txt"),
        "fix": Format("mzaudit.report.fix", "sh"),
    }
)


def find(name: str) -> Callable[[Report], str]:
    """The renderer of a format; raises `InputError` for a name that is none."""
    if name not in FORMATS:
        raise InputError(f"unknown format {name!r}: expected one of {', '.join(FORMATS)}")
    render: Callable[[Report], str] = importlib.import_module(FORMATS[name].module).render
    return render
