"""Reports: each format is a function of the one lossless `Report`, in a file of its own, loaded when asked for.

A format is written in pieces, so that the text of a large report is never held whole. Every piece is whole lines.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from mzaudit.errors import InputError

if TYPE_CHECKING:
    from mzaudit.engine.results import Report

Chunks: TypeAlias = "Callable[[Report], Iterator[str]]"


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the module and the function of it that writes it, the extension of its files, and how each begins, by
    which a run tells its own earlier file, which also names mzaudit, from somebody else's."""

    module: str
    extension: str
    begins: str
    function: str = "chunks"


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "json": Format("mzaudit.report.formats.json", "json", "{"),
        "jsonl": Format("mzaudit.report.formats.jsonl", "jsonl", "{"),
        "junit": Format("mzaudit.report.formats.junit", "xml", "<?xml"),
        "sarif": Format("mzaudit.report.formats.sarif", "sarif", "{"),
        "sarif-alerts": Format("mzaudit.report.formats.sarif", "sarif", "{", "alerts"),
        "csv": Format("mzaudit.report.formats.csv", "csv", "environment,rule,"),
        "ocsf": Format("mzaudit.report.formats.ocsf", "jsonl", "{"),
        "markdown": Format("mzaudit.report.formats.markdown", "md", "# mzaudit"),
        "markdown-ado": Format("mzaudit.report.formats.markdown", "md", "# mzaudit", "azure_pull_request"),
        "markdown-summary": Format("mzaudit.report.formats.markdown", "md", "# mzaudit", "azure_summary"),
        "terminal": Format("mzaudit.report.formats.terminal", "txt", "tool "),
        "html": Format("mzaudit.report.formats.html", "html", "<!DOCTYPE html>\n<!-- mzaudit"),
        "fix": Format("mzaudit.report.formats.fix", "sh", "#!/usr/bin/env bash\n# Remediation of what mzaudit"),
    }
)


def find(name: str) -> Chunks:
    """What writes a format: from a report to its text in pieces of whole lines. Raises `InputError` for a name that is
    none."""
    if name not in FORMATS:
        raise InputError(f"unknown format {name!r}: expected one of {', '.join(FORMATS)}")
    format_ = FORMATS[name]
    chunks: Chunks = getattr(importlib.import_module(format_.module), format_.function)
    return chunks


def render(name: str, report: Report) -> str:
    """A format's whole text, for those that have a limit (a comment) or are looked at in full."""
    return "".join(find(name)(report))
