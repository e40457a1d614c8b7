"""APP-005: the backend acts under its system-assigned identity."""

from mzaudit.access.identity_grants import switch_on
from mzaudit.engine import Aspect, Evidence, Fail, Fix, Pass, Severity, Verdict, every, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service
from mzaudit.facts.app_images import pull_by_system_identity
from mzaudit.facts.existing import present, require_field
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved
from mzaudit.snapshot.web import SiteContainer

_SYSTEM = "SystemAssigned"


@rule(
    "APP-005",
    title="The app uses its system-assigned identity",
    severity=Severity.CRITICAL,
    over=each_service,
    bears_on=Aspect.IDENTITY,
    guards=(Demand.IDENTITY,),
    requires=("APP-001",),
)
def system_identity(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The app's identity types hold `SystemAssigned`, in any case and also beside `UserAssigned`; an answer without an
    identity means that the app has none, one without its principal id is inconclusive. Key Vault references use that
    identity (`keyVaultReferenceIdentity` is absent, empty or `SystemAssigned`, on the site and in `config/web`), and so
    do image pulls (`acrUserManagedIdentityID` is absent or empty; no site container pulls as `UserAssigned`).

    ## Why it matters
    The documented roles are granted to the system-assigned identity. Without it, or with references that use another
    one, no secret resolves, and access is held by an identity that outlives the app and may be shared.

    ## Remediation
    Turn the system-assigned identity on, then grant its roles: a new identity has a new principal, and the assignments
    of the former one do not carry over. Point references and image pulls back at it.

    ## References
    - https://learn.microsoft.com/azure/app-service/overview-managed-identity
    - https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
    """
    checks = (_identity, _references, _configured, _containers)
    return every(checks, lambda check: check(want, seen), empty="Nothing to check.")


def _identity(want: DesiredService, seen: Snapshot) -> Verdict:
    identity = present(seen.site(want.id).properties, f"GET {want.id}").identity
    at = f"{want.id}/identity"
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
        detail = "the app and its configuration tell two values of keyVaultReferenceIdentity"
        raise Unobserved(Gap(GapReason.CONTRADICTED, f"GET {want.id}/config/web", want.id, detail=detail))


def _configured(want: DesiredService, seen: Snapshot) -> Verdict:
    config = present(seen.site(want.id).config, f"GET {want.id}/config/web")
    _one_choice(want, seen)
    at = f"{want.id}/config/web/properties"
    selected = _selected(want, f"{at}/keyVaultReferenceIdentity", config.key_vault_reference_identity)
    if isinstance(selected, Fail) or not config.acr_user_managed_identity:
        return selected
    return Fail(
        (Evidence(f"{at}/acrUserManagedIdentityID", None, config.acr_user_managed_identity),),
        f"{want.app} pulls its image with a user-assigned identity.",
        "Let the app pull its image with its system-assigned identity.",
        Fix(
            "Website Contributor",
            (
                az(
                    "webapp config set",
                    name=want.app,
                    resource_group=want.resource_group,
                    acr_use_identity="true",
                    acr_identity="[system]",
                ),
            ),
            "Microsoft.Web/sites: properties.siteConfig.acrUserManagedIdentityID = null (azurerm_linux_web_app: "
            "site_config.container_registry_managed_identity_client_id)",
        ),
    )


def _selected(want: DesiredService, at: str, identity: str | None) -> Verdict:
    if not identity or identity.casefold() == _SYSTEM.casefold():
        return Pass((Evidence(at, _SYSTEM, identity or None),))
    return Fail(
        (Evidence(at, _SYSTEM, identity),),
        f"Key Vault references of {want.app} are resolved with a user-assigned identity.",
        "Let Key Vault references use the system-assigned identity.",
        Fix(
            "Website Contributor",
            (
                az(
                    "webapp update",
                    name=want.app,
                    resource_group=want.resource_group,
                    set=f"keyVaultReferenceIdentity={_SYSTEM}",
                ),
            ),
            "Microsoft.Web/sites: properties.keyVaultReferenceIdentity = SystemAssigned (azurerm_linux_web_app: "
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

    def pulls(item: SiteContainer) -> Verdict:
        where = f"{want.id}/sitecontainers/{item.container.name}/properties/authType"
        auth = item.container.auth
        if auth is None or auth.casefold() != "userassigned":
            return Pass((Evidence(where, "not UserAssigned", auth),))
        return Fail(
            (Evidence(where, "SystemIdentity", auth),),
            f"The container {item.container.name} of {want.app} pulls its image with a user-assigned identity.",
            "Let the container pull its image with the system-assigned identity.",
            Fix(
                "Website Contributor",
                (pull_by_system_identity(want, item.container.name),),
                "Microsoft.Web/sites/sitecontainers: properties.authType = SystemIdentity",
            ),
        )

    listing = site.containers
    return every(listing.items, pulls, empty="The app has no site containers.", missing=listing.gap)
