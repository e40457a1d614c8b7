"""Role definitions that the RBAC cases mutate the estate with."""

from __future__ import annotations

from mzaudit.snapshot.authorization import Permission
from tests.built_estate import SUBSCRIPTION, Bend, role

SECRETS_OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
READER_AND_DATA_ACCESS = "c12c1c16-33a1-487b-954d-41c89c60f349"
REPOSITORY_READER = "b93aa761-3e63-49ed-ac28-beffa264f7ac"
GROUP = "bbbbbbbb-0000-0000-0000-00000000000b"
STRANGER = "cccccccc-0000-0000-0000-00000000000c"
SUB = f"/subscriptions/{SUBSCRIPTION}"
MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/monozu"
GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"


def officer() -> Bend:
    """Key Vault Secrets Officer."""
    return role(
        SECRETS_OFFICER, "Key Vault Secrets Officer", Permission(data_actions=("Microsoft.KeyVault/vaults/secrets/*",))
    )


def owner() -> Bend:
    """Owner: everything on the control plane, nothing on the data plane."""
    return role(OWNER, "Owner", Permission(actions=("*",)))


def blob_contributor() -> Bend:
    """Storage Blob Data Contributor, as far as it matters."""
    blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
    return role(
        BLOB_CONTRIBUTOR, "Storage Blob Data Contributor", Permission(data_actions=(f"{blobs}/read", f"{blobs}/write"))
    )


def keys() -> Bend:
    """Reader and Data Access: the account's keys."""
    actions = ("Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.Storage/storageAccounts/read")
    return role(READER_AND_DATA_ACCESS, "Reader and Data Access", Permission(actions=actions))


def repository_reader() -> Bend:
    """Container Registry Repository Reader."""
    repositories = "Microsoft.ContainerRegistry/registries/repositories"
    actions = (f"{repositories}/content/read", f"{repositories}/metadata/read")
    return role(REPOSITORY_READER, "Container Registry Repository Reader", Permission(data_actions=actions))


def for_secrets(*names: str) -> str:
    """A condition that lets those secrets be read."""
    listed = ", ".join(f"'{name}'" for name in names)
    return (
        f"((!(ActionMatches{{'{GET_SECRET}'}})) OR "
        f"(@Resource[Microsoft.KeyVault/vaults/secrets:name] ForAnyOfAnyValues:StringEquals {{{listed}}}))"
    )
