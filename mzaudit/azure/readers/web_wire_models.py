"""Microsoft.Web on the wire: sites, slots, configuration, settings, references, plans."""

from __future__ import annotations

from typing import TypeVar

from pydantic import Field, JsonValue

from mzaudit.azure.readers.wire_models import Id, Page, Resource, Wire
from mzaudit.azure.text.sealed_values import SealedText

T = TypeVar("T")


class AttachedIdentity(Wire):
    """An entry of `userAssignedIdentities`."""

    principal_id: str | None = None
    client_id: str | None = None


class SiteIdentity(Wire):
    """`identity` of a site; its type is one string with commas."""

    type: str | None = None
    principal_id: str | None = None
    tenant_id: str | None = None
    user_assigned_identities: dict[Id, AttachedIdentity | None] | None = None


class FunctionRuntime(Wire):
    """`runtime` of a function app on the Flex Consumption plan."""

    name: str | None = None
    version: str | None = None


class FunctionAppConfig(Wire):
    """`functionAppConfig` of a site."""

    runtime: FunctionRuntime | None = None


class SiteMembers(Wire):
    """`properties` of a site."""

    state: str | None = None
    enabled: bool | None = None
    reserved: bool | None = None
    server_farm_id: Id | None = None
    managed_environment_id: Id | None = None
    key_vault_reference_identity: Id | None = None
    function_app_config: FunctionAppConfig | None = None


class WireSite(Resource):
    """GET site or slot, and an item of the list of slots."""

    kind: str | None = None
    location: str | None = None
    identity: SiteIdentity | None = None
    properties: SiteMembers | None = None


class ConfigMembers(Wire):
    """`properties` of config/web."""

    linux_fx_version: str | None = None
    windows_fx_version: str | None = None
    acr_use_managed_identity_creds: bool | None = None
    acr_user_managed_identity: Id | None = Field(default=None, alias="acrUserManagedIdentityID")
    key_vault_reference_identity: Id | None = None


class Config(Resource):
    """GET config/web."""

    properties: ConfigMembers


class AppSettings(Resource):
    """POST config/appsettings/list. Without any, `properties` is empty or null, and never left out; so it is below."""

    properties: dict[str, SealedText | None] | None


class ConnectionString(Wire):
    """One connection string."""

    value: SealedText | None = None
    type: str | None = None


class ConnectionStrings(Resource):
    """POST config/connectionstrings/list."""

    properties: dict[str, ConnectionString | None] | None


class StorageMount(Wire):
    """One mounted share."""

    account_name: str | None = None
    access_key: SealedText | None = None
    protocol: str | None = None


class StorageMounts(Resource):
    """POST config/azurestorageaccounts/list."""

    properties: dict[str, StorageMount | None] | None


class ReferenceMembers(Wire):
    """`properties` of a reference's status; App Service leaves out what it does not know."""

    status: str | None = None
    vault_name: str | None = None
    secret_name: str | None = None
    secret_version: str | None = None
    active_version: str | None = None


class WireReference(Resource):
    """An item of config/configreferences/appsettings: `SETTING`, or `app/SETTING`."""

    properties: ReferenceMembers | None = None


class ReferenceMap(Wire):
    """`properties` of the same answer as one thing, its references by setting."""

    key_to_reference_statuses: dict[str, JsonValue] | None = None


class References(Page[T]):
    """GET config/configreferences/appsettings: a list as documented, or one thing as the portal reads it."""

    value: list[T] | None = None
    properties: ReferenceMap | None = None


class ContainerVariable(Wire):
    """An environment variable of a container: its value names an app setting."""

    name: str | None = None
    value: SealedText | None = None


class ContainerMembers(Wire):
    """`properties` of a site container."""

    image: str
    is_main: bool
    auth_type: str | None = None
    user_managed_identity_client_id: str | None = None
    user_name: str | None = None
    password_secret: SealedText | None = None
    environment_variables: list[ContainerVariable] | None = None


class WireSiteContainer(Resource):
    """An item of sitecontainers."""

    properties: ContainerMembers


class IdentityMembers(Wire):
    """`properties` of a system-assigned identity."""

    principal_id: str | None = None
    client_id: str | None = None
    tenant_id: str | None = None


class SystemIdentity(Resource):
    """GET providers/Microsoft.ManagedIdentity/identities/default."""

    properties: IdentityMembers | None = None


class WireSku(Wire):
    """The SKU of a plan."""

    name: str | None = None
    capacity: int | None = None


class WirePlan(Resource):
    """GET serverfarm."""

    sku: WireSku | None = None
