"""What a script does with the Azure SDK as it comes: the same reads of one estate, one after the other."""

from __future__ import annotations

import os

from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.sql import SqlManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.web import WebSiteManagementClient

GROUP, ENV = "rg-monozu-prd", "prd"


def main() -> None:
    """Read the apps, vaults, databases, blobs and assignments of production."""
    subscription = os.environ["AZURE_SUBSCRIPTION_ID"]
    credential = ClientSecretCredential(
        os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"]
    )
    web = WebSiteManagementClient(credential, subscription)
    rbac = AuthorizationManagementClient(credential, subscription)
    for key in ("cloud", "manage", "ingest"):
        app = f"app-monozu-{key}-{ENV}"
        site = web.web_apps.get(GROUP, app)
        web.web_apps.get_configuration(GROUP, app)
        web.web_apps.list_application_settings(GROUP, app)
        web.web_apps.list_connection_strings(GROUP, app)
        web.web_apps.list_azure_storage_accounts(GROUP, app)
        list(web.web_apps.get_app_settings_key_vault_references(GROUP, app))
        list(web.web_apps.list_site_containers(GROUP, app))
        list(web.web_apps.list_slots(GROUP, app))
        list(rbac.role_assignments.list_for_subscription(filter=f"assignedTo('{site.identity.principal_id}')"))
    web.app_service_plans.get(GROUP, f"asp-monozu-{ENV}")
    list(rbac.role_assignments.list_for_subscription())
    list(rbac.role_definitions.list(f"/subscriptions/{subscription}"))
    vaults = KeyVaultManagementClient(credential, subscription)
    for key in ("cloud", "manage"):
        vault = vaults.vaults.get(GROUP, f"kv-mz-{key}-{ENV}")
        secrets = SecretClient(vault.properties.vault_uri, credential)
        for secret in list(vaults.secrets.list(GROUP, f"kv-mz-{key}-{ENV}")):
            secrets.get_secret(secret.name)
    sql = SqlManagementClient(credential, subscription)
    sql.servers.get(GROUP, f"sql-monozu-{ENV}")
    list(sql.databases.list_by_server(GROUP, f"sql-monozu-{ENV}"))
    storage = StorageManagementClient(credential, subscription)
    storage.storage_accounts.get_properties(GROUP, f"stmonozu{ENV}")
    storage.blob_containers.get(GROUP, f"stmonozu{ENV}", "snaps")


if __name__ == "__main__":
    main()
