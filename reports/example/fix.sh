#!/usr/bin/env bash
# Remediation of what mzaudit found. Each command is a proposal: review it, and run what is right.
# Only what adds or enables something runs. What replaces, takes away or shuts somebody out waits
# as a comment, with what to check first; so does a placeholder in capitals (COMMIT), and what follows it.
# 24 violations: 21 at or above medium, 3 below the gate
# tool: mzaudit 0.1.0
# environment: prd
# gate: violations at or above medium
# policy: policies/monozu.yaml, policies/requirements.yaml, policies/waivers.yaml
# source: simulated
# read: 2026-03-02 03:00:00 UTC
# identity: application e4fb32f7-44bc-5df6-83d1-3ecec33ce6a5 (object 18b1b06d-dbab-5be5-89f9-cb39f8a6eada) by environment (client secret)
# calls: 121 (2 absent, 1 disabled, 118 ok)
# SIMULATED: the estate was a simulated one; nothing here is about a real one.
set -euo pipefail

if [ "${MZAUDIT_FIX:-}" != "reviewed" ]; then
  echo "Nothing was done. Read this script first, then run it with MZAUDIT_FIX=reviewed." >&2
  exit 1
fi

# ==================== Create, enable, set

# KV-003 critical: The documented secret is in the vault
# prd: secret kv-mz-cloud-prd/SNAP_PUBLISH_TOKEN
# The secret SNAP-PUBLISH-TOKEN is soft-deleted in kv-mz-cloud-prd.
# Recover the secret.
# May be run by: Key Vault Secrets Officer
az keyvault secret recover --vault-name kv-mz-cloud-prd --name SNAP-PUBLISH-TOKEN

# KV-004 low: The secret is usable
# prd: secret kv-mz-cloud-prd/MS_CLIENT_SECRET
# The secret MS-CLIENT-SECRET in kv-mz-cloud-prd expires on 2026-03-12.
# Renew the secret at its issuer and set the new value with a later expiry date.
# May be run by: Key Vault Secrets Officer
# In Bicep or Terraform: Microsoft.KeyVault/vaults/secrets: properties.value (azurerm_key_vault_secret: value)
# Check first: the file holds the right value: whoever refers to the secret without a version gets it.
# Fill in SECRET_FILE_kv-mz-cloud-prd_MS-CLIENT-SECRET, then take the # away:
# az keyvault secret set --vault-name kv-mz-cloud-prd --name MS-CLIENT-SECRET --file SECRET_FILE_kv-mz-cloud-prd_MS-CLIENT-SECRET

# KV-004 high: The secret is usable
# prd: secret kv-mz-manage-prd/MS_CLIENT_SECRET
# The secret MS-CLIENT-SECRET in kv-mz-manage-prd is disabled: nobody can read its value.
# Enable the secret, or set a new version of it.
# May be run by: Key Vault Secrets Officer
# In Bicep or Terraform: Microsoft.KeyVault/vaults/secrets: properties.attributes.enabled = true
az keyvault secret set-attributes --vault-name kv-mz-manage-prd --name MS-CLIENT-SECRET --enabled true

# KV-006 critical: The shared secret is the same in every vault
# prd: secret CLOUD_WEBHOOK_HMAC_SECRET
# CLOUD_WEBHOOK_HMAC_SECRET differs only in surrounding white space between kv-mz-cloud-prd, kv-mz-manage-prd.
# Set the same value in every vault, from one file without a trailing newline, and restart the apps.
# May be run by: Key Vault Secrets Officer
# In Bicep or Terraform: Microsoft.KeyVault/vaults/secrets: properties.value (azurerm_key_vault_secret: value)
# Check first: the file holds the right value: whoever refers to the secret without a version gets it.
# Fill in SECRET_FILE_CLOUD-WEBHOOK-HMAC-SECRET, then take the # away:
# az keyvault secret set --vault-name kv-mz-cloud-prd --name CLOUD-WEBHOOK-HMAC-SECRET --file SECRET_FILE_CLOUD-WEBHOOK-HMAC-SECRET
# Check first: the file holds the right value: whoever refers to the secret without a version gets it.
# Fill in SECRET_FILE_CLOUD-WEBHOOK-HMAC-SECRET, then take the # away:
# az keyvault secret set --vault-name kv-mz-manage-prd --name CLOUD-WEBHOOK-HMAC-SECRET --file SECRET_FILE_CLOUD-WEBHOOK-HMAC-SECRET

