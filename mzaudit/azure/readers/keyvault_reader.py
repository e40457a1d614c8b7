"""Reads vaults: control plane for names and attributes, data plane for the values that a rule needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from mzaudit import kinds
from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Call
from mzaudit.azure.client.guard import at_home
from mzaudit.azure.readers.read import ReadContext, side_by_side
from mzaudit.azure.readers.wire_models import ContradictionError, Id, Resource, Seconds, Wire
from mzaudit.azure.scope import VaultScope
from mzaudit.azure.text.sealed_values import SealedText
from mzaudit.snapshot.keyvault import AccessPolicy, SecretItem, Vault, VaultProperties
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed
from mzaudit.snapshot.text.ids import group_of, name, subscription_of
from mzaudit.snapshot.values import SecretValue

# A certificate's secret has one of these content types, and so may any other.
_CERTIFICATES = frozenset({"application/x-pkcs12", "application/x-pem-file"})

Deleted = Callable[[], Awaitable[Listing[str]]]


class _Permissions(Wire):
    secrets: list[str] | None = None


class _Policy(Wire):
    object_id: str | None = None
    application_id: str | None = None
    permissions: _Permissions | None = None


class _NetworkRules(Wire):
    default_action: str | None = None


class _VaultMembers(Wire):
    vault_uri: str | None = None
    enable_rbac_authorization: bool | None = None
    access_policies: list[_Policy | None] | None = None
    public_network_access: str | None = None
    network_acls: _NetworkRules | None = None
    enabled_for_template_deployment: bool | None = None
    enabled_for_deployment: bool | None = None
    enabled_for_disk_encryption: bool | None = None


class _Vault(Resource):
    properties: _VaultMembers


class _Attributes(Wire):
    enabled: bool | None = None
    nbf: Seconds | None = None
    exp: Seconds | None = None
    updated: Seconds | None = None


class _SecretMembers(Wire):
    attributes: _Attributes | None = None
    secret_uri_with_version: str | None = None
    content_type: str | None = None
    managed: bool | None = None


class _Secret(Resource):
    properties: _SecretMembers


class _Value(Resource):
    value: SealedText


class _Metadata(Wire):
    id: Id
    managed: bool | None = None


class _DeletedSecret(Wire):
    id: Id


class _DeletedVault(Wire):
    name: str


async def vault(run: ReadContext, scope: VaultScope, deleted: Deleted, values: bool) -> Vault:
    """A vault with its secrets.

    `deleted` lists the soft-deleted vaults of its subscription; it is started only when this vault is missing.
    Without `values` no secret value is requested.
    """
    call = Call(scope.id, kinds.VAULT, required_permissions.VAULT.permission, scope.id, leads=True)
    async with asyncio.TaskGroup() as group:
        suffix = run.connection.endpoints.vault_suffix
        reading = group.create_task(run.read(call, _Vault, lambda body: _properties(body, suffix)))
        listing = group.create_task(run.list(_listed(scope.id), _Secret, _item))
    properties, secrets = reading.result(), listing.result()
    if isinstance(properties, Observed) and properties.value is None:
        return await _missing(run, scope, properties, secrets, deleted)
    uri = _uri(run, scope.id, properties)
    listed = {item.name.casefold() for item in secrets.items}
    unlisted = [stored for stored in scope.secrets if stored.casefold() not in listed]
    async with asyncio.TaskGroup() as group:
        valuing = group.create_task(_values(run, scope, uri, scope.secrets, values))
        looked = await side_by_side(_lookup(run, scope.id, stored) for stored in unlisted)
        secrets = await _agreed(run, scope.id, secrets, looked)
        telling = group.create_task(_with_managed(run, scope, uri, secrets))
    lookups = {stored.casefold(): found for stored, found in zip(unlisted, looked, strict=True)}
    gone = any(isinstance(found, Observed) and found.value is None for found in lookups.values())
    return Vault(
        id=scope.id,
        properties=properties,
        secrets=telling.result(),
        lookups=lookups,
        # a vault's name is taken by it alone, so one that exists is not soft-deleted as well
        soft_deleted=Observed(False) if isinstance(properties, Observed) else _unasked_vault(scope.id),
        deleted_secrets=await _deleted_secrets(run, scope.id, uri) if gone else Listing(gap=_unasked(scope.id, uri)),
        values={stored.casefold(): found for stored, found in zip(scope.secrets, valuing.result(), strict=True)},
    )


async def deleted_vaults(run: ReadContext, subscription: str) -> Listing[str]:
    """The names of the soft-deleted vaults of a subscription."""
    scope = f"/subscriptions/{subscription}"
    call = Call(
        f"{scope}/providers/Microsoft.KeyVault/deletedVaults",
        kinds.VAULT,
        required_permissions.DELETED_VAULTS.permission,
        scope,
        within=(scope,),
    )
    return await run.list(call, _DeletedVault, lambda item: item.name)


async def _missing(
    run: ReadContext,
    scope: VaultScope,
    properties: Observed[VaultProperties | None],
    secrets: Listing[SecretItem],
    deleted: Deleted,
) -> Vault:
    names = await deleted()
    found = any(each.casefold() == name(scope.id).casefold() for each in names.items)
    return Vault(
        id=scope.id,
        properties=properties,
        secrets=secrets,
        lookups={stored.casefold(): Observed(None) for stored in scope.secrets},
        soft_deleted=names.gap if names.gap is not None and not found else Observed(found),
        deleted_secrets=Listing(gap=_unasked(scope.id, _uri(run, scope.id, properties))),
        values={stored.casefold(): Observed(None) for stored in scope.secrets},
    )


def _listed(vault_id: str) -> Call:
    return Call(
        f"{vault_id}/secrets",
        kinds.VAULT,
        required_permissions.SECRET.permission,
        vault_id,
        within=(group_of(vault_id), vault_id),
        leads=True,
    )


async def _agreed(
    run: ReadContext, vault_id: str, secrets: Listing[SecretItem], looked: Iterable[Observed[SecretItem | None] | Gap]
) -> Listing[SecretItem]:
    """The list, unless it lacks a secret that was read."""
    found = {each.value.name.casefold() for each in looked if isinstance(each, Observed) and each.value is not None}

    def lacks(items: tuple[SecretItem, ...]) -> str:
        missing = sorted(found - {item.name.casefold() for item in items})
        return f"it lacks {missing[0]}, which can be read" if missing else ""

    return await run.agreed(_listed(vault_id), _Secret, _item, secrets, lacks)


async def _with_managed(
    run: ReadContext, scope: VaultScope, uri: str, secrets: Listing[SecretItem]
) -> Listing[SecretItem]:
    """The listed secrets; of those that nobody wants and that may be a certificate's, the vault itself says whether."""
    wanted = {stored.casefold() for stored in scope.secrets}
    unsure = {
        item.name.casefold()
        for item in secrets.items
        if isinstance(item.managed, Gap) and item.name.casefold() not in wanted
    }
    if not unsure:
        return secrets
    call = Call(f"{uri}/secrets", kinds.VAULT_DATA, required_permissions.SECRET_METADATA.permission, scope.id)
    told = await run.list(call, _Metadata, lambda body: (name(body.id).casefold(), bool(body.managed)))
    known = dict(told.items)
    missing = told.gap or call.gap(GapReason.MALFORMED, "the vault's own list lacks a secret that Azure lists")

    def decided(item: SecretItem) -> SecretItem:
        stored = item.name.casefold()
        if stored not in unsure:
            return item
        return replace(item, managed=Observed(known[stored]) if stored in known else missing)

    return replace(secrets, items=tuple(decided(item) for item in secrets.items))


