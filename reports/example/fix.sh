#!/usr/bin/env bash
# Remediation of what mzaudit found. Each command is a proposal: review it, and run what is right.
# Only commands that add or enable something run. Those that replace, remove or lock out wait
# as a comment, with what to check first; so does a placeholder in capitals (COMMIT), and what follows it.
# 25 violations: 22 at or above medium, 3 below the gate
# tool: mzaudit 0.1.0
# environment: prd
# gate: violations at or above medium
# policy: policies/monozu.yaml, policies/requirements.yaml, policies/waivers.yaml
# source: simulated
# read: 2026-03-02 03:00:00 UTC
# identity: application 410a0992-01fc-5333-a24b-1c08e9d2926a (object 89cf73dc-53f4-51c2-b3b1-e4262aea79bc) by environment (client secret)
# calls: 122 (2 absent, 1 disabled, 119 ok)
# SIMULATED: this estate is simulated; nothing here is about a real one.
set -euo pipefail

if [ "${MZAUDIT_FIX:-}" != "reviewed" ]; then
  echo "Nothing was done. Read this script first, then run it with MZAUDIT_FIX=reviewed." >&2
  exit 1
fi

# ==================== Create, enable, set

# APP-003 high: The plan meets the minimum
# prd: service ingest
# app-monozu-ingest-prd runs on asp-monozu-prd-ingest, whose SKU B1 is below the minimum B2.
# Scale the plan to B2.
# Role needed: Web Plan Contributor
# IaC property: Microsoft.Web/serverfarms: sku.name = B2 (azurerm_service_plan: sku_name)
# Check first: the price is accepted; firewalls allow the apps' new outbound addresses, which another tier may bring (az webapp show --query possibleOutboundIpAddresses).
# Then uncomment:
# az appservice plan update --name asp-monozu-prd-ingest --resource-group rg-monozu-prd --sku B2

# APP-005 critical: The app uses its documented identity
# prd: service manage
# app-monozu-manage-prd has no system-assigned identity.
# Turn the system-assigned identity on, then grant it its documented roles: the first command prints the principalId that the others need.
# Role needed: Website Contributor on the app, Role Based Access Control Administrator on each scope
# IaC property: Microsoft.Web/sites: identity.type = SystemAssigned (azurerm_linux_web_app: identity.type); Microsoft.Authorization/roleAssignments
az webapp identity assign --name app-monozu-manage-prd --resource-group rg-monozu-prd
# Replace PRINCIPAL_ID_OF_THE_APP and uncomment:
# az role assignment create --role AcrPull --assignee-object-id PRINCIPAL_ID_OF_THE_APP --assignee-principal-type ServicePrincipal --scope /subscriptions/443c9dd1-c328-5722-934c-040e36be79f4/resourceGroups/rg-monozu-shared/providers/Microsoft.ContainerRegistry/registries/acrmonozu
# Replace PRINCIPAL_ID_OF_THE_APP and uncomment:
# az role assignment create --role 'Key Vault Secrets User' --assignee-object-id PRINCIPAL_ID_OF_THE_APP --assignee-principal-type ServicePrincipal --scope /subscriptions/443c9dd1-c328-5722-934c-040e36be79f4/resourceGroups/rg-monozu-prd/providers/Microsoft.KeyVault/vaults/kv-mz-manage-prd

# KV-003 critical: The documented secret is in the vault
# prd: secret kv-mz-cloud-prd/SNAP_PUBLISH_TOKEN
# The secret SNAP-PUBLISH-TOKEN is soft-deleted in kv-mz-cloud-prd.
# Recover the secret.
# Role needed: Key Vault Secrets Officer
az keyvault secret recover --vault-name kv-mz-cloud-prd --name SNAP-PUBLISH-TOKEN

# OBS-004 low: An alert on the component notifies a receiver
# prd: component appi-monozu-prd
# No alert that watches appi-monozu-prd is enabled and notifies a receiver: failure anomalies - appi-monozu-prd (has no action group); alert-appi-monozu-prd (disabled).
# Enable one of the alerts, and check that it has an enabled action group with a receiver.
# Role needed: Monitoring Contributor on the resource group
# IaC property: Microsoft.Insights/metricAlerts: properties.enabled = true, properties.actions
# Check first: the alert processing rule is not meant to suppress notifications.
# Replace ACTION_GROUP_ID and uncomment:
# az monitor alert-processing-rule create --name appi-monozu-prd-notify --resource-group rg-monozu-prd --rule-type AddActionGroups --scopes /subscriptions/443c9dd1-c328-5722-934c-040e36be79f4/resourceGroups/rg-monozu-prd/providers/Microsoft.Insights/components/appi-monozu-prd --action-groups ACTION_GROUP_ID
# After the step above uncomment:
# az resource update --ids /subscriptions/443c9dd1-c328-5722-934c-040e36be79f4/resourceGroups/rg-monozu-prd/providers/Microsoft.Insights/metricAlerts/alert-appi-monozu-prd --set properties.enabled=true