# KV-007 high: The secret's value is well-formed
# prd: secret kv-mz-manage-prd/SECRET_KEY
# The value of SECRET-KEY in kv-mz-manage-prd is a placeholder, where a value is expected.
# Set the value from its source of truth.
# May be run by: Key Vault Secrets Officer
# In Bicep or Terraform: Microsoft.KeyVault/vaults/secrets: properties.value (azurerm_key_vault_secret: value)
# Check first: the file holds the right value: whoever refers to the secret without a version gets it.
# Fill in SECRET_FILE_kv-mz-manage-prd_SECRET-KEY, then take the # away:
# az keyvault secret set --vault-name kv-mz-manage-prd --name SECRET-KEY --file SECRET_FILE_kv-mz-manage-prd_SECRET-KEY

# APP-003 high: The plan meets the minimum
# prd: service ingest
# app-monozu-ingest-prd runs on asp-monozu-ingest-prd, whose SKU B1 is below the minimum B2.
# Scale the plan to B2.
# May be run by: Web Plan Contributor
# In Bicep or Terraform: Microsoft.Web/serverfarms: sku.name = B2 (azurerm_service_plan: sku_name)
az appservice plan update --name asp-monozu-ingest-prd --resource-group rg-monozu-prd --sku B2

# APP-005 critical: The app uses its system-assigned identity
# prd: service manage
# app-monozu-manage-prd has no system-assigned identity.
# Turn the system-assigned identity on, then grant it its documented roles: the first command prints the principalId that the others need.
# May be run by: Website Contributor on the app, Role Based Access Control Administrator on each scope
# In Bicep or Terraform: Microsoft.Web/sites: identity.type = SystemAssigned (azurerm_linux_web_app: identity.type); Microsoft.Authorization/roleAssignments
az webapp identity assign --name app-monozu-manage-prd --resource-group rg-monozu-prd
# Fill in PRINCIPAL_ID_OF_THE_APP, then take the # away:
# az role assignment create --role AcrPull --assignee-object-id PRINCIPAL_ID_OF_THE_APP --assignee-principal-type ServicePrincipal --scope /subscriptions/aa9da4fd-834d-529f-9b1c-b450ee486563/resourceGroups/rg-monozu-shared/providers/Microsoft.ContainerRegistry/registries/acrmonozu
# Fill in PRINCIPAL_ID_OF_THE_APP, then take the # away:
# az role assignment create --role 'Key Vault Secrets User' --assignee-object-id PRINCIPAL_ID_OF_THE_APP --assignee-principal-type ServicePrincipal --scope /subscriptions/aa9da4fd-834d-529f-9b1c-b450ee486563/resourceGroups/rg-monozu-prd/providers/Microsoft.KeyVault/vaults/kv-mz-manage-prd

# SQL-007 critical: Row-level security covers every tenant table
# prd: database db-monozu-manage-prd
# No security policy names dbo.invoice.
# Add the table to a security policy, in a migration.
# May be run by: the server's Entra administrator, or a member of db_owner
# Check first: every connection sets the session context that the predicate reads; else it sees no row.
# Fill in SQL_POLICY_NAME, SQL_PREDICATE_FUNCTION, then take the # away:
# sqlcmd -S sql-monozu-prd.database.windows.net -d db-monozu-manage-prd -G -x -X -Q 'CREATE SECURITY POLICY SQL_POLICY_NAME ADD FILTER PREDICATE SQL_PREDICATE_FUNCTION ON [dbo].[invoice], ADD BLOCK PREDICATE SQL_PREDICATE_FUNCTION ON [dbo].[invoice];'

# SQL-008 medium: The migrations have been applied by the pipeline
# prd: database db-monozu-cloud-prd
# A migration of db-monozu-cloud-prd failed: 5 alarm acknowledgement.
# Mend the cause of the failed migration, run `flyway repair`, then migrate.
# May be run by: whoever may run the deployment pipeline
# Check first: what it replaces or takes away, who relies on that, and how it is put back.
# Fill in SQL_MIGRATION_PIPELINE, then take the # away:
# az pipelines run --name SQL_MIGRATION_PIPELINE