async def _lookup(run: ReadContext, vault_id: str, stored: str) -> Observed[SecretItem | None] | Gap:
    target = f"{vault_id}/secrets/{stored}"
    return await run.read(Call(target, kinds.VAULT, required_permissions.SECRET.permission, target), _Secret, _item)


async def _values(
    run: ReadContext, vault: VaultScope, uri: str, wanted: Sequence[str], asked: bool
) -> list[Observed[SecretValue | None] | Gap]:
    async with run.clients.visits:
        return await side_by_side(_value(run, vault, uri, stored, asked) for stored in wanted)


async def _value(
    run: ReadContext, vault: VaultScope, uri: str, stored: str, asked: bool
) -> Observed[SecretValue | None] | Gap:
    call = Call(
        f"{uri}/secrets/{stored}",
        kinds.VAULT_DATA,
        required_permissions.SECRET_VALUE.permission,
        f"{vault.id}/secrets/{stored}",
    )
    if not asked:
        return call.gap(GapReason.NOT_COLLECTED, "--no-secret-values")

    compared = stored.casefold() in (each.casefold() for each in vault.compared)
    among = stored.casefold() if compared else call.scope.casefold()
    return await run.read(call, _Value, lambda body: run.classifier.secret(body.value, among))


async def _deleted_secrets(run: ReadContext, vault_id: str, uri: str) -> Listing[str]:
    call = Call(f"{uri}/deletedsecrets", kinds.VAULT_DATA, required_permissions.SECRET_METADATA.permission, vault_id)
    return await run.list(call, _DeletedSecret, lambda item: name(item.id))


