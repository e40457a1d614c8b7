"""What makes a plain setting a credential: its name, the shape of its value, and the names that are known to be none.

The three tables are the whole of it. Nothing here sees a value: only its class, which the collector made.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from mzaudit.audit.places import Entry, Kind
from mzaudit.snapshot.values import LiteralValue, ValueClass

# shapes that only a credential has
SHAPES = {
    "account-key": "holds an account key",
    "jwt": "holds a JSON Web Token",
    "password": "holds a password",
    "private-key": "holds a private key",
    "sas": "holds a shared access signature",
    "url-userinfo": "holds a user name and password in a URL",
}
RANDOM = "is a long random text"

NAMES = re.compile(
    r"""password|passwd|passphrase|(?<![a-z])(pass|pwd|sas|hmac)(?![a-z])|secret|tokens?(?![a-z])
    |(api|access|account|auth|encryption|master|private|shared|signing)[_.:-]*key""",
    re.IGNORECASE | re.VERBOSE,
)

# names that are no credentials though they look like one, or whose value may look random
HARMLESS = re.compile(
    r"""WEBSITES?_.*                                  # App Service's own
    |.*_AUTHENTICATION_SECRET_SETTING_NAME            # names another setting
    |MS_CLIENT_ID|MS_TENANT_ID|APPLICATIONINSIGHTS_CONNECTION_STRING
    |OTEL_(?!.*HEADERS).*                             # names, sampling and addresses; headers may carry keys
    |.*_(URL|URI|ENDPOINT|ISSUER|AUDIENCE|SCOPES?)    # addresses and identifiers
    |.*_(NAME|PATH|FILE|HEADER|COOKIE|TYPE|ALGORITHM|VERSION|ENABLED|REQUIRED)
    |.*_(TTL|TIMEOUT|EXPIRY|EXPIRES_IN|LIFETIME|(MAX|MIN)_AGE|LENGTH|LIMIT|COUNT)
    |(.*_)?(MAX|MIN|NUM)_.*                           # numbers about a credential
    |(.*_)?(SHA|COMMIT|DIGEST|REVISION|BUILD)(_.*)?   # of the image
    """,
    re.IGNORECASE | re.VERBOSE,
)

# the registry's own credentials, which IMG-007 judges for the app itself
REGISTRY_LOGIN = frozenset({"DOCKER_REGISTRY_SERVER_USERNAME", "DOCKER_REGISTRY_SERVER_PASSWORD"})

DATABASE_NAMES = re.compile(
    r"(.*_)?(DATABASE|DB|SQL|MSSQL|AZURE_?SQL|POSTGRES(QL)?|PG|MYSQL|JDBC|ODBC|SQLALCHEMY)(_DATABASE)?_"
    r"(URL|URI|DSN|CONN(ECTION)?_?(STR(ING)?|URL|URI)?)(_.*)?",
    re.IGNORECASE,
)
DATABASE_TYPES = frozenset({"sqlazure", "sqlserver", "mysql", "postgresql"})


def is_database_address(entry: Entry) -> bool:
    """Whether an entry says how to reach a database: by its name, a connection string's type, or what it holds."""
    named = DATABASE_NAMES.fullmatch(entry.name) is not None or entry.type.casefold() in DATABASE_TYPES
    return named or (isinstance(entry.value, LiteralValue) and "database" in entry.value.value.kinds)


def has_password(value: ValueClass) -> bool:
    """Whether a database address carries a password."""
    return not {"password", "url-userinfo"}.isdisjoint(value.credentials)


def why_credential(entry: Entry, value: ValueClass, secrets: Collection[str]) -> str | None:
    """Why a plain value is a credential, as the end of a sentence; `None` if it is none.

    `secrets` are names that the policy documents as sensitive secrets. A container variable's value names an app
    setting, so that its own name tells nothing.
    """
    if value.empty or value.unresolved_reference:
        return None
    shapes = [words for shape, words in SHAPES.items() if shape in value.credentials]
    if shapes:
        return " and ".join(shapes)
    if entry.kind in (Kind.MOUNT, Kind.REGISTRY_LOGIN):
        return "is a key in clear"
    if entry.kind is not Kind.CONTAINER_VARIABLE and entry.name in secrets:
        return "is documented as a secret"
    if HARMLESS.fullmatch(entry.name):
        return None
    if entry.kind is not Kind.CONTAINER_VARIABLE and NAMES.search(entry.name):
        return "has the name of a credential"
    return RANDOM if "high-entropy" in value.credentials else None