# SET-001 critical: The setting refers to the documented secret
# prd: setting cloud/MS_CLIENT_SECRET
# The setting MS_CLIENT_SECRET of app-monozu-cloud-prd is plain text, not a Key Vault reference.
# Set MS_CLIENT_SECRET to a Key Vault reference to the secret MS-CLIENT-SECRET of kv-mz-cloud-prd.
# Role needed: Website Contributor on the app
# IaC property: Microsoft.Web/sites/config (appsettings): MS_CLIENT_SECRET = @Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=MS-CLIENT-SECRET)
# Check first: the vault holds the value: az keyvault secret show --vault-name kv-mz-cloud-prd --name MS-CLIENT-SECRET --query attributes.enabled says true. The setting's value may be the only copy.
# Then uncomment:
# az webapp config appsettings set --resource-group rg-monozu-prd --name app-monozu-cloud-prd --settings 'MS_CLIENT_SECRET=@Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=MS-CLIENT-SECRET)'

# SET-004 critical: No credential in plain text
# prd: service cloud
# The app setting MS_CLIENT_SECRET of app-monozu-cloud-prd is a credential in plain text: it is documented as a secret. The app setting STRIPE_API_KEY of app-monozu-cloud-prd is a credential in plain text: it has the name of a credential.
# Store the value in kv-mz-cloud-prd, refer to it from the setting, then rotate the credential.
# Role needed: Key Vault Secrets Officer on the vault, Website Contributor on the app
# IaC property: Microsoft.Web/sites/config (appsettings): MS_CLIENT_SECRET = @Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=MS-CLIENT-SECRET); Microsoft.Web/sites/config (appsettings): STRIPE_API_KEY = @Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=STRIPE-API-KEY)
# Check first: the file contains the right value: references without a version pick it up.
# Replace SECRET_FILE_kv-mz-cloud-prd_MS-CLIENT-SECRET and uncomment:
# az keyvault secret set --vault-name kv-mz-cloud-prd --name MS-CLIENT-SECRET --file SECRET_FILE_kv-mz-cloud-prd_MS-CLIENT-SECRET
# Check first: the vault holds the value: az keyvault secret show --vault-name kv-mz-cloud-prd --name MS-CLIENT-SECRET --query attributes.enabled says true. The setting's value may be the only copy.
# After the step above uncomment:
# az webapp config appsettings set --resource-group rg-monozu-prd --name app-monozu-cloud-prd --settings 'MS_CLIENT_SECRET=@Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=MS-CLIENT-SECRET)'
# Check first: the file contains the right value: references without a version pick it up.
# Replace SECRET_FILE_kv-mz-cloud-prd_STRIPE-API-KEY and uncomment:
# az keyvault secret set --vault-name kv-mz-cloud-prd --name STRIPE-API-KEY --file SECRET_FILE_kv-mz-cloud-prd_STRIPE-API-KEY
# Check first: the vault holds the value: az keyvault secret show --vault-name kv-mz-cloud-prd --name STRIPE-API-KEY --query attributes.enabled says true. The setting's value may be the only copy.
# After the step above uncomment:
# az webapp config appsettings set --resource-group rg-monozu-prd --name app-monozu-cloud-prd --settings 'STRIPE_API_KEY=@Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=STRIPE-API-KEY)'

# SQL-007 critical: Row-level security covers every tenant table
# prd: database db-monozu-manage-prd
# No security policy names dbo.added_later.
# Add the table to a security policy, in a migration.
# Role needed: the server's Entra administrator, or a member of db_owner
# Check first: every connection sets the session context that the predicate reads; else it sees no row.
# Replace SQL_POLICY_NAME, SQL_PREDICATE_FUNCTION and uncomment:
# sqlcmd -S sql-monozu-prd.database.windows.net -d db-monozu-manage-prd -G -x -X -Q 'CREATE SECURITY POLICY SQL_POLICY_NAME ADD FILTER PREDICATE SQL_PREDICATE_FUNCTION ON [dbo].[added_later], ADD BLOCK PREDICATE SQL_PREDICATE_FUNCTION ON [dbo].[added_later];'