def _unasked(vault_id: str, uri: str) -> Gap:
    call = Call(f"{uri}/deletedsecrets", kinds.VAULT_DATA, required_permissions.SECRET_METADATA.permission, vault_id)
    return call.gap(GapReason.NOT_COLLECTED, "asked only when a wanted secret is missing")


def _unasked_vault(vault_id: str) -> Gap:
    subscription = f"/subscriptions/{subscription_of(vault_id) or ''}"
    target = f"{subscription}/providers/Microsoft.KeyVault/deletedVaults"
    call = Call(target, kinds.VAULT, required_permissions.DELETED_VAULTS.permission, subscription)
    return call.gap(GapReason.NOT_COLLECTED, "asked only when the vault is missing")


def _uri(run: ReadContext, vault_id: str, properties: Observed[VaultProperties | None] | Gap) -> str:
    """The vault's origin as Azure says, else as its name gives it."""
    if isinstance(properties, Observed) and properties.value is not None:
        return properties.value.uri.rstrip("/").casefold()
    return f"https://{name(vault_id).casefold()}.{run.connection.endpoints.vault_suffix}"


def _properties(body: _Vault, suffix: str) -> VaultProperties:
    members = body.properties
    told = members.vault_uri or f"https://{name(body.id).casefold()}.{suffix}"
    uri = urlsplit(told)
    if not at_home(told, suffix) or uri.path.strip("/") or uri.query or uri.fragment:
        raise ValueError("vaultUri is not a Key Vault URI")
    if (uri.hostname or "").split(".")[0] != body.name.casefold():
        raise ContradictionError("vaultUri is that of another vault")
    return VaultProperties(
        id=body.id,
        name=body.name,
        uri=f"https://{uri.hostname}",
        rbac=members.enable_rbac_authorization,
        access_policies=_policies(members.access_policies),
        public_network_access=members.public_network_access,
        default_action=None if members.network_acls is None else members.network_acls.default_action,
        template_deployment=members.enabled_for_template_deployment,
        deployment=members.enabled_for_deployment,
        disk_encryption=members.enabled_for_disk_encryption,
    )


def _policies(entries: Sequence[_Policy | None] | None) -> tuple[AccessPolicy, ...] | None:
    """The policies; None where one of them, which may be anybody's or grant anything, cannot be read. One that grants
    nothing on secrets is recorded without that member."""
    policies = []
    for entry in [None] if entries is None else entries:
        if entry is None or entry.object_id is None or entry.permissions is None:
            return None
        secrets = sorted({each.casefold() for each in entry.permissions.secrets or ()})
        policies.append(AccessPolicy(entry.object_id, entry.application_id, tuple(secrets)))
    return tuple(policies)


def _item(body: _Secret) -> SecretItem:
    members = body.properties
    attributes = members.attributes or _Attributes()
    version = urlsplit(members.secret_uri_with_version or "").path.split("/")[3:4]
    return SecretItem(
        name=body.name,
        enabled=attributes.enabled,
        not_before=attributes.nbf,
        expires=attributes.exp,
        updated=attributes.updated,
        version=version[0] if version and version[0] else None,
        managed=_managed(body),
    )


def _managed(body: _Secret) -> Observed[bool] | Gap:
    """Whether it backs a certificate, which the control plane does not say of one that has a certificate's type."""
    members = body.properties
    if members.managed is None and (members.content_type or "").casefold() in _CERTIFICATES:
        detail = "asked only of a secret that nothing documents"
        return Gap(
            GapReason.NOT_COLLECTED, f"GET {body.id}", body.id, required_permissions.SECRET_METADATA.permission, detail
        )
    return Observed(bool(members.managed))
