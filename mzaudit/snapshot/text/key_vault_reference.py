"""Reads an app setting as App Service does: Key Vault reference, App Configuration reference, or plain text."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from mzaudit.snapshot.text import shown
from mzaudit.snapshot.values import OtherReference, VaultReference

VAULT_SUFFIXES = (".vault.azure.net", ".vault.usgovcloudapi.net", ".vault.azure.cn")

REFERENCE = re.compile(r"@(?:Microsoft\.\w{1,40}|AppSettingRef)\((?:[^()]*\))?", re.IGNORECASE)
"""A reference as it may stand inside a longer text, where App Service resolves none; the last parenthesis may lack."""

_VAULT = "@Microsoft.KeyVault("
_OTHER = re.compile(r"@Microsoft\.AppConfiguration\(.*\)", re.IGNORECASE | re.DOTALL)
_SECRET_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_VAULT_NAME = re.compile(r"[A-Za-z](?:-?[0-9A-Za-z]){2,23}")
_HOST = re.compile(r"SecretUri=\s*https://([^/:;)\s]{1,253})", re.IGNORECASE)
_VERSION = re.compile(r"[0-9A-Za-z]{1,64}")
_KEYS = {
    "secreturi": "SecretUri",
    "vaultname": "VaultName",
    "secretname": "SecretName",
    "secretversion": "SecretVersion",
}


def parse(text: str, suffix: str = "") -> VaultReference | OtherReference | None:
    """The reference that `text` is, `None` for plain text.

    `suffix` is the domain of vaults in the cloud that it was read in: a vault of another has the whole host for its
    name, because names are unique within one cloud.

    Text that sets out to be a Key Vault reference but cannot be read as one is a reference with a `problem`; a
    problem never repeats any of the text, which may be a secret after all.
    """
    read = _parse(text)
    return _of_cloud(read, text, suffix) if isinstance(read, VaultReference) else read


def _of_cloud(read: VaultReference, text: str, suffix: str) -> VaultReference:
    at = _HOST.search(text)
    host = at[1].casefold() if at is not None else ""
    foreign = read.vault is not None and suffix and host.startswith(f"{read.vault.casefold()}.vault.")
    if not foreign or host == f"{str(read.vault).casefold()}.{suffix}":
        return read
    return replace(read, vault=shown.host(host), problem=read.problem or "the vault is one of another Azure cloud")


def _parse(text: str) -> VaultReference | OtherReference | None:
    if text.startswith(_VAULT) and text.endswith(")"):
        return _pairs(text[len(_VAULT) : -1])
    if _OTHER.fullmatch(text):
        return OtherReference()
    bare = text.strip()
    if bare.casefold().startswith(_VAULT.casefold()):
        if not bare.endswith(")"):
            return _broken("no closing parenthesis, or text after it")
        read = _pairs(bare[len(_VAULT) : -1])
        spelling = "white space around the reference" if bare != text else "it does not start with @Microsoft.KeyVault("
        return VaultReference(read.vault, read.secret, read.version, read.problem or spelling)
    return None


def is_vault_name(text: str) -> bool:
    """Whether a vault can have that name."""
    return _VAULT_NAME.fullmatch(text) is not None


def is_secret_uri(text: str) -> bool:
    """Whether `text` is the bare address of a vault's secret: it says where the value is, and is not the value."""
    read = _uri(text)
    return read.secret is not None and not read.problem


def _pairs(body: str) -> VaultReference:
    found: dict[str, str] = {}
    for piece in body.split(";"):
        if not piece.strip():
            continue
        name, equals, value = piece.partition("=")
        key = _KEYS.get(name.strip().casefold())
        if not equals or key is None:
            return _broken("expected SecretUri=, VaultName=, SecretName= or SecretVersion=")
        if key in found:
            return _broken(f"{key} is given twice")
        found[key] = value.strip()
    if "SecretUri" in found:
        if len(found) > 1:
            return _broken("SecretUri is combined with other parts")
        return _uri(found["SecretUri"])
    if not found.get("VaultName") or not found.get("SecretName"):
        return _broken("VaultName and SecretName are both needed")
    return _checked(found["VaultName"], found["SecretName"], found.get("SecretVersion", ""))


def _uri(text: str) -> VaultReference:
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").casefold(), parts.port
    except ValueError:
        return _broken("SecretUri is not a URL")
    path = [piece for piece in parts.path.split("/") if piece]
    if parts.scheme.casefold() != "https" or not host or port not in (None, 443):
        return _broken("SecretUri is not an https URL of a vault")
    if parts.query or parts.fragment or parts.username is not None:
        return _broken("SecretUri has more than vault, secret and version")
    if len(path) not in (2, 3) or path[0].casefold() != "secrets":
        return _broken("SecretUri does not name a secret")
    suffix = next((each for each in VAULT_SUFFIXES if host.endswith(each)), None)
    version = path[2] if len(path) == 3 else ""
    if suffix is None:
        # such a path may be a web hook's, which is a secret
        return VaultReference(shown.host(host), None, None, "the host is not a vault of a known Azure cloud")
    return _checked(host.removesuffix(suffix), path[1], version)


def _checked(vault: str, secret: str, version: str) -> VaultReference:
    if not is_vault_name(vault):
        return _broken("the vault's name cannot exist")
    named, pinned = shown.secret(secret), shown.version(version) or None
    if not _SECRET_NAME.fullmatch(secret):
        # App Service will ask for it and fail; the name is kept if it is one but for underscores
        problem = "the secret's name cannot exist (letters, digits, hyphens)"
    elif named is None:
        problem = "the secret name looks like a credential"
    elif version and not _VERSION.fullmatch(version):
        problem, pinned = "the version cannot exist", None
    else:
        problem = ""
    return VaultReference(shown.host(vault), named, pinned, problem)


def _broken(problem: str) -> VaultReference:
    return VaultReference(None, None, None, problem)