# SQL-008 medium: The migrations have been applied by the pipeline
# prd: database db-monozu-cloud-prd
# A migration of db-monozu-cloud-prd failed: 5 alarm acknowledgement.
# Fix the cause of the failed migration, run `flyway repair`, then migrate.
# Role needed: anyone who can run the deployment pipeline
# Check first: the cause of the failed migration is fixed, and the pipeline migrates under its own identity.
# Replace SQL_MIGRATION_PIPELINE and uncomment:
# az pipelines run --name SQL_MIGRATION_PIPELINE

# IMG-002 high: The image comes from the shared registry
# prd: service ingest
# The image of the container main of app-monozu-ingest-prd comes from otheracrmonozu.azurecr.io, not from acrmonozu.azurecr.io.
# Push the image to acrmonozu.azurecr.io and deploy it to app-monozu-ingest-prd from there.
# Role needed: Website Contributor
# IaC property: Microsoft.Web/sites: properties.siteConfig.linuxFxVersion = DOCKER|acrmonozu.azurecr.io/ingestor:COMMIT (azurerm_linux_web_app: site_config.application_stack.docker_image_name)
# Check first: the image is in the registry, and the app's identity can pull it.
# Replace COMMIT and uncomment:
# az webapp config container set --name app-monozu-ingest-prd --resource-group rg-monozu-prd --container-image-name acrmonozu.azurecr.io/ingestor:COMMIT

# IMG-003 high: The image is tagged as documented
# prd: service cloud
# The image of app-monozu-cloud-prd has the tag latest, which is no commit.
# Deploy the image by the full commit that it was built from.
# Role needed: Website Contributor
# IaC property: Microsoft.Web/sites: properties.siteConfig.linuxFxVersion = DOCKER|acrmonozu.azurecr.io/cloud-backend:COMMIT (azurerm_linux_web_app: site_config.application_stack.docker_image_name)
# Check first: the image is in the registry, and the app's identity can pull it.
# Replace COMMIT and uncomment:
# az webapp config container set --name app-monozu-cloud-prd --resource-group rg-monozu-prd --container-image-name acrmonozu.azurecr.io/cloud-backend:COMMIT

# KV-004 low: The secret is usable
# prd: secret kv-mz-cloud-prd/SECRET_KEY
# The secret SECRET-KEY in kv-mz-cloud-prd expires on 2026-03-07.
# Renew the secret at its issuer and set the new value with a later expiry date.
# Role needed: Key Vault Secrets Officer
# IaC property: Microsoft.KeyVault/vaults/secrets: properties.value (azurerm_key_vault_secret: value)
# Check first: the file contains the right value: references without a version pick it up.
# Replace SECRET_FILE_kv-mz-cloud-prd_SECRET-KEY and uncomment:
# az keyvault secret set --vault-name kv-mz-cloud-prd --name SECRET-KEY --file SECRET_FILE_kv-mz-cloud-prd_SECRET-KEY

# KV-004 high: The secret is usable
# prd: secret kv-mz-manage-prd/CLOUD_API_URL
# The secret CLOUD-API-URL in kv-mz-manage-prd is disabled: its value cannot be read.
# Enable the secret, or set a new version of it.
# Role needed: Key Vault Secrets Officer
# IaC property: Microsoft.KeyVault/vaults/secrets: properties.attributes.enabled = true
az keyvault secret set-attributes --vault-name kv-mz-manage-prd --name CLOUD-API-URL --enabled true

# KV-006 critical: The shared secret is the same in every vault
# prd: secret CLOUD_WEBHOOK_HMAC_SECRET
# CLOUD_WEBHOOK_HMAC_SECRET differs only in surrounding white space between kv-mz-cloud-prd, kv-mz-manage-prd.
# Set the same value in every vault, from one file without a trailing newline, and restart the apps.
# Role needed: Key Vault Secrets Officer
# IaC property: Microsoft.KeyVault/vaults/secrets: properties.value (azurerm_key_vault_secret: value)
# Check first: the file contains the right value: references without a version pick it up.
# Replace SECRET_FILE_CLOUD-WEBHOOK-HMAC-SECRET and uncomment:
# az keyvault secret set --vault-name kv-mz-cloud-prd --name CLOUD-WEBHOOK-HMAC-SECRET --file SECRET_FILE_CLOUD-WEBHOOK-HMAC-SECRET
# Check first: the file contains the right value: references without a version pick it up.
# Replace SECRET_FILE_CLOUD-WEBHOOK-HMAC-SECRET and uncomment:
# az keyvault secret set --vault-name kv-mz-manage-prd --name CLOUD-WEBHOOK-HMAC-SECRET --file SECRET_FILE_CLOUD-WEBHOOK-HMAC-SECRET