# OBS-004 low: An alert on the component reaches somebody
# prd: component appi-monozu-prd
# No alert that watches appi-monozu-prd is enabled and reaches somebody: failure anomalies - appi-monozu-prd (calls nobody); alert-appi-monozu-prd (disabled).
# Enable one of the alerts, and see that it has an action group that is enabled and has a receiver.
# May be run by: Monitoring Contributor on the resource group
# In Bicep or Terraform: Microsoft.Insights/metricAlerts: properties.enabled = true, properties.actions
# Check first: nothing of this name was deleted lately that could be restored instead: a new one is empty.
# Fill in ACTION_GROUP_ID, then take the # away:
# az monitor alert-processing-rule create --name appi-monozu-prd-notify --resource-group rg-monozu-prd --rule-type AddActionGroups --scopes /subscriptions/aa9da4fd-834d-529f-9b1c-b450ee486563/resourceGroups/rg-monozu-prd/providers/Microsoft.Insights/components/appi-monozu-prd --action-groups ACTION_GROUP_ID
# After the step above take the # away:
# az resource update --ids /subscriptions/aa9da4fd-834d-529f-9b1c-b450ee486563/resourceGroups/rg-monozu-prd/providers/Microsoft.Insights/metricAlerts/alert-appi-monozu-prd --set properties.enabled=true

# IMG-002 high: The image comes from the shared registry
# prd: service ingest
# The image of the container main of app-monozu-ingest-prd comes from Docker Hub, not from acrmonozu.azurecr.io.
# Push the image to acrmonozu.azurecr.io and let app-monozu-ingest-prd run it from there.
# May be run by: Website Contributor
# In Bicep or Terraform: Microsoft.Web/sites: properties.siteConfig.linuxFxVersion = DOCKER|acrmonozu.azurecr.io/ingestor:COMMIT (azurerm_linux_web_app: site_config.application_stack.docker_image_name)
# Check first: the image is in the registry, and the app's identity may pull it.
# Fill in COMMIT, then take the # away:
# az webapp config container set --name app-monozu-ingest-prd --resource-group rg-monozu-prd --container-image-name acrmonozu.azurecr.io/ingestor:COMMIT

# IMG-003 high: The image's tag is a commit
# prd: service cloud
# The image of app-monozu-cloud-prd has the tag latest, which is no commit.
# Deploy the image by the full commit that it was built from.
# May be run by: Website Contributor
# In Bicep or Terraform: Microsoft.Web/sites: properties.siteConfig.linuxFxVersion = DOCKER|acrmonozu.azurecr.io/cloud-backend:COMMIT (azurerm_linux_web_app: site_config.application_stack.docker_image_name)
# Check first: the image is in the registry, and the app's identity may pull it.
# Fill in COMMIT, then take the # away:
# az webapp config container set --name app-monozu-cloud-prd --resource-group rg-monozu-prd --container-image-name acrmonozu.azurecr.io/cloud-backend:COMMIT

# SET-001 critical: The setting refers to the documented secret
# prd: setting cloud/MS_CLIENT_SECRET
# The setting MS_CLIENT_SECRET of app-monozu-cloud-prd is plain text, not a Key Vault reference.
# Set MS_CLIENT_SECRET to a Key Vault reference to the secret MS-CLIENT-SECRET of kv-mz-cloud-prd.
# May be run by: Website Contributor on the app
# In Bicep or Terraform: Microsoft.Web/sites/config (appsettings): MS_CLIENT_SECRET = @Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=MS-CLIENT-SECRET)
# Check first: the vault holds the value: az keyvault secret show --vault-name kv-mz-cloud-prd --name MS-CLIENT-SECRET --query attributes.enabled says true. What the setting holds may be the only copy.
# Then take the # away:
# az webapp config appsettings set --resource-group rg-monozu-prd --name app-monozu-cloud-prd --settings 'MS_CLIENT_SECRET=@Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=MS-CLIENT-SECRET)'

