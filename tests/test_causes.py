"""Cause before symptom, on the wire: each broken link is one finding, whatever fails because of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mzaudit.cli.collection import collect_state
from mzaudit.cli.evaluation import judge
from mzaudit.cli.resolve import bind_policy, load_policy
from mzaudit.cli.subscriptions import subscriptions_of
from mzaudit.engine.results import Report, Status
from mzaudit.policy.models import Severity
from mzaudit.simulator import Estate, serve
from tests.built_estate import POLICIES
from tests.documented_estate import DRIFTS, build, plant

# A secret in clear is both: the reference that is missing, and the exposure.
PLANTED: dict[str, set[str]] = {
    "ingest-plan": {"APP-003 ingest"},
    "cloud-tag": {"IMG-003 cloud"},
    "ingest-image-source": {"IMG-002 ingest"},
    "manage-identity": {"APP-005 manage"},
    "cloud-secret-missing": {"KV-003 kv-mz-cloud-prd/SNAP_PUBLISH_TOKEN"},
    "manage-secret-disabled": {"KV-004 kv-mz-manage-prd/MS_CLIENT_SECRET"},
    "secret-expiring": {"KV-004 kv-mz-cloud-prd/MS_CLIENT_SECRET"},
    "shared-secret-differs": {"KV-006 CLOUD_WEBHOOK_HMAC_SECRET"},
    "undocumented-secret": {"KV-005 kv-mz-cloud-prd"},
    "plaintext-credential": {"SET-004 cloud"},
    "literal-secret": {"SET-001 cloud/MS_CLIENT_SECRET", "SET-004 cloud"},
    "foreign-vault": {"SET-006 ingest"},
    "vault-leak": {"RBAC-002 kv-mz-manage-prd"},
    "placeholder": {"KV-007 kv-mz-manage-prd/SECRET_KEY"},
    "database-password": {"SET-005 ingest"},
    "storage-public": {"BLOB-002 stmonozuprd/snaps"},
    "entra-only-off": {"SQL-002 sql-monozu-prd"},
    "alert-disabled": {"OBS-004 appi-monozu-prd"},
    "blob-leak": {"RBAC-005 stmonozuprd/snaps"},
    "stale-database-user": {"SQL-003 cloud/db-monozu-cloud-prd"},
    "database-role": {"SQL-004 ingest/db-monozu-cloud-prd"},
    "foreign-database-user": {"SQL-005 db-monozu-manage-prd"},
    "unguarded-table": {"SQL-007 db-monozu-manage-prd"},
    "failed-migration": {"SQL-008 db-monozu-cloud-prd"},
}


def vault_gone(estate: Estate) -> None:
    body = estate.vault("kv-mz-cloud-prd")
    estate.remove(str(body["id"]))
    del estate.secrets["kv-mz-cloud-prd"]


def access_policies_decide(estate: Estate) -> None:
    properties = estate.vault("kv-mz-manage-prd")["properties"]
    properties["enableRbacAuthorization"] = False
    # The auditor's own access policy, without which it would see less.
    own = {"tenantId": estate.tenant_id, "objectId": estate.auditor.oid, "permissions": {"secrets": ["get", "list"]}}
    properties["accessPolicies"] = [own]


def role_missing(estate: Estate) -> None:
    who, where = estate.principal_of("app-monozu-cloud-prd"), str(estate.vault("kv-mz-cloud-prd")["id"])
    estate.revoke(who, "Key Vault Secrets User", where)


def secret_disabled(estate: Estate) -> None:
    estate.secrets["kv-mz-cloud-prd"]["CLOUD-INTERNAL-API-TOKEN"].current.enabled = False


def reference_to_another_secret(estate: Estate) -> None:
    reference = "@Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=NO-SUCH-SECRET)"
    estate.site_settings("app-monozu-cloud-prd")["SECRET_KEY"] = reference


def reference_malformed(estate: Estate) -> None:
    estate.site_settings("app-monozu-cloud-prd")["SECRET_KEY"] = "@Microsoft.KeyVault(VaultName=kv-mz-cloud-prd)"


def app_missing(estate: Estate) -> None:
    estate.remove(str(estate.site("app-monozu-manage-prd")["id"]))


def another_identity_fetches(estate: Estate) -> None:
    estate.site("app-monozu-cloud-prd")["properties"]["keyVaultReferenceIdentity"] = "/subscriptions/s/identity"
    estate.site_config("app-monozu-cloud-prd")["keyVaultReferenceIdentity"] = "/subscriptions/s/identity"


def registry_missing(estate: Estate) -> None:
    estate.remove(str(estate.named("Microsoft.ContainerRegistry/registries", "acrmonozu")["id"]))


def status_by_itself(estate: Estate) -> None:
    site = str(estate.site("app-monozu-cloud-prd")["id"]).casefold()
    estate.reference_status[site, "SECRET_KEY"] = "AccessToKeyVaultDenied"


LINKS: dict[str, tuple[Callable[[Estate], None], set[str]]] = {
    "setting: refers to a secret that is not there": (reference_to_another_secret, {"SET-001 cloud/SECRET_KEY"}),
    "setting: malformed": (reference_malformed, {"SET-001 cloud/SECRET_KEY"}),
    "app: gone": (app_missing, {"APP-001 manage"}),
    "vault: gone": (vault_gone, {"KV-001 kv-mz-cloud-prd"}),
    "vault: access policies decide": (access_policies_decide, {"KV-002 kv-mz-manage-prd"}),
    "secret: disabled": (secret_disabled, {"KV-004 kv-mz-cloud-prd/CLOUD_INTERNAL_API_TOKEN"}),
    "identity: another one fetches": (another_identity_fetches, {"APP-005 cloud"}),
    "role: missing": (role_missing, {"RBAC-001 cloud/kv-mz-cloud-prd"}),
    "registry: gone": (registry_missing, {"IMG-001 acrmonozu"}),
    "App Service reports what nothing else shows": (status_by_itself, {"SET-002 cloud/SECRET_KEY"}),
}


def checked(estate: Estate) -> Report:
    """The report of a whole run over the wire."""
    loaded = load_policy(POLICIES, shipped=False)
    with serve(estate) as simulator:
        wanted = bind_policy(loaded, ("prd",), subscriptions_of(loaded, ("prd",), given=simulator.subscription_id))
        seen = collect_state(wanted, simulator, timeout=120, values=True, debug=False)
    return judge(loaded, wanted, seen, fail_on=Severity.MEDIUM)


def failed(report: Report) -> set[str]:
    """The failures, by rule and subject."""
    unread = [f for f in report.findings if f.status is Status.INCONCLUSIVE]
    assert not unread, [(f.rule, f.subject.name, f.gaps) for f in unread]
    return {f"{f.rule} {f.subject.name}" for f in report.findings if f.status is Status.FAIL}


@pytest.mark.parametrize("drift", PLANTED)
def test_a_planted_drift_is_one_finding_at_its_cause(drift: str) -> None:
    estate = build("compliant")
    plant(estate, drift)
    assert failed(checked(estate)) == PLANTED[drift]


@pytest.mark.parametrize("link", LINKS)
def test_a_broken_link_is_one_finding(link: str) -> None:
    mutate, expected = LINKS[link]
    estate = build("compliant")
    mutate(estate)
    assert failed(checked(estate)) == expected


def test_every_drift_of_the_drifted_estate_is_named_once() -> None:
    assert set(PLANTED) == set(DRIFTS)
    assert failed(checked(build("drifted"))) == set().union(*PLANTED.values())


def test_a_blind_run_concludes_nothing_that_it_did_not_see() -> None:
    report = checked_blind()
    seen_paths = {read.call for read in report.reads if read.outcome in ("ok", "absent")}
    assert seen_paths, "the blind estate lets the sites be read"
    concluded = {f.rule for f in report.findings if f.status in (Status.PASS, Status.FAIL)}
    assert concluded <= {"APP-001", "APP-006"}


def checked_blind() -> Report:
    """The report of a run that may read next to nothing."""
    loaded = load_policy(POLICIES, shipped=False)
    with serve(build("blind")) as simulator:
        wanted = bind_policy(loaded, ("prd",), subscriptions_of(loaded, ("prd",), given=simulator.subscription_id))
        seen = collect_state(wanted, simulator, timeout=120, values=True, debug=False)
    return judge(loaded, wanted, seen, fail_on=Severity.MEDIUM)
