"""Azure CLI commands with this estate's names in them, quoted for a POSIX shell."""

from __future__ import annotations

import shlex


def az(command: str, **options: str | bool) -> str:
    """`az` with its sub-command and options in the order given; `resource_group="x"` becomes `--resource-group x`,
    `True` a flag. A word in capitals (`SECRET_FILE`) is a placeholder for the reader to fill in."""
    words = ["az", *command.split()]
    for name, value in options.items():
        flag = "--" + name.strip("_").replace("_", "-")
        words += [flag] if value is True else [flag, shlex.quote(str(value).lower() if value is False else str(value))]
    return " ".join(words)