# SET-004 critical: No credential in clear
# prd: service cloud
# The app setting MS_CLIENT_SECRET of app-monozu-cloud-prd is a credential in clear: it is documented as a secret. The app setting STRIPE_API_KEY of app-monozu-cloud-prd is a credential in clear: it has the name of a credential.
# Put the value into kv-mz-cloud-prd, refer to it from the setting, then renew the credential.
# May be run by: Key Vault Secrets Officer on the vault, Website Contributor on the app
# In Bicep or Terraform: Microsoft.Web/sites/config (appsettings): MS_CLIENT_SECRET = @Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=MS-CLIENT-SECRET); Microsoft.Web/sites/config (appsettings): STRIPE_API_KEY = @Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=STRIPE-API-KEY)
# Check first: the file holds the right value: whoever refers to the secret without a version gets it.
# Fill in SECRET_FILE_kv-mz-cloud-prd_MS-CLIENT-SECRET, then take the # away:
# az keyvault secret set --vault-name kv-mz-cloud-prd --name MS-CLIENT-SECRET --file SECRET_FILE_kv-mz-cloud-prd_MS-CLIENT-SECRET
# Check first: the vault holds the value: az keyvault secret show --vault-name kv-mz-cloud-prd --name MS-CLIENT-SECRET --query attributes.enabled says true. What the setting holds may be the only copy.
# After the step above take the # away:
# az webapp config appsettings set --resource-group rg-monozu-prd --name app-monozu-cloud-prd --settings 'MS_CLIENT_SECRET=@Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=MS-CLIENT-SECRET)'
# Check first: the file holds the right value: whoever refers to the secret without a version gets it.
# Fill in SECRET_FILE_kv-mz-cloud-prd_STRIPE-API-KEY, then take the # away:
# az keyvault secret set --vault-name kv-mz-cloud-prd --name STRIPE-API-KEY --file SECRET_FILE_kv-mz-cloud-prd_STRIPE-API-KEY
# Check first: the vault holds the value: az keyvault secret show --vault-name kv-mz-cloud-prd --name STRIPE-API-KEY --query attributes.enabled says true. What the setting holds may be the only copy.
# After the step above take the # away:
# az webapp config appsettings set --resource-group rg-monozu-prd --name app-monozu-cloud-prd --settings 'STRIPE_API_KEY=@Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=STRIPE-API-KEY)'

# ==================== Remove, shut out

# SET-005 critical: No database password
# prd: service ingest
# The app setting DATABASE_URL of app-monozu-ingest-prd reaches a database with a password.
# Connect with the app's managed identity, take the setting away, and drop or change the login.
# May be run by: Website Contributor on the app
# In Bicep or Terraform: Microsoft.Web/sites/config (appsettings): no password
# Check first: the app runs without it; the value cannot be read back: keep it elsewhere first.
# Then take the # away:
# az webapp config appsettings delete --resource-group rg-monozu-prd --name app-monozu-ingest-prd --setting-names DATABASE_URL

# SET-006 high: No reference to another's vault
# prd: service ingest
# The app setting LEGACY_TOKEN of app-monozu-ingest-prd refers to kv-mz-cloud-stg, the vault of cloud in stg.
# Take the reference away: this service is documented to have no vault.
# May be run by: Website Contributor on the app
# In Bicep or Terraform: Microsoft.Web/sites/config (appsettings): take LEGACY_TOKEN away
# Check first: the app runs without it; the value cannot be read back: keep it elsewhere first.
# Then take the # away:
# az webapp config appsettings delete --resource-group rg-monozu-prd --name app-monozu-ingest-prd --setting-names LEGACY_TOKEN

# RBAC-002 critical: No other service's identity can read the vault
# prd: vault kv-mz-manage-prd
# The identity of cloud of prd can reach secrets of kv-mz-manage-prd: Key Vault Secrets User, directly.
# Remove what lets the foreign service in; replace what is inherited by assignments where they are needed.
# May be run by: Role Based Access Control Administrator
# In Bicep or Terraform: Microsoft.Authorization/roleAssignments: remove it
# Check first: nobody relies on it, and the documented role is there in its place.
# Then take the # away:
# az role assignment delete --ids /subscriptions/aa9da4fd-834d-529f-9b1c-b450ee486563/resourceGroups/rg-monozu-prd/providers/Microsoft.KeyVault/vaults/kv-mz-manage-prd/providers/Microsoft.Authorization/roleAssignments/5cdc0109-f558-51d8-bcd1-fb51b9652506

# RBAC-005 high: No other service's identity reaches the snap blobs
# prd: container stmonozuprd/snaps
# The identity of ingest of prd can reach the blobs of stmonozuprd/snaps: Storage Blob Data Reader, inherited from /subscriptions/aa9da4fd-834d-529f-9b1c-b450ee486563/resourceGroups/rg-monozu-prd/providers/Microsoft.Storage/storageAccounts/stmonozuprd.
# Remove what lets the foreign service in; replace what is inherited by assignments where they are needed.
# May be run by: Role Based Access Control Administrator
# In Bicep or Terraform: Microsoft.Authorization/roleAssignments: remove it
# Check first: nobody relies on it, and the documented role is there in its place.
# Then take the # away:
# az role assignment delete --ids /subscriptions/aa9da4fd-834d-529f-9b1c-b450ee486563/resourceGroups/rg-monozu-prd/providers/Microsoft.Storage/storageAccounts/stmonozuprd/providers/Microsoft.Authorization/roleAssignments/bb68043b-da8f-54d2-a712-3f03d1ff9a97

