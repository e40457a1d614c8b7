"""What a snapshot of the simulated estate holds, read over the wire through the SDK."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime

import pytest

from mzaudit.azure import Scope, VaultScope
from mzaudit.azure.required_permissions import DATABASE_NEEDS
from mzaudit.simulator import Simulator, serve
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed, need
from mzaudit.snapshot.values import ConnectionStringPart, LiteralValue, SecretValue, VaultReference
from tests.azure.estates import CLOUD, TAKEN, Names, take
from tests.azure.gapped import asked
from tests.documented_estate import build


@pytest.fixture(scope="module")
def documented() -> Iterator[tuple[Simulator, Snapshot]]:
    with serve(build("compliant")) as sim:
        yield sim, take(sim)


@pytest.fixture(scope="module")
def drifted() -> Iterator[tuple[Simulator, Snapshot]]:
    with serve(build("drifted")) as sim:
        yield sim, take(sim)


def seen(facet: object) -> object:
    """What was observed, whatever its type."""
    assert isinstance(facet, Observed), facet
    return facet.value


def test_the_documented_estate_leaves_no_gap(documented: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = documented
    assert asked(snapshot) == []
    assert {read.outcome for read in snapshot.reads} == {"ok"}
    assert sim.refused == []


def test_the_ledger_names_each_call_once_with_its_permission(documented: tuple[Simulator, Snapshot]) -> None:
    _, snapshot = documented
    calls = [read.call for read in snapshot.reads]
    assert calls == sorted(set(calls))
    inside = {need.permission for need in DATABASE_NEEDS}
    for read in snapshot.reads:
        assert read.scope
        assert read.permission in inside if read.call.startswith("SQL ") else read.permission.startswith("Microsoft.")


def test_only_reads_leave(documented: tuple[Simulator, Snapshot]) -> None:
    sim, _ = documented
    posts = {request.path for request in sim.requests if request.method != "GET"}
    allowed = r"/config/(appsettings|connectionstrings|azurestorageaccounts)/list$|^/oauth2/|/oauth2/v2.0/token$"
    assert posts
    assert all(re.search(allowed, path) for path in posts)
    assert {request.method for request in sim.requests} <= {"GET", "POST"}


def test_one_token_a_service(documented: tuple[Simulator, Snapshot]) -> None:
    sim, _ = documented
    tokens = [request for request in sim.requests if request.path.endswith("/oauth2/v2.0/token")]
    assert len(tokens) == 4  # Resource Manager, vaults, registry, databases


def test_head_of_the_snapshot(documented: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = documented
    assert (snapshot.taken, snapshot.source, snapshot.cloud) == (TAKEN, "simulated", "public")
    assert snapshot.environments == {"prd": sim.subscription_id}
    assert snapshot.caller is not None
    assert snapshot.caller.application_id == sim.client_id
    assert snapshot.caller.tenant_id == sim.tenant_id
    assert snapshot.caller.credential == "environment (client secret)"
    used = {request.query for request in sim.requests if request.host == "management.azure.com"}
    versions = {match.group(1) for query in used if (match := re.search(r"api-version=([0-9a-z-]+)", query))}
    assert versions <= set(snapshot.api_versions.values())


def test_sites(documented: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = documented
    names = Names(sim.subscription_id)
    site = snapshot.site(names.cloud)
    properties = need(site.properties)
    assert properties is not None
    assert properties.kind == ("app", "linux", "container")
    assert (properties.reserved, properties.state) == (True, "Running")
    assert properties.identity.types == ("systemassigned",)
    assert properties.identity.principal_id
    identity = need(site.identity)
    assert identity is not None
    assert identity.client_id not in (None, properties.identity.principal_id)
    config = need(site.config)
    assert config is not None
    assert config.runtime is not None
    assert config.runtime.form == "docker"
    assert config.runtime.containers[0].image.startswith("acrmonozu.azurecr.io/cloud-backend:")
    assert config.acr_use_managed_identity is True
    settings = {str(setting.name): setting.value for setting in need(site.settings) or ()}
    reference = settings["SECRET_KEY"]
    assert isinstance(reference, VaultReference)
    assert (reference.vault, reference.secret, reference.problem) == ("kv-mz-cloud-prd", "SECRET-KEY", "")
    assert {status.status for status in site.references.items} == {"Resolved"}
    assert len(site.references.items) == len(CLOUD)
    assert [slot.id.rsplit("/", 1)[-1] for slot in site.slots.items] == ["staging"]
    slot = site.slots.items[0]
    slot_identity = need(slot.identity)
    assert slot_identity is not None
    assert slot_identity.principal_id != properties.identity.principal_id
    plan = need(snapshot.plan(properties.plan_id or ""))
    assert plan is not None
    assert plan.sku == "P2v3"


def test_of_other_environments_only_the_identity_is_read(documented: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = documented
    staging = snapshot.site(Names(sim.subscription_id, "stg").cloud)
    properties = need(staging.properties)
    assert properties is not None
    assert properties.identity.principal_id
    assert isinstance(staging.settings, Gap)
    below = [request.path for request in sim.requests if "app-monozu-cloud-stg/" in request.path]
    assert [path.rpartition("/providers/")[2] for path in below] == ["Microsoft.ManagedIdentity/identities/default"]


def test_vaults(documented: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = documented
    names = Names(sim.subscription_id)
    cloud, manage = snapshot.vault(names.cloud_vault), snapshot.vault(names.manage_vault)
    assert need(cloud.properties) is not None
    secret = need(cloud.secret("secret-key"))
    assert secret is not None
    assert secret.enabled is True
    assert secret.version
    assert secret.expires is None or secret.expires.tzinfo is not None
    shared = [need(vault.value("CLOUD-WEBHOOK-HMAC-SECRET")) for vault in (cloud, manage)]
    assert shared[0] is not None
    assert shared[0] == shared[1]
    own = [need(vault.value("SECRET-KEY")) for vault in (cloud, manage)]
    assert own[0] is not None
    assert own[1] is not None
    assert own[0].same != own[1].same
    statuses = {str(status.setting): status for status in snapshot.site(names.cloud).references.items}
    assert statuses["SECRET_KEY"].active_version == secret.version


def test_registry_sql_storage_insights(documented: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = documented
    names = Names(sim.subscription_id)
    registry = snapshot.registry(names.registry)
    properties = need(registry.properties)
    assert properties is not None
    assert properties.login_server == "acrmonozu.azurecr.io"
    tags = need(registry.tags["cloud-backend"])
    assert tags is not None
    assert len(tags.items) > 1
    assert all(tag.pushed is not None and (tag.digest or "").startswith("sha256:") for tag in tags.items)
    server = snapshot.server(names.server)
    assert need(server.exists)
    assert need(server.entra_only) is True
    assert [database.name for database in server.databases.items if database.system] == ["master"]
    assert need(server.database("db-monozu-cloud-prd"))
    account = snapshot.account(names.account)
    held = need(account.properties)
    assert held is not None
    assert (held.shared_key, held.public_blobs) == (False, False)
    container = need(account.containers["snaps"])
    assert container is not None
    assert container.public_access == "None"
    component = snapshot.component(names.component)
    body = need(component.properties)
    assert body is not None
    assert body.connection_string is not None
    stored = need(snapshot.vault(names.cloud_vault).value("APPLICATIONINSIGHTS-CONNECTION-STRING"))
    assert stored is not None
    assert stored.part("instrumentationkey") == body.connection_string.part("instrumentationkey") is not None
    assert stored.part("ingestionendpoint") == body.connection_string.part("ingestionendpoint") is not None
    assert any(alert.enabled and alert.action_groups for alert in component.alerts.items)
    assert any(names.component.casefold() in board.shows for board in component.dashboards.items)


def test_authorization(documented: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = documented
    names = Names(sim.subscription_id)
    access = snapshot.access(names.cloud_vault)
    site = need(snapshot.site(names.cloud).properties)
    assert site is not None
    mine = access.assigned_to[(site.identity.principal_id or "").casefold()]
    roles = {role.guid: role for role in access.roles.items}
    held = {(roles[each.role].name, each.scope.rsplit("/", 1)[-1]) for each in mine.items}
    assert ("Key Vault Secrets User", "kv-mz-cloud-prd") in held
    assert {each.role for each in access.assignments.items} <= set(roles)
    # three apps and a slot here, three apps in staging
    assert len(access.assigned_to) == 7
    assert need(snapshot.permissions[names.group.casefold()])


def test_two_snapshots_of_one_estate_agree_up_to_labels(documented: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = documented
    again = take(sim)
    assert again != snapshot
    assert relabelled(again) == relabelled(snapshot)


def relabelled(node: object) -> object:
    """The value with its equality labels renamed by first appearance."""
    names: dict[int, int] = {}

    def renamed(each: object) -> object:
        if isinstance(each, ConnectionStringPart):
            return (each.name, names.setdefault(each.same, len(names)))
        if isinstance(each, SecretValue):
            same, trimmed = (names.setdefault(label, len(names)) for label in (each.same, each.same_trimmed))
            return replace(each, same=same, same_trimmed=trimmed, parts=()), renamed(each.parts)
        if is_dataclass(each) and not isinstance(each, type):
            return (type(each), *(renamed(getattr(each, field.name)) for field in fields(each)))
        if isinstance(each, dict):
            return [(name, renamed(value)) for name, value in each.items()]
        if isinstance(each, (list, tuple)):
            return [renamed(value) for value in each]
        return each

    return renamed(node)


def test_no_canary_is_in_a_snapshot(drifted: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = drifted
    shown = repr(snapshot)
    assert len(sim.estate.canaries()) > 20
    assert [canary for canary in sim.estate.canaries() if canary in shown] == []


def test_drifts_are_seen(drifted: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = drifted
    names = Names(sim.subscription_id)
    cloud, manage = snapshot.vault(names.cloud_vault), snapshot.vault(names.manage_vault)
    assert cloud.secret("SNAP-PUBLISH-TOKEN") == Observed(None)
    assert cloud.value("SNAP-PUBLISH-TOKEN") == Observed(None)
    assert "SNAP-PUBLISH-TOKEN" in cloud.deleted_secrets.items
    assert isinstance(manage.deleted_secrets.gap, Gap)
    disabled = manage.value("MS-CLIENT-SECRET")
    assert isinstance(disabled, Gap)
    assert disabled.reason is GapReason.DISABLED
    one, other = (need(vault.value("CLOUD-WEBHOOK-HMAC-SECRET")) for vault in (cloud, manage))
    assert one is not None
    assert other is not None
    assert one.same != other.same
    assert one.same_trimmed == other.same_trimmed
    placeholder = need(manage.value("SECRET-KEY"))
    assert placeholder is not None
    assert placeholder.placeholder
    settings = {str(setting.name): setting.value for setting in need(snapshot.site(names.ingest).settings) or ()}
    database = settings["DATABASE_URL"]
    assert isinstance(database, LiteralValue)
    assert "url-userinfo" in database.value.credentials
    assert need(snapshot.site(names.manage).identity) is None
    assert need(snapshot.server(names.server).entra_only) is False


def test_without_values_none_is_requested() -> None:
    with serve(build("compliant")) as sim:
        snapshot = take(sim, values=False)
        assert [request.host for request in sim.requests if "vault" in request.host] == []
    value = snapshot.vault(Names(sim.subscription_id).cloud_vault).value("SECRET-KEY")
    assert isinstance(value, Gap)
    assert (value.reason, value.detail) == (GapReason.NOT_COLLECTED, "--no-secret-values")
    assert asked(snapshot) == []


def test_an_empty_subscription_is_seen_to_be_empty() -> None:
    with serve(build("empty")) as sim:
        snapshot = take(sim)
    assert asked(snapshot) == []
    names = Names(sim.subscription_id)
    site = snapshot.site(names.cloud)
    assert site.properties == site.config == site.settings == site.identity == Observed(None)
    assert site.slots == Listing()
    assert site.references == Listing()
    vault = snapshot.vault(names.cloud_vault)
    assert vault.properties == vault.secret("SECRET-KEY") == vault.value("SECRET-KEY") == Observed(None)
    assert vault.soft_deleted == Observed(False)
    assert snapshot.registry(names.registry).tags["ingestor"] == Observed(None)
    assert snapshot.server(names.server).exists == Observed(False)
    assert snapshot.server(names.server).entra_only == Observed(None)
    assert "absent" in {read.outcome for read in snapshot.reads}


def test_a_caller_who_may_see_sites_only() -> None:
    with serve(build("blind")) as sim:
        snapshot = take(sim)
    names = Names(sim.subscription_id)
    assert seen(snapshot.site(names.cloud).properties) is not None
    assert {gap.reason for gap in asked(snapshot)} == {GapReason.FORBIDDEN}
    denied = snapshot.vault(names.cloud_vault).value("SECRET-KEY")
    assert isinstance(denied, Gap)
    assert denied.permission == "Microsoft.KeyVault/vaults/secrets/getSecret/action"
    assert denied.detail.startswith("ForbiddenByRbac")
    config = snapshot.site(names.cloud).config
    assert isinstance(config, Gap)
    assert (config.permission, config.scope) == ("Microsoft.Web/sites/config/read", names.cloud)
    outcomes = {read.outcome for read in snapshot.reads}
    assert outcomes == {"ok", "forbidden"}


def test_a_soft_deleted_vault_is_told_apart() -> None:
    estate = build("empty")
    estate.deleted_vaults.append({"name": "kv-mz-cloud-prd", "properties": {"location": "westeurope"}})
    with serve(estate) as sim:
        names = Names(sim.subscription_id)
        scope = Scope(
            {"prd": sim.subscription_id}, vaults=(VaultScope(names.cloud_vault), VaultScope(names.manage_vault))
        )
        snapshot = take(sim, scope=scope)
        lists = [request for request in sim.requests if request.path.casefold().endswith("/deletedvaults")]
    assert snapshot.vault(names.cloud_vault).soft_deleted == Observed(True)
    assert snapshot.vault(names.manage_vault).soft_deleted == Observed(False)
    assert len(lists) == 1


def test_the_sdk_is_loaded_by_collect_alone() -> None:
    code = "import sys, mzaudit.azure; from mzaudit.azure import collect, choose; sys.exit('azure.core' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_the_snapshot_is_plain_data(documented: tuple[Simulator, Snapshot]) -> None:
    def plain(node: object) -> bool:
        if is_dataclass(node) and not isinstance(node, type):
            inside = type(node).__module__.startswith("mzaudit.snapshot.")
            return inside and all(plain(getattr(node, field.name)) for field in fields(node))
        if isinstance(node, dict):
            return all(isinstance(name, str) and plain(value) for name, value in node.items())
        if isinstance(node, (list, tuple)):
            return all(plain(value) for value in node)
        return node is None or type(node) in (str, int, bool, datetime, GapReason)

    assert plain(documented[1])
    json.dumps([read.call for read in documented[1].reads])
