#!/usr/bin/env bash
# Remediation of what mzaudit found. Each command is a proposal: review it, and run what is right.
# Only commands that add or enable something run. Those that replace, remove or lock out wait
# as a comment, with what to check first; so does a placeholder in capitals (COMMIT), and what follows it.
# 4 violations: 3 at or above medium, 1 below the gate
# left out, waived: KV-005 kv-mz-cloud-prd/OLD_EXPORT, until 2026-12-31 by team-cloud, MZ-41: The old export job needs it until it moves. (policies/waivers.yaml:3)
# tool: mzaudit 0.1.0
# environment: prd
# gate: violations at or above medium
# policy: policies/monozu.yaml
# source: azure
# read: 2026-11-23 02:30:00 UTC
# identity: mzaudit-reader (object 9f8e0000-0000-0000-0000-00000000a91f) by workload identity
# calls: 3 (1 absent, 1 forbidden, 1 ok)
set -euo pipefail

if [ "${MZAUDIT_FIX:-}" != "reviewed" ]; then
  echo "Nothing was done. Read this script first, then run it with MZAUDIT_FIX=reviewed." >&2
  exit 1
fi

# ==================== Create, enable, set

# APP-004 low: The plan is as large as recommended
# prd: service ingest
# The plan is P1v3: 2 cores, 8 GB; recommended is P2v3: 4 cores, 16 GB.
# Scale the plan up.
# Role needed: Website Contributor
# Check first: the price is accepted; firewalls allow the apps' new outbound addresses, which another tier may bring (az webapp show --query possibleOutboundIpAddresses).
# Then uncomment:
# az appservice plan update --name asp-monozu-prd --sku P2V3

# KV-003 critical: The documented secret is in the vault
# prd: secret kv-mz-cloud-prd/SECRET_KEY
# The secret SECRET_KEY (stored as SECRET-KEY) is not in kv-mz-cloud-prd.
# Set the secret from its source of truth.
# Role needed: Key Vault Secrets Officer
# Check first: the file contains the right value: references without a version pick it up.
# Replace SECRET_FILE and uncomment:
# az keyvault secret set --vault-name kv-mz-cloud-prd --name SECRET-KEY --file SECRET_FILE

# RBAC-003 medium: Nobody else reads the vault
# prd: vault kv-mz-cloud-prd
# 1 principal that the policy does not name can read secrets.
# Remove the assignment, or name the principal in the policy.
# Nothing to run: correct the policy, at policies/monozu.yaml:41.

# ==================== Remove, shut out

# SET-004 critical: No credential stands in clear
# prd: setting manage/SMTP_PASSWORD
# The setting holds a literal value and its name says password.
# Store the value in kv-mz-manage-prd, refer to it, and rotate it: it was readable.
# Role needed: Website Contributor
# IaC property: siteConfig.appSettings
# Check first: the app runs without it; the value cannot be read back: save it elsewhere first.
# Then uncomment:
# az webapp config appsettings delete --resource-group rg-monozu-prd --name app-monozu-manage-prd --setting-names SMTP_PASSWORD
