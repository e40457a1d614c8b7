"""The real clients of the SDK, unmodified, over the conforming estate."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient
from azure.mgmt.applicationinsights import ApplicationInsightsManagementClient
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.sql import SqlManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.web import WebSiteManagementClient
from azure.mgmt.web.aio import WebSiteManagementClient as AsyncWebSiteManagementClient

from mzaudit.simulator import Simulator, serve
from tests.documented_estate import build
from tests.simulator.wires import credential, way

GROUP = "rg-monozu-prd"


def test_environment_variables_lead_an_unmodified_process_here() -> None:
    program = (
        "import os\n"
        "from azure.identity import EnvironmentCredential\n"
        "from azure.keyvault.secrets import SecretClient\n"
        "from azure.mgmt.keyvault import KeyVaultManagementClient\n"
        "login = EnvironmentCredential()\n"
        "client = KeyVaultManagementClient(login, os.environ['AZURE_SUBSCRIPTION_ID'])\n"
        "print(len(list(client.vaults.list_by_subscription())))\n"
        "print(SecretClient('https://kv-mz-cloud-prd.vault.azure.net', login).get_secret('SECRET-KEY').value)\n"
    )
    with serve(build("compliant")) as sim:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
        done = subprocess.run(
            [sys.executable, "-c", program], env=inherited | sim.environ(), capture_output=True, text=True, timeout=300
        )
        assert done.stderr == ""
        value = sim.estate.secrets["kv-mz-cloud-prd"]["SECRET-KEY"].current.value
        assert done.stdout.split() == ["6", value]
        assert sim.refused == []


def test_async_client_reads_the_same_sites(sim: Simulator) -> None:
    from azure.identity.aio import ClientSecretCredential

    async def names() -> list[str]:
        login = ClientSecretCredential(sim.tenant_id, sim.client_id, sim.client_secret, **way(sim))
        async with login, AsyncWebSiteManagementClient(login, sim.subscription_id, **way(sim)) as client:
            return [str(site.name) async for site in client.web_apps.list()]

    assert len(asyncio.run(names())) == 9


def test_app_service(sim: Simulator) -> None:
    with WebSiteManagementClient(credential(sim), sim.subscription_id, **way(sim)) as client:
        apps = list(client.web_apps.list_by_resource_group(GROUP))
        assert [app.name for app in apps] == [f"app-monozu-{key}-prd" for key in ("cloud", "manage", "ingest")]
        app = client.web_apps.get(GROUP, "APP-monozu-cloud-PRD")
        assert (app.kind, app.reserved, app.state) == ("app,linux,container", True, "Running")
        assert app.site_config is not None
        assert app.site_config.linux_fx_version
        assert app.site_config.min_tls_version is None
        assert len(list(client.web_apps.list_by_resource_group(GROUP, include_slots=True))) == 4
        config = client.web_apps.get_configuration(GROUP, "app-monozu-cloud-prd")
        assert str(config.linux_fx_version).startswith("DOCKER|acrmonozu.azurecr.io/cloud-backend:")
        assert config.acr_use_managed_identity_creds is True
        settings = client.web_apps.list_application_settings(GROUP, "app-monozu-cloud-prd").properties
        references = list(client.web_apps.get_app_settings_key_vault_references(GROUP, "app-monozu-cloud-prd"))
        assert {r.name for r in references} == {k for k, v in (settings or {}).items() if v.startswith("@")}
        assert {r.properties.status == "Resolved" for r in references if r.properties} == {True}
        assert [slot.name for slot in client.web_apps.list_slots(GROUP, "app-monozu-cloud-prd")] == [
            "app-monozu-cloud-prd/staging"
        ]
        slot = client.web_apps.get_configuration_slot(GROUP, "app-monozu-cloud-prd", "staging")
        assert slot.linux_fx_version == config.linux_fx_version
        slot_settings = client.web_apps.list_application_settings_slot(GROUP, "app-monozu-cloud-prd", "staging")
        assert (slot_settings.properties or {}).keys() == (settings or {}).keys()
        assert client.web_apps.list_connection_strings(GROUP, "app-monozu-cloud-prd").properties == {}
        assert client.web_apps.list_azure_storage_accounts(GROUP, "app-monozu-cloud-prd").properties == {}
        assert list(client.web_apps.list_site_containers(GROUP, "app-monozu-cloud-prd")) == []
        assert client.web_apps.list_slot_configuration_names(GROUP, "app-monozu-cloud-prd").app_setting_names is None
        plan = client.app_service_plans.get(GROUP, "asp-monozu-prd")
        assert plan.sku is not None
        assert (plan.sku.name, plan.sku.tier) == ("P2v3", "PremiumV3")


def test_mounts_and_containers_of_an_app() -> None:
    estate = build("compliant")
    site = str(estate.site("app-monozu-cloud-prd/staging")["id"])
    share = {"type": "AzureFiles", "accountName": "a", "shareName": "s", "accessKey": "k" * 16, "mountPath": "/m"}
    estate.storage_mounts[site.casefold()] = {"files": share}
    estate.slot_setting_names[site.casefold().rsplit("/", 2)[0]] = ["SECRET_KEY"]
    main = {"image": "acrmonozu.azurecr.io/cloud-backend:1", "isMain": True, "authType": "SystemIdentity"}
    estate.site_containers[site.casefold()] = [
        {"id": f"{site}/sitecontainers/main", "name": "main", "type": "Microsoft.Web/sites/x", "properties": main}
    ]
    app = (GROUP, "app-monozu-cloud-prd")
    assert "k" * 16 in estate.canaries()
    with (
        serve(estate) as sim,
        WebSiteManagementClient(credential(sim), sim.subscription_id, **way(sim)) as client,
    ):
        mounts = client.web_apps.list_azure_storage_accounts_slot(*app, "staging").properties
        assert mounts is not None
        assert mounts["files"].mount_path == "/m"
        assert client.web_apps.list_slot_configuration_names(*app).app_setting_names == ["SECRET_KEY"]
        (container,) = client.web_apps.list_site_containers_slot(*app, "staging")
        assert container.image == main["image"]


def test_identity_tells_the_client_id(sim: Simulator) -> None:
    with ResourceManagementClient(credential(sim), sim.subscription_id, **way(sim)) as client:
        site = str(sim.estate.site("app-monozu-manage-prd")["id"])
        found = client.resources.get_by_id(
            f"{site}/providers/Microsoft.ManagedIdentity/identities/default", api_version="2023-01-31"
        )
        properties = found.properties
        assert isinstance(properties, dict)
        assert properties["principalId"] == sim.estate.principal_of("app-monozu-manage-prd")
        assert properties["clientId"] != properties["principalId"]


def test_resource_groups_and_resources(sim: Simulator) -> None:
    with ResourceManagementClient(credential(sim), sim.subscription_id, **way(sim)) as client:
        assert len(list(client.resource_groups.list())) == 5
        vaults = client.resources.list(filter="resourceType eq 'Microsoft.KeyVault/vaults'")
        assert len(list(vaults)) == 6
        with pytest.raises(ResourceNotFoundError) as missing:
            client.resource_groups.get("rg-nowhere")
        assert missing.value.error is not None
        assert missing.value.error.code == "ResourceGroupNotFound"


def test_key_vault(sim: Simulator) -> None:
    with KeyVaultManagementClient(credential(sim), sim.subscription_id, **way(sim)) as client:
        assert len(list(client.vaults.list_by_subscription())) == 6
        vault = client.vaults.get(GROUP, "kv-mz-cloud-prd")
        assert vault.properties.enable_rbac_authorization is True
        listed = [str(secret.name) for secret in client.secrets.list(GROUP, "kv-mz-cloud-prd")]
        assert len(listed) == 8
        assert client.secrets.get(GROUP, "kv-mz-cloud-prd", "SECRET-KEY").properties.value is None
        assert list(client.vaults.list_deleted()) == []
    with SecretClient("https://kv-mz-cloud-prd.vault.azure.net", credential(sim), **way(sim)) as data:
        assert sorted(str(one.name) for one in data.list_properties_of_secrets()) == listed
        secret = data.get_secret("secret-key")
        assert secret.value == sim.estate.secrets["kv-mz-cloud-prd"]["SECRET-KEY"].current.value
        assert data.get_secret("SECRET-KEY", secret.properties.version).value == secret.value
        assert list(data.list_deleted_secrets()) == []
        with pytest.raises(ResourceNotFoundError, match="SecretNotFound"):
            data.get_secret("ABSENT")
        with pytest.raises(HttpResponseError, match="BadParameter"):
            data.get_secret("SECRET_KEY")


def test_authorization(sim: Simulator) -> None:
    oid = sim.estate.principal_of("app-monozu-cloud-prd")
    with AuthorizationManagementClient(credential(sim), sim.subscription_id, **way(sim)) as client:
        held = list(client.role_assignments.list_for_subscription(filter=f"assignedTo('{oid}')"))
        names = {client.role_definitions.get_by_id(str(one.role_definition_id)).role_name for one in held}
        assert names == {"AcrPull", "Key Vault Secrets User", "Storage Blob Data Reader"}
        roles = client.role_definitions.list(f"/subscriptions/{sim.subscription_id}")
        assert "mzaudit settings lister" in {role.role_name for role in roles}
        assert list(client.deny_assignments.list_for_scope(f"/subscriptions/{sim.subscription_id}")) == []
        own = list(client.permissions.list_for_resource_group(GROUP))
        assert any("*/read" in (one.actions or []) for one in own)


def test_sql_storage_registry(sim: Simulator) -> None:
    with SqlManagementClient(credential(sim), sim.subscription_id, **way(sim)) as client:
        assert len(list(client.servers.list())) == 3
        assert client.servers.get(GROUP, "sql-monozu-prd").administrators is None
        server = client.servers.get(GROUP, "sql-monozu-prd", expand="administrators/activedirectory")
        assert server.administrators is not None
        databases = {str(one.name) for one in client.databases.list_by_server(GROUP, "sql-monozu-prd")}
        assert databases == {"master", "db-monozu-cloud-prd", "db-monozu-manage-prd"}
        only = client.server_azure_ad_only_authentications.get(GROUP, "sql-monozu-prd", "Default")
        assert only.azure_ad_only_authentication is True
    with StorageManagementClient(credential(sim), sim.subscription_id, **way(sim)) as storage:
        account = storage.storage_accounts.get_properties(GROUP, "stmonozuprd")
        assert (account.allow_blob_public_access, account.allow_shared_key_access) == (False, False)
        assert [one.name for one in storage.blob_containers.list(GROUP, "stmonozuprd")] == ["snaps"]
        assert storage.blob_containers.get(GROUP, "stmonozuprd", "snaps").public_access == "None"
        with pytest.raises(ResourceNotFoundError, match="ContainerNotFound"):
            storage.blob_containers.get(GROUP, "stmonozuprd", "absent")
        with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
            storage.storage_accounts.list_keys(GROUP, "stmonozuprd")
    with ContainerRegistryManagementClient(credential(sim), sim.subscription_id, **way(sim)) as registries:
        (registry,) = registries.registries.list()
        assert registry.login_server == "acrmonozu.azurecr.io"


def test_monitoring(sim: Simulator) -> None:
    with ApplicationInsightsManagementClient(credential(sim), sim.subscription_id, **way(sim)) as client:
        component = client.components.get(GROUP, "appi-monozu-prd")
        assert str(component.connection_string).startswith("InstrumentationKey=")
        assert [one.source_id for one in client.workbooks.list_by_resource_group(GROUP, "workbook")] == [component.id]
    with MonitorManagementClient(credential(sim), sim.subscription_id, **way(sim)) as monitor:
        (alert,) = monitor.metric_alerts.list_by_resource_group(GROUP)
        assert alert.enabled
        assert alert.scopes == [component.id]
        (group,) = monitor.action_groups.list_by_resource_group(GROUP)
        assert [action.action_group_id for action in alert.actions or []] == [group.id]
        assert list(monitor.scheduled_query_rules.list_by_resource_group(GROUP)) == []
        of_platform = list(monitor.activity_log_alerts.list_by_resource_group("rg-platform-alerts"))
        assert len(of_platform) == 6
        called = [
            action.action_group_id for one in of_platform if one.actions for action in one.actions.action_groups or []
        ]
        assert [one == group.id for one in called].count(True) == 2


def test_wrong_secret_is_refused_by_entra(sim: Simulator) -> None:
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential(sim, "wrong").get_token("https://management.azure.com/.default")