# KV-007 high: The secret's value is well-formed
# prd: secret kv-mz-cloud-prd/SECRET_KEY
# The value of SECRET-KEY in kv-mz-cloud-prd is a placeholder, where a value is expected.
# Set the value from its source of truth.
# Role needed: Key Vault Secrets Officer
# IaC property: Microsoft.KeyVault/vaults/secrets: properties.value (azurerm_key_vault_secret: value)
# Check first: the file contains the right value: references without a version pick it up.
# Replace SECRET_FILE_kv-mz-cloud-prd_SECRET-KEY and uncomment:
# az keyvault secret set --vault-name kv-mz-cloud-prd --name SECRET-KEY --file SECRET_FILE_kv-mz-cloud-prd_SECRET-KEY

# ==================== Remove, shut out

# SET-005 critical: No database password
# prd: service ingest
# The app setting DB_CONNECTION of app-monozu-ingest-prd reaches a database with a password.
# Connect with the app's managed identity, remove the setting, and drop or change the login.
# Role needed: Website Contributor on the app
# IaC property: Microsoft.Web/sites/config (appsettings): no password
# Check first: the app runs without it; the value cannot be read back: save it elsewhere first.
# Then uncomment:
# az webapp config appsettings delete --resource-group rg-monozu-prd --name app-monozu-ingest-prd --setting-names DB_CONNECTION

# SET-006 high: No reference to another's vault
# prd: service ingest
# The app setting LEGACY_THING of app-monozu-ingest-prd refers to kv-mz-manage-stg, the vault of manage in stg.
# Remove the reference: this service is documented to have no vault.
# Role needed: Website Contributor on the app
# IaC property: Microsoft.Web/sites/config (appsettings): remove LEGACY_THING
# Check first: the app runs without it; the value cannot be read back: save it elsewhere first.
# Then uncomment:
# az webapp config appsettings delete --resource-group rg-monozu-prd --name app-monozu-ingest-prd --setting-names LEGACY_THING

# SQL-004 high: The identity holds exactly the documented roles in its database
# prd: database-user ingest/db-monozu-cloud-prd
# The user app-monozu-ingest-prd of db-monozu-cloud-prd holds the role db_ddladmin.
# Give the user exactly the documented roles.
# Role needed: the server's Entra administrator, or a member of db_owner
# Check first: the application works without this role.
# Then uncomment:
# sqlcmd -S sql-monozu-prd.database.windows.net -d db-monozu-cloud-prd -G -x -X -Q 'ALTER ROLE [db_ddladmin] DROP MEMBER [app-monozu-ingest-prd];'

# SQL-003 critical: The service's identity is a user of its database
# prd: database-user cloud/db-monozu-cloud-prd
# The user app-monozu-cloud-prd of db-monozu-cloud-prd has a stale SID: it was created for a former identity of app-monozu-cloud-prd, and the current one cannot sign in.
# Drop the user, create it again from the external provider, and give it its roles.
# Role needed: the server's Entra administrator, or a member of db_owner
# Check first: nothing signs in as this user; note its roles, grants and owned schemas.
# Then uncomment:
# sqlcmd -S sql-monozu-prd.database.windows.net -d db-monozu-cloud-prd -G -x -X -Q 'DROP USER [app-monozu-cloud-prd]; CREATE USER [app-monozu-cloud-prd] FROM EXTERNAL PROVIDER; ALTER ROLE [db_datareader] ADD MEMBER [app-monozu-cloud-prd]; ALTER ROLE [db_datawriter] ADD MEMBER [app-monozu-cloud-prd];'

# BLOB-002 high: The container is private
# prd: container stmonozuprd/snaps
# Anyone can read the container snaps of stmonozuprd without signing in: every blob in it.
# Set the container's access level to none and forbid anonymous access for the account.
# Role needed: Storage Account Contributor on the account
# IaC property: Microsoft.Storage/storageAccounts: properties.allowBlobPublicAccess = false
# Check first: nobody reads the blobs without signing in.
# Then uncomment:
# az storage container-rm update --resource-group rg-monozu-prd --storage-account stmonozuprd --name snaps --public-access off
# Check first: nobody reads a container of the account without signing in.
# After the step above uncomment:
# az storage account update --resource-group rg-monozu-prd --name stmonozuprd --allow-blob-public-access false

