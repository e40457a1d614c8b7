"""Azure CLI commands with this estate's names in them, quoted for a POSIX shell."""

from __future__ import annotations

import re
import shlex
from typing import Final

# What a reader fills in: a command that holds one of these must not run as it is.
_PLACEHOLDER: Final = re.compile(
    r"(?<![A-Za-z0-9_-])(?:ACTION_GROUP_ID|ADMIN_GROUP|ADMIN_GROUP_OBJECT_ID|CLIENT_ID|COMMIT|COMPOSE_FILE|CONNECTION_STRING|CONTAINER"
    r"|DATA_COLLECTION_RULE_ID|IDENTITY_ID|IMAGE|LOCATION|LOGIN_SERVER|LOG_ANALYTICS_WORKSPACE_ID|NAME_AS_IN_THE_DATABASE|PLAN|PLAN_SKU"
    r"|PRINCIPAL_ID_OF_THE_APP|RESOURCE_GROUP|SCOPE|SECRET_FILE[A-Za-z0-9_-]*|SETTING_VALUE|SHARE_NAME|SQL_[A-Z_]+"
    r"|STORAGE_ACCOUNT|STORAGE_KEY|TAG)(?![A-Za-z0-9_-])"
)

# Options that name a subscription, or hold a whole id.
_ELSEWHERE: Final = frozenset(("--subscription", "--ids", "--scope", "--url"))

WEB: Final = "2025-05-01"
"""The api-version of App Service for what has no `az` command of its own."""


def az(command: str, **options: str | bool) -> str:
    """`az` with its sub-command and options in the order given; `resource_group="x"` becomes `--resource-group x`,
    `True` a flag. A word in capitals (`COMMIT`) is a placeholder; see `placeholders`."""
    words = ["az", *command.split()]
    for name, value in options.items():
        flag = "--" + name.strip("_").replace("_", "-")
        words += [flag] if value is True else [flag, shlex.quote(str(value).lower() if value is False else str(value))]
    return " ".join(words)


def in_subscription(command: str, subscription: str) -> str:
    """The command with `--subscription`, where it names things that are looked for in the subscription at hand."""
    words = shlex.split(command)
    if words[0] != "az" or words[1] == "pipelines" or not _ELSEWHERE.isdisjoint(words):
        return command
    return f"{command} --subscription {shlex.quote(subscription)}"


def placeholders(command: str) -> tuple[str, ...]:
    """The words of a command that a reader has to fill in, each once."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(command)))


def secret_file(vault: str, stored: str) -> str:
    """The placeholder for the file that holds a secret's new value: one a secret, so that no value is set twice."""
    return f"SECRET_FILE_{vault}_{stored}"
