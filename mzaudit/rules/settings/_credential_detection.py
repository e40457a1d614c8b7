"""What makes a plain setting a credential: its name, the shape of its value, and the names that are known to be none.

The tables are the whole of it. Nothing here sees a value: only its class, which the collector made.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from mzaudit.rules.settings._settings_sources import SettingEntry, SettingKind
from mzaudit.snapshot.values import LiteralValue, ValueClass

# shapes that only a credential has; `of:ISSUER` besides, whose issuer is named
SHAPES = {
    "account-key": "holds an account key",
    "bearer": "holds an access token",
    "client-secret": "holds a client secret",
    "jwt": "holds a JSON Web Token",
    "password": "holds a password",
    "pkcs12": "holds a certificate with its private key",
    "private-key": "holds a private key",
    "sas": "holds a shared access signature",
    "url-userinfo": "holds a user name and password in a URL",
}
_ISSUED = "of:"
RANDOM = "is a long random text"

# Names are compared as words: `Smtp__AdminPassword` is SMTP_ADMIN_PASSWORD.
_NOT_A_LETTER = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_INDEX = re.compile(r"_\d{1,3}$")  # of a list in .NET's configuration: ValidAudiences__0
_WORDS = r"""(?:PASSWORDS?|PASSWD|PASSPHRASE|SECRETS?|TOKENS?
    |(?<![A-Z])(?:(?:(?:PG|SSH)?PASS|PAT)(?=$|_?\d)|PASS_PHRASE|PWD|SAS|HMAC)
    |(?:API|ACCESS|ACCOUNT|ADMIN|(?<![A-Z])(?:AES|AI|JWT)|AUTH|COGNITIVE|COSMOS|DECRYPTION|DEPLOY|ENCRYPTION|FUNCTIONS?|HMAC|LICENSE
       |MASTER|OPENAI|PRIVATE|SDK|SECRET|SHARED|SIGNING|SPEECH|SSH|STORAGE|SUBSCRIPTION|TRANSLATOR|VISION)_?KEYS?)"""
NAMES = re.compile(rf"{_WORDS}(?![A-Z])", re.VERBOSE)
# a name that ends with such a word is a credential's even where its value is a number
_ENDS = re.compile(rf".*{_WORDS}(_?\d+)?", re.VERBOSE)

# names whose 40 hexadecimal digits are a key: under others they are a commit or a thumbprint
_KEYS = re.compile(r".*(?:APIKEY|(?<![A-Z0-9])(?<!CACHE_)(?:KEYS?|CREDENTIALS?|CREDS))(_?\d+)?")

# names that are no credentials though they look like one, or whose value may look random
HARMLESS = re.compile(
    rf"""WEBSITES?_(?!AUTH_(ENCRYPTION|SIGNING)_KEY$).*   # App Service's own, but the keys of its sessions
    |.*_AUTHENTICATION_SECRET_SETTING_NAME            # names another setting
    |MS_CLIENT_ID|MS_TENANT_ID|APPLICATIONINSIGHTS_CONNECTION_STRING
    |AZURE_TOKEN_CREDENTIALS                          # which kinds of credential azure-identity tries
    |OTEL_(?!.*HEADERS).*                             # names, sampling and addresses; headers may carry keys
    |.*_(URLS?|URIS?|ENDPOINTS?|HOST(NAME)?S?|NAMESPACE|ISSUERS?|AUDIENCES?|AUTHORITY|SCOPES?|REGION|LOCATION)
    |.*_(NAMES?|IDS?|KID|SID|PATHS?|FILES?|DIR(ECTORY)?|HEADER|COOKIE|FIELDS?|CLAIMS?|PREFIX(ES)?|SUFFIX|PATTERN|REGEX)
    |.*_(BACKEND|BROKER|CACHES?|CLASS|PARAM(ETER)?S?|REF(ERENCE)?|STORE)
    |.*_(TYPES?|FORMATS?|MODE|ALG(O(RITHM)?)?S?|VERSIONS?|ENABLED|DISABLED|REQUIRED|POLICY|PROVIDERS?)
    |.*_(ENCRYPTION|ENGINE|GRANT|HANDLER|HASHERS?|METHODS?|MODEL|SERIALIZER|SERVER|SERVICE|SOURCE|STRATEGY|VALIDATORS?)
    |.*_(COLLECTION|COMPLEXITY|CONTAINER|DOMAIN|EMAIL|ENCODERS?|ENCODING|FROM|IN|KIND|MANAGER|MOUNT|PAGE|PERMISSIONS?)
    |.*_(PLACEHOLDER|QUEUE|ROUTE|RULES|SCHEME|SENDER|SUBJECT|TABLE|TEMPLATE|TRANSPORT|VALID(ATION|_FOR)|VAULT)
    |.*_(BEHAVIOU?R|BUCKET|GENERATOR|LEVEL|RECOVERY|RESET|SAME_?SITE|SIGNER|STATE|STATUS|STORAGE|VERIFI(ER|CATION))
    |(.*_)?(LOG|LOGGING|MINIMUM)_LEVEL_.*             # of a logger, which may be called Microsoft.IdentityModel.Tokens
    |.*_(TTL|TIMEOUT|EXPIR(Y|ES|ATION)(_(IN|AT))?|EXPIRES_IN|LIFETIME|VALIDITY|AGE|INTERVAL|PERIOD|ROTATION|SKEW|LEEWAY)
    |.*_(MS|MILLIS(ECONDS)?|SEC(ONDS|S)?|MIN(UTES|S)?|HOURS?|DAYS?|WEEKS?|LENGTH|SIZE|LIMIT|COUNT|ITERATIONS|ROUNDS)
    |(?!.*{_WORDS}(?<!S)(?<!TOKEN)$)(.*_)?(MAX|MIN|NUM)_.*   # numbers about a credential, but MaxMind's and MinIO's
    |(?!.*(SECRET|PRIVATE)_)(.*_)?(PUBLIC|PUBLISHABLE)_(.*_)?KEY|(.*_)?SITE_KEY  # meant to be seen
    |.*_(THUMBPRINT|FINGERPRINT|CHECKSUM)
    |(.*_)?RESOURCE_TOKEN                             # azd's suffix of resource names
    |(?!.*{_WORDS}$)(.*_)?(SHA(_?(1|256|384|512))?|MD5|COMMIT|DIGEST|REVISION|BUILD|RELEASE|TAG)(_.*)?   # of a file
    |(.*_)?(ASSETS?|BUNDLE|CONFIG|CONTENT|FILE|MODEL|SCHEMA)_HASH
    """,
    re.VERBOSE,
)
# values that are none under any name, unless the policy documents it as a secret
_TRIVIAL = frozenset({"boolean", "duration", "path"})

# the registry's own credentials, which IMG-007 judges for the app itself
REGISTRY_LOGIN = frozenset({"DOCKER_REGISTRY_SERVER_USERNAME", "DOCKER_REGISTRY_SERVER_PASSWORD"})

DATABASE_NAMES = re.compile(
    r"(.*_)?(DATABASE|DB|SQL|MSSQL|AZURE_?SQL|POSTGRES(QL)?|PG|MYSQL|JDBC|ODBC|SQLALCHEMY)(_DATABASE)?_"
    r"(URL|URI|DSN|CONN(ECTION)?_?(STR(ING)?|URL|URI)?)(_.*)?",
    re.IGNORECASE,
)
DATABASE_TYPES = frozenset({"sqlazure", "sqlserver", "mysql", "postgresql"})


def is_database_address(entry: SettingEntry) -> bool:
    """Whether an entry says how to reach a database: by its name, a connection string's type, or what it holds."""
    named = DATABASE_NAMES.fullmatch(entry.name) is not None or entry.type.casefold() in DATABASE_TYPES
    return named or (isinstance(entry.value, LiteralValue) and "database" in entry.value.value.kinds)


