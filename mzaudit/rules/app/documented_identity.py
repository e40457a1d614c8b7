"""APP-005: the app uses its documented identity."""

from mzaudit.access.identity_grants import pull_with_identity, switch_on
from mzaudit.engine import Aspect, Evidence, Fail, Fix, NotApplicable, Pass, Severity, Verdict, every, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service
from mzaudit.facts.app_images import pull_by_own_identity
from mzaudit.facts.existing import attached, present, require_field
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Observed, Unobserved
from mzaudit.snapshot.text.ids import same
from mzaudit.snapshot.web import SiteContainer

_SYSTEM = "SystemAssigned"


@rule(
    "APP-005",
    title="The app uses its documented identity",
    severity=Severity.CRITICAL,
    over=each_service,
    bears_on=Aspect.IDENTITY,
    guards=(Demand.IDENTITY,),
    requires=("APP-001",),
)
def documented_identity(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    `identity: system`: the app has a system-assigned identity, alone or beside user-assigned ones; one without a
    principal id is inconclusive. `identity: user:NAME`: the documented user-assigned identity exists and is attached to
    the app. Not applicable where the policy gives the app no identity.

    Key Vault references use that identity: `keyVaultReferenceIdentity`, on the site and in `config/web`, is absent,
    empty or `SystemAssigned`, or the resource id of the user-assigned one (checked only for an app with references).
    Image pulls use it too: `acrUserManagedIdentityID` is absent or empty, or the client id of the user-assigned one,
    and so is that of each site container that pulls as `UserAssigned`.

    ## Why it matters
    The documented roles are granted to that identity. Without it, or with references that use another one, no secret
    resolves, and an undocumented identity holds the access.

    ## Remediation
    Turn the identity on or attach it, then grant its roles: a new system-assigned identity has a new principal, and the
    assignments of the former one do not carry over. Point references and image pulls back at it.

    ## References
    - https://learn.microsoft.com/azure/app-service/overview-managed-identity
    - https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
    """
    if want.acts_as == "none":
        return NotApplicable(f"The policy gives {want.app} no identity.")
    checks = (_identity, _references, _configured, _containers)
    return every(checks, lambda check: check(want, seen), empty="Nothing to check.")


def _identity(want: DesiredService, seen: Snapshot) -> Verdict:
    identity = present(seen.site(want.id).properties, f"GET {want.id}").identity
    at = f"{want.id}/identity"
    if want.identity is not None:
        return _attached(want, seen)
    if _SYSTEM.casefold() not in identity.types:
        return Fail(
            (Evidence(f"{at}/type", _SYSTEM, ",".join(identity.types) or "none"),),
            f"{want.app} has no system-assigned identity.",
            "Turn the system-assigned identity on, then grant it its documented roles: the first command prints the"
            " principalId that the others need.",
            switch_on(want, seen),
        )
    principal = require_field(identity.principal_id or None, f"GET {want.id}", "identity.principalId")
    return Pass((Evidence(f"{at}/principalId", "an object id", principal),))


def _attached(want: DesiredService, seen: Snapshot) -> Verdict:
    site, wanted = present(seen.site(want.id).properties, f"GET {want.id}"), want.identity
    one, at = attached(want, site), f"{want.id}/identity/userAssignedIdentities"
    itself = None if wanted is None else need(seen.user_identity(wanted.id).properties)
    if wanted is not None and itself is None:
        return Fail(
            (Evidence(wanted.id, "exists", "absent"),),
            f"The {want.identity_words} of {want.app} does not exist.",
            "Create the identity, attach it to the app, and grant it its documented roles; or correct the policy.",
            Fix(
                "Managed Identity Contributor on the resource group",
                (az("identity create", name=wanted.name, resource_group=wanted.id.split("/")[4]),),
                "Microsoft.ManagedIdentity/userAssignedIdentities (azurerm_user_assigned_identity)",
            ),
        )
    if wanted is None or one is None:
        there = tuple(each.id for each in site.identity.user_assigned)
        return Fail(
            (Evidence(at, wanted.id if wanted is not None else None, there),),
            f"{want.app} does not have its {want.identity_words}.",
            "Assign the identity to the app, and check that it holds its documented roles.",
            switch_on(want, seen),
        )
    principal = require_field(one.principal_id or None, f"GET {want.id}", f"principalId of {one.id}")
    own = itself.principal_id if itself is not None else None
    if own is not None and own.casefold() != principal.casefold():
        detail = "the app and the identity report two values of principalId"
        raise Unobserved(Gap(GapReason.CONTRADICTED, f"GET {wanted.id}", wanted.id, detail=detail))
    return Pass((Evidence(f"{at}/{wanted.name}/principalId", own or "an object id", principal),))


def _client(want: DesiredService, seen: Snapshot) -> str | None:
    """The client id of the user-assigned identity that the service acts as, where it is attached and told."""
    site = seen.site(want.id).properties
    if not isinstance(site, Observed) or site.value is None:
        return None
    one = attached(want, site.value)
    return one.client_id if one is not None else None


def _references(want: DesiredService, seen: Snapshot) -> Verdict:
    site = present(seen.site(want.id).properties, f"GET {want.id}")
    _one_choice(want, seen)
    return _selected(want, f"{want.id}/properties/keyVaultReferenceIdentity", site.key_vault_reference_identity)


def _one_choice(want: DesiredService, seen: Snapshot) -> None:
    """Stop where the app and its configuration, two views of one fact, name two identities."""
    site, config = seen.site(want.id).properties, seen.site(want.id).config
    if isinstance(site, Gap) or isinstance(config, Gap) or site.value is None or config.value is None:
        return
    views = site.value.key_vault_reference_identity, config.value.key_vault_reference_identity
    if len({each.casefold() for each in views if each}) > 1:
        detail = "the app and its configuration report two values of keyVaultReferenceIdentity"
        raise Unobserved(Gap(GapReason.CONTRADICTED, f"GET {want.id}/config/web", want.id, detail=detail))


def _configured(want: DesiredService, seen: Snapshot) -> Verdict:
    config = present(seen.site(want.id).config, f"GET {want.id}/config/web")
    _one_choice(want, seen)
    at = f"{want.id}/config/web/properties"
    selected = _selected(want, f"{at}/keyVaultReferenceIdentity", config.key_vault_reference_identity)
    if isinstance(selected, Fail) or not config.acr_user_managed_identity:
        return selected
    client = _client(want, seen)
    if client is not None and config.acr_user_managed_identity.casefold() == client.casefold():
        return selected
    return Fail(
        (Evidence(f"{at}/acrUserManagedIdentityID", client, config.acr_user_managed_identity),),
        f"{want.app} pulls its image with another identity than its {want.identity_words}.",
        f"Configure the app to pull its image with its {want.identity_words}.",
        Fix(
            "Website Contributor",
            (pull_with_identity(want),),
            f"Microsoft.Web/sites: properties.siteConfig.acrUserManagedIdentityID = {client or 'null'} "
            "(azurerm_linux_web_app: "
            "site_config.container_registry_managed_identity_client_id)",
        ),
    )


def _selected(want: DesiredService, at: str, identity: str | None) -> Verdict:
    wanted = _SYSTEM if want.identity is None else want.identity.id
    usual = not identity or identity.casefold() == _SYSTEM.casefold()
    if usual and (want.identity is None or not want.settings):
        return Pass((Evidence(at, _SYSTEM, identity or None),))
    if want.identity is not None and identity and same(identity, want.identity.id):
        return Pass((Evidence(at, wanted, identity),))
    return Fail(
        (Evidence(at, wanted, identity),),
        f"Key Vault references of {want.app} are not resolved with its {want.identity_words}.",
        f"Configure Key Vault references to use the {want.identity_words}.",
        Fix(
            "Website Contributor",
            (
                az(
                    "webapp update",
                    name=want.app,
                    resource_group=want.resource_group,
                    set=f"keyVaultReferenceIdentity={wanted}",
                ),
            ),
            f"Microsoft.Web/sites: properties.keyVaultReferenceIdentity = {wanted} (azurerm_linux_web_app: "
            "key_vault_reference_identity_id)",
        ),
    )


def _containers(want: DesiredService, seen: Snapshot) -> Verdict:
    site = seen.site(want.id)
    call = f"GET {want.id}/config/web"
    runtime = require_field(present(site.config, call).runtime, call, "properties.linuxFxVersion")
    at = f"{want.id}/config/web/properties/linuxFxVersion"
    if runtime.form != "sitecontainers":
        return Pass((Evidence(at, "no container with a user-assigned identity", runtime.form),))

    client = _client(want, seen)
    documented = "SystemIdentity" if want.identity is None else f"UserAssigned ({client or want.identity.name})"

    def pulls(item: SiteContainer) -> Verdict:
        where = f"{want.id}/sitecontainers/{item.container.name}/properties/authType"
        auth, used = item.container.auth, item.container.client
        if auth is None or auth.casefold() != "userassigned":
            return Pass((Evidence(where, "not another identity", auth),))
        if client is not None and used is not None and used.casefold() == client.casefold():
            return Pass((Evidence(where, documented, f"{auth} ({used})"),))
        return Fail(
            (Evidence(where, documented, f"{auth} ({used})" if used else auth),),
            f"The container {item.container.name} of {want.app} pulls its image with another identity than its "
            f"{want.identity_words}.",
            f"Configure the container to pull its image with the {want.identity_words}.",
            Fix(
                "Website Contributor",
                (pull_by_own_identity(want, item.container.name, client),),
                "Microsoft.Web/sites/sitecontainers: properties.authType, userManagedIdentityClientId",
            ),
        )

    listing = site.containers
    return every(listing.items, pulls, empty="The app has no site containers.", missing=listing.gap)
