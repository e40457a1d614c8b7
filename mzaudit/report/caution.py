"""What to look at before a command of a remediation is run: empty for one that only adds or enables something.

Whatever is not known to be harmless waits: it may destroy something, lock somebody out, or replace the only copy.
"""

from __future__ import annotations

import re
from typing import Final

_NAME = r"\[(?:[^\]]|\]\])+\]"
_ADDS_A_USER = rf"CREATE USER {_NAME} FROM EXTERNAL PROVIDER;|ALTER ROLE {_NAME} ADD MEMBER {_NAME};"
_HARMLESS: Final = tuple(
    map(
        re.compile,
        (
            r"az keyvault (?:secret )?recover .*",
            r"az keyvault secret set-attributes .* --enabled true",
            r"az webapp identity assign .*",
            r"az role assignment create .*",
            r"az webapp start .*",
            r"az webapp update .* --set enabled=true",
            r"az resource (?:show|list) .*",
            r"az resource update --ids \S+ --set properties\.enabled=true",
            r"az acr config authentication-as-arm update .* --status enabled",
            r"az rest --method post --url \S+/refresh\?api-version=\S+",
            rf"sqlcmd -S \S+ -d \S+ -G -x -X -Q '(?:{_ADDS_A_USER}| )+'",
        ),
    )
)
_IN_SUBSCRIPTION: Final = re.compile(r" --subscription [\w-]+\Z")
_REFERENCE: Final = re.compile(r"@Microsoft\.KeyVault\(VaultName=([\w-]+);SecretName=([\w-]+)\)")
# The first that is found in a command tells what to look at.
_CHECKS: Final = (
    ("DROP USER ", "nothing signs in as this user; note its roles, grants and owned schemas."),
    (" DROP MEMBER ", "the application works without this role."),
    ("REVOKE ", "the application works without this permission."),
    ("SECURITY POLICY ", "every connection sets the session context that the predicate reads; else it sees no row."),
    ("--method delete", "nobody depends on what it denies."),
    ("identity remove", "the app reaches nothing until the last step below is done, and its database users are stale."),
    ("keyVaultReferenceIdentity=", "the identity it names holds Key Vault Secrets User on every vault referred to."),
    ("--acr-use-identity", "the app's identity holds the pull role on the registry."),
    (
        "--enable-rbac-authorization",
        "everyone with an access policy has a role on the vault; access policies stop working immediately.",
    ),
    ("--public-network-access", "everybody who needs it can still reach it over the network."),
    ("--default-action", "everybody who needs it can still reach it over the network."),
    ("--public-access off", "nobody reads the blobs without signing in."),
    ("--allow-blob-public-access false", "nobody reads a container of the account without signing in."),
    ("--allow-shared-key-access false", "nothing uses the account's keys, or a SAS signed with them."),
    ("DisableLocalAuth=true", "every sender of telemetry signs in with an identity."),
    ("secret set-attributes", "no app refers to the secret, and nothing else reads it."),
    ("keyvault secret set", "the file contains the right value: references without a version pick it up."),
    (
        "ad-only-auth enable",
        "every client, and you, sign in with an Entra identity: password sign-in stops immediately.",
    ),
    ("ad-admin", "it replaces the present Entra administrator: note who that is, and that the group has members."),
    ("role assignment delete", "nobody depends on it, and the documented role is assigned instead."),
    (
        "keyvault set-policy",
        "the identity needs no more than this: it replaces the access policy of that object id.",
    ),
    ("delete-policy", "nobody depends on it."),
    ("appsettings delete", "the app runs without it; the value cannot be read back: save it elsewhere first."),
    ("connection-string delete", "the app runs without it; the value cannot be read back: save it elsewhere first."),
    ("storage-account delete", "the app runs without the mounted share."),
    ("appsettings set", "it replaces the setting's value, which may be the only copy: save it elsewhere first."),
    ("connection-string set", "it replaces the setting's value, which may be the only copy: save it first."),
    ("storage-account update", "it replaces the key of the mount: save it elsewhere first."),
    ("container set", "the image is in the registry, and the app's identity can pull it."),
    ("sitecontainers update", "the image is in the registry, and the app's identity can pull it."),
    (
        "appservice plan update",
        "the price is accepted; firewalls allow the apps' new outbound addresses, which another tier may bring "
        "(az webapp show --query possibleOutboundIpAddresses).",
    ),
    ("pipelines run", "the cause of the failed migration is fixed, and the pipeline migrates under its own identity."),
    ("alert-processing-rule", "the alert processing rule is not meant to suppress notifications."),
    ("resource update", "clients of the resource still work with the new value."),
    (" create ", "nothing of this name was deleted recently that could be restored instead: a new one is empty."),
)
_ANYTHING: Final = "what it replaces or removes, who depends on it, and how to restore it."


def check_first(command: str) -> str:
    """What has to be seen to be so before this command is run, as a sentence; empty if it only adds something."""
    if any(harmless.fullmatch(_IN_SUBSCRIPTION.sub("", command)) for harmless in _HARMLESS):
        return ""
    if reference := _REFERENCE.search(command):
        vault, name = reference.groups()
        show = f"az keyvault secret show --vault-name {vault} --name {name} --query attributes.enabled"
        return f"the vault holds the value: {show} says true. The setting's value may be the only copy."
    return next((check for part, check in _CHECKS if part in command), _ANYTHING)