def has_password(value: ValueClass) -> bool:
    """Whether a database address carries a password."""
    return not {"password", "url-userinfo"}.isdisjoint(value.credentials)


def why_credential(entry: SettingEntry, value: ValueClass, secrets: Collection[str]) -> str | None:
    """Why a plain value is a credential, as the end of a sentence; `None` if it is none.

    `secrets` are names that the policy documents as sensitive secrets. A Key Vault reference that is spoilt by what
    stands around it, and the bare address of a vault's secret, are no credentials: SET-001 judges them.
    """
    shapes = [words for shape, words in SHAPES.items() if shape in value.credentials]
    issuers = [each.removeprefix(_ISSUED) for each in value.credentials if each.startswith(_ISSUED)]
    shapes += [f"holds a credential of {issuer}" for issuer in issuers]
    if shapes:
        return " and ".join(shapes)
    if value.empty or value.unresolved_reference or "vault-secret" in value.kinds:
        return None
    if entry.kind in (SettingKind.MOUNT, SettingKind.REGISTRY_LOGIN):
        return "is a key in plain text"
    if entry.name_tells and entry.name in secrets:
        return "is documented as a secret"
    name = _NOT_A_LETTER.sub("_", entry.name).strip("_").upper()
    if HARMLESS.fullmatch(_INDEX.sub("", name)):
        return None
    if entry.name_tells and NAMES.search(name) and not _is_trivial(name, value):
        return "has the name of a credential"
    if "sha1" in value.kinds and _KEYS.fullmatch(name):
        return RANDOM
    return RANDOM if "high-entropy" in value.credentials else None


def _is_trivial(name: str, value: ValueClass) -> bool:
    if not _TRIVIAL.isdisjoint(value.kinds) or "url" in value.kinds:
        return True
    # TOKENS=4096 is what a language model may write
    return "number" in value.kinds and (name.endswith("TOKENS") or not _ENDS.fullmatch(name))