# BLOB-002 high: The snap container is private
# prd: container stmonozuprd/snaps
# Anyone can read the container snaps of stmonozuprd without signing in: every blob in it.
# Set the container's access level to none and forbid anonymous access for the account.
# May be run by: Storage Account Contributor on the account
# In Bicep or Terraform: Microsoft.Storage/storageAccounts: properties.allowBlobPublicAccess = false
# Check first: nobody reads the blobs without signing in.
# Then take the # away:
# az storage container-rm update --resource-group rg-monozu-prd --storage-account stmonozuprd --name snaps --public-access off
# Check first: nobody reads a container of the account without signing in.
# After the step above take the # away:
# az storage account update --resource-group rg-monozu-prd --name stmonozuprd --allow-blob-public-access false

# SQL-002 high: The server accepts no passwords
# prd: sql-server sql-monozu-prd
# The SQL server sql-monozu-prd accepts passwords beside Entra identities.
# See that every client connects with an identity, then switch Entra-only authentication on.
# May be run by: SQL Security Manager or SQL Server Contributor on the server
# In Bicep or Terraform: Microsoft.Sql/servers: properties.administrators.azureADOnlyAuthentication = true
# Check first: every client, and you, sign in with an Entra identity: passwords end at once.
# Then take the # away:
# az sql server ad-only-auth enable --resource-group rg-monozu-prd --name sql-monozu-prd

# SQL-003 critical: The service's identity is a user of its database
# prd: database-user cloud/db-monozu-cloud-prd
# The user app-monozu-cloud-prd of db-monozu-cloud-prd carries a stale SID: it was made for a former identity of app-monozu-cloud-prd, and today's cannot sign in.
# Drop the user, create it again from the external provider, and give it its roles.
# May be run by: the server's Entra administrator, or a member of db_owner
# Check first: nothing signs in as this user any more; note its roles and grants, and which schemas it owns.
# Then take the # away:
# sqlcmd -S sql-monozu-prd.database.windows.net -d db-monozu-cloud-prd -G -x -X -Q 'DROP USER [app-monozu-cloud-prd]; CREATE USER [app-monozu-cloud-prd] FROM EXTERNAL PROVIDER; ALTER ROLE [db_datareader] ADD MEMBER [app-monozu-cloud-prd]; ALTER ROLE [db_datawriter] ADD MEMBER [app-monozu-cloud-prd];'

# SQL-004 high: The identity holds exactly the documented roles in its database
# prd: database-user ingest/db-monozu-cloud-prd
# The user app-monozu-ingest-prd of db-monozu-cloud-prd holds the role db_ddladmin.
# Give the user exactly the documented roles.
# May be run by: the server's Entra administrator, or a member of db_owner
# Check first: the application works without this role.
# Then take the # away:
# sqlcmd -S sql-monozu-prd.database.windows.net -d db-monozu-cloud-prd -G -x -X -Q 'ALTER ROLE [db_ddladmin] DROP MEMBER [app-monozu-ingest-prd];'

# SQL-005 high: No other service's identity is a user of the database
# prd: database db-monozu-manage-prd
# The identity of cloud of prd is the user app-monozu-cloud-prd of db-monozu-manage-prd.
# Drop the user that belongs to another service.
# May be run by: the server's Entra administrator, or a member of db_owner
# Check first: nothing signs in as this user any more; note its roles and grants, and which schemas it owns.
# Then take the # away:
# sqlcmd -S sql-monozu-prd.database.windows.net -d db-monozu-manage-prd -G -x -X -Q 'DROP USER [app-monozu-cloud-prd];'

# KV-005 low: Every secret in the vault is documented
# prd: vault kv-mz-cloud-prd
# The vault kv-mz-cloud-prd holds secrets that are not documented: OLD-SMTP-PASSWORD.
# Document each of them, or disable and then delete it.
# May be run by: Key Vault Secrets Officer
# In Bicep or Terraform: Microsoft.KeyVault/vaults/secrets (azurerm_key_vault_secret): take the resource away
# Check first: no app refers to the secret, and nobody reads it.
# Then take the # away:
# az keyvault secret set-attributes --vault-name kv-mz-cloud-prd --name OLD-SMTP-PASSWORD --enabled false
