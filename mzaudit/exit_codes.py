"""The exit codes: numbers that never change with a flag."""

from __future__ import annotations

from typing import Final

PASSED: Final = 0
VIOLATION: Final = 1
USAGE: Final = 2
INCOMPLETE: Final = 3
ABANDONED: Final = 4
INTERRUPTED: Final = 130

MEANING: Final = {
    PASSED: "no violation at or above the threshold, and everything was read",
    VIOLATION: "at least one violation at or above the threshold (wins over 3)",
    USAGE: "usage, configuration or policy is wrong: file, line, what was expected",
    INCOMPLETE: "incomplete: something could not be read, nothing was evaluated, or --timeout ended the command",
    ABANDONED: "abandoned: no token for Azure Resource Manager, a required comment could not be written, "
    "no report to publish, or an internal error",
    INTERRUPTED: "interrupted",
}


def table() -> str:
    """The table as text, one code a line."""
    return "\n".join(f"{code:>4}  {meaning}" for code, meaning in MEANING.items())