# KV-005 low: Every secret in the vault is documented
# prd: vault kv-mz-cloud-prd
# The vault kv-mz-cloud-prd holds secrets that are not documented: OLD-SMTP-PASSWORD.
# Document each of them, or disable and then delete it.
# Role needed: Key Vault Secrets Officer
# IaC property: Microsoft.KeyVault/vaults/secrets (azurerm_key_vault_secret): remove the resource
# Check first: no app refers to the secret, and nothing else reads it.
# Then uncomment:
# az keyvault secret set-attributes --vault-name kv-mz-cloud-prd --name OLD-SMTP-PASSWORD --enabled false

# RBAC-002 critical: No other service's identity can read the vault
# prd: vault kv-mz-manage-prd
# The identity of cloud of prd can reach secrets of kv-mz-manage-prd: Key Vault Secrets User, directly.
# Remove the role assignment that gives the other service access. If it is inherited, assign the role only where it is needed.
# Role needed: Role Based Access Control Administrator
# IaC property: Microsoft.Authorization/roleAssignments: remove it
# Check first: nobody depends on it, and the documented role is assigned instead.
# Then uncomment:
# az role assignment delete --ids /subscriptions/443c9dd1-c328-5722-934c-040e36be79f4/resourceGroups/rg-monozu-prd/providers/Microsoft.KeyVault/vaults/kv-mz-manage-prd/providers/Microsoft.Authorization/roleAssignments/4fcc1fb9-061c-5fc7-836c-7ffa44a1487b

# RBAC-003 medium: Nobody else reads the vault's secrets
# prd: vault kv-mz-cloud-prd
# User c2d8bfd6-858d-57ca-a057-d9a6fffb824f (Key Vault Secrets User, directly) can read secrets of kv-mz-cloud-prd, and the policy does not name it.
# Remove the assignment, or name the reader under the vault's readers in the policy.
# Role needed: Role Based Access Control Administrator
# IaC property: Microsoft.Authorization/roleAssignments: remove it
# Check first: nobody depends on it, and the documented role is assigned instead.
# Then uncomment:
# az role assignment delete --ids /subscriptions/443c9dd1-c328-5722-934c-040e36be79f4/resourceGroups/rg-monozu-prd/providers/Microsoft.KeyVault/vaults/kv-mz-cloud-prd/providers/Microsoft.Authorization/roleAssignments/547f97b0-a860-5678-b944-a26c27656ef7

# RBAC-005 high: No other service's identity reaches the blobs of the container
# prd: container stmonozuprd/snaps
# The identity of ingest of prd can reach the blobs of stmonozuprd/snaps: Storage Blob Data Reader, inherited from /subscriptions/443c9dd1-c328-5722-934c-040e36be79f4/resourceGroups/rg-monozu-prd/providers/Microsoft.Storage/storageAccounts/stmonozuprd.
# Remove the role assignment that gives the other service access. If it is inherited, assign the role only where it is needed.
# Role needed: Role Based Access Control Administrator
# IaC property: Microsoft.Authorization/roleAssignments: remove it
# Check first: nobody depends on it, and the documented role is assigned instead.
# Then uncomment:
# az role assignment delete --ids /subscriptions/443c9dd1-c328-5722-934c-040e36be79f4/resourceGroups/rg-monozu-prd/providers/Microsoft.Storage/storageAccounts/stmonozuprd/providers/Microsoft.Authorization/roleAssignments/77b717e0-9ee1-5dd8-8e9c-d41135b1d0d7

# SQL-002 high: The server accepts Microsoft Entra authentication only
# prd: sql-server sql-monozu-prd
# The SQL server sql-monozu-prd accepts SQL authentication besides Microsoft Entra.
# Check that every client connects with an Entra identity, then enable Entra-only authentication.
# Role needed: SQL Security Manager or SQL Server Contributor on the server
# IaC property: Microsoft.Sql/servers: properties.administrators.azureADOnlyAuthentication = true
# Check first: every client, and you, sign in with an Entra identity: password sign-in stops immediately.
# Then uncomment:
# az sql server ad-only-auth enable --resource-group rg-monozu-prd --name sql-monozu-prd

# SQL-005 high: No other service's identity is a user of the database
# prd: database db-monozu-manage-prd
# The identity of ingest of prd is the user ingest as well of db-monozu-manage-prd.
# Drop the user that belongs to another service.
# Role needed: the server's Entra administrator, or a member of db_owner
# Check first: nothing signs in as this user; note its roles, grants and owned schemas.
# Then uncomment:
# sqlcmd -S sql-monozu-prd.database.windows.net -d db-monozu-manage-prd -G -x -X -Q 'DROP USER [ingest as well];'
