"""IMG-007: the app pulls its image with its identity and keeps no registry credentials."""

from collections.abc import Callable

from mzaudit.access.deny_assignments import LIFT, lift
from mzaudit.access.documented_grant import NO_GRANT, DocumentedGrant, grant_fix
from mzaudit.access.effective_access import Access, access_of
from mzaudit.access.identity_grants import pull_with_identity, switch_on
from mzaudit.access.registry_access import pull_role, pull_targets
from mzaudit.engine import (
    Aspect,
    Evidence,
    Fail,
    Fix,
    Inconclusive,
    NotApplicable,
    Pass,
    Severity,
    Verdict,
    every,
    need,
    rule,
    whole,
)
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service_with_image
from mzaudit.facts.app_images import pull_by_own_identity
from mzaudit.facts.existing import attached, present, principal_of, require_field
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.registry import RegistryProperties
from mzaudit.snapshot.text.ids import subscription_of
from mzaudit.snapshot.text.image_reference import is_host_of, parse
from mzaudit.snapshot.values import LiteralValue, SettingValue
from mzaudit.snapshot.web import SiteConfig

_LEFT_OVER = frozenset({"docker_registry_server_username", "docker_registry_server_password"})


@rule(
    "IMG-007",
    title="The image is pulled by the identity",
    severity=Severity.HIGH,
    over=each_service_with_image,
    bears_on=Aspect.IMAGE,
    guards=(Demand.CONTAINERS, Demand.NO_CREDENTIALS),
    requires=("APP-001", "IMG-001"),
    explained_by=("APP-002", "APP-005"),
)
def pull_by_identity(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    - The app pulls with its documented identity: `acrUseManagedIdentityCreds` is true and `acrUserManagedIdentityID`
      empty, or the client id of the user-assigned one; each site container whose image comes from the registry has the
      `authType` `SystemIdentity`, or `UserAssigned` with that client id. How images from elsewhere are pulled is not
      checked; whether they may come from there is IMG-002.
    - The identity may pull, in the registry's mode: the action `pull/read` on the registry, by whatever role (AcrPull,
      also Reader and similar); or, where the registry's permissions are by repository, the data actions `content/read`
      and `metadata/read` of the service's repository (Container Registry Repository Reader), where AcrPull has no
      effect. The grant may be direct, inherited, through a group, or under a condition that allows the repository.
    - The registry accepts the tokens that App Service sends (`azureADAuthenticationAsArmPolicy` is enabled).
    - No registry credentials are left: no setting `DOCKER_REGISTRY_SERVER_USERNAME` or `…_PASSWORD` with a value, be it
      a Key Vault reference, and no user name or password at a site container.

    Whether the registry's admin user is on is shown, not judged. Slots are checked by SET-004.

    ## Why it matters
    Registry credentials in settings are shared, never rotated, and readable by whoever reads the settings. Without the
    right to pull, the app runs only until its next restart.

    ## Remediation
    Assign the pull role to the identity, switch the app to it, then remove the credentials.

    ## References
    - https://learn.microsoft.com/azure/app-service/configure-custom-container
    - https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
    - https://learn.microsoft.com/azure/container-registry/container-registry-disable-authentication-as-arm
    """
    if need(seen.site(want.id).properties) is None:
        return NotApplicable(f"{want.app} does not exist.")
    checks: tuple[Callable[[DesiredService, Snapshot], Verdict], ...] = (_uses, _may, _accepts, _keeps_nothing)
    return every(checks, lambda check: check(want, seen), empty="The app pulls no image.")


def _config(want: DesiredService, seen: Snapshot) -> SiteConfig:
    return present(seen.site(want.id).config, f"GET {want.id}/config/web")


def _form(want: DesiredService, config: SiteConfig) -> str:
    return require_field(config.runtime, f"GET {want.id}/config/web", "properties.linuxFxVersion").form


def _registry(want: DesiredService, seen: Snapshot) -> RegistryProperties:
    return present(seen.registry(want.registry.id).properties, f"GET {want.registry.id}")


def _client(want: DesiredService, seen: Snapshot) -> str | None:
    """The client id of the user-assigned identity that the service acts as; None where it is not attached."""
    one = attached(want, present(seen.site(want.id).properties, f"GET {want.id}"))
    return require_field(one.client_id, f"GET {want.id}", f"clientId of {one.id}") if one is not None else None


def _uses(want: DesiredService, seen: Snapshot) -> Verdict:
    """How the app says that it pulls."""
    config = _config(want, seen)
    if _form(want, config) == "sitecontainers":
        return _containers_use(want, seen)
    at = f"{want.id}/config/web/properties"
    use = require_field(config.acr_use_managed_identity, f"GET {want.id}/config/web", "acrUseManagedIdentityCreds")
    client = _client(want, seen) if want.identity is not None else None
    evidence = (
        Evidence(f"{at}/acrUseManagedIdentityCreds", True, use),
        Evidence(f"{at}/acrUserManagedIdentityID", client, config.acr_user_managed_identity),
    )
    if use and (config.acr_user_managed_identity or "").casefold() == (client or "").casefold():
        return Pass(evidence)
    return Fail(
        evidence,
        f"{want.app} does not pull with "
        + (f"its {want.identity_words}, but with another one." if use else "an identity."),
        f"Configure the app to pull with its {want.identity_words}.",
        Fix(
            "Website Contributor",
            (pull_with_identity(want),),
            "Microsoft.Web/sites: properties.siteConfig.acrUseManagedIdentityCreds = true",
        ),
    )


def _containers_use(want: DesiredService, seen: Snapshot) -> Verdict:
    """How each site container whose image comes from the registry says that it is pulled."""
    containers = seen.site(want.id).containers
    login_server = require_field(
        _registry(want, seen).login_server, f"GET {want.registry.id}", "properties.loginServer"
    )
    documented = "SystemIdentity" if want.identity is None else "UserAssigned"
    ways = [
        (f"{want.id}/sitecontainers/{one.container.name}", one.container.auth)
        for one in sorted(containers.items, key=lambda one: one.container.name)
        if _is_of(login_server, one.container.image)
    ]
    wrong = [
        Evidence(f"{at}/properties/authType", documented, require_field(auth, f"GET {at}", "authType"))
        for at, auth in ways
        if auth is None or auth.casefold() != documented.casefold()
    ]
    if wrong:
        return Fail(
            tuple(wrong),
            f"A container of {want.app} does not pull with the {want.identity_words}.",
            f"Set authType to {documented} on every site container whose image comes from the registry.",
            Fix(
                "Website Contributor",
                tuple(pull_by_own_identity(want, one.at.rsplit("/", 3)[1], _client(want, seen)) for one in wrong),
                f"Microsoft.Web/sites/sitecontainers: properties.authType = {documented}",
            ),
        )
    whole(containers)
    if not ways:
        return NotApplicable("The app has no container whose image comes from the registry.")
    return Pass(tuple(Evidence(f"{at}/properties/authType", documented, auth) for at, auth in ways))


def _may(want: DesiredService, seen: Snapshot) -> Verdict:
    """Whether the identity has the right, in the registry's mode."""
    registry, site = _registry(want, seen), need(seen.site(want.id).properties)
    role = pull_role(registry)
    principal = None if site is None else principal_of(want, site)
    if principal is None:
        return Fail(
            (Evidence(want.id, "an identity that may pull", f"no {want.identity_words}"),),
            f"{want.app} has no {want.identity_words} that could pull.",
            f"Give the app its {want.identity_words}, then assign {role.name} to it.",
            switch_on(want, seen),
        )
    targets = pull_targets(want, registry)
    accesses = [access_of(seen, principal, target) for target in targets]
    refused = [access for access in accesses if access.allowed is False]
    if refused:
        documented = DocumentedGrant(
            role.guid, role.name, want.registry.id, targets, principal, want.app, want.registry.name
        )
        return _refused(want, documented, refused)
    if gaps := [gap for access in accesses if access.allowed is None for gap in access.gaps]:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    ways = sorted({g.words(want.registry.id) for access in accesses for g in access.grants if g.decided})
    return Pass(
        (
            Evidence(want.registry.id, role.name, tuple(ways)),
            Evidence(f"{want.registry.id}/properties/adminUserEnabled", "listed, not judged", registry.admin_user),
        )
    )


def _refused(want: DesiredService, documented: DocumentedGrant, refused: list[Access]) -> Fail:
    denials = sorted({denial for access in refused for denial in access.denials})
    words = f"The identity of {want.app} may not pull {want.repository} from {want.registry.name}"
    if denials:
        evidence = Evidence(want.registry.id, documented.role_name, tuple(f"denied by {one}" for one in denials))
        return Fail((evidence,), f"{words}: denied by {denials[0]}.", LIFT, lift(denials))
    evidence = Evidence(want.registry.id, documented.role_name, NO_GRANT)
    assign = f"Assign {documented.role_name} to the identity on the registry."
    return Fail((evidence,), f"{words}.", assign, grant_fix(documented))


def _accepts(want: DesiredService, seen: Snapshot) -> Verdict:
    """Whether the registry takes tokens made for Azure Resource Manager, which is what App Service sends."""
    at = f"{want.registry.id}/properties/policies/azureADAuthenticationAsArmPolicy/status"
    status = require_field(
        _registry(want, seen).arm_tokens, f"GET {want.registry.id}", "azureADAuthenticationAsArmPolicy"
    )
    evidence = (Evidence(at, "enabled", status),)
    if status.casefold() == "enabled":
        return Pass(evidence)
    return Fail(
        evidence,
        f"{want.registry.name} refuses the tokens with which App Service pulls.",
        "Enable authentication with Azure Resource Manager tokens on the registry.",
        Fix(
            "Contributor on the registry",
            (
                az(
                    "acr config authentication-as-arm update",
                    registry=want.registry.name,
                    status="enabled",
                    subscription=subscription_of(want.registry.id),
                ),
            ),
            "Microsoft.ContainerRegistry/registries: properties.policies.azureADAuthenticationAsArmPolicy.status",
        ),
    )


def _keeps_nothing(want: DesiredService, seen: Snapshot) -> Verdict:
    """Whether registry credentials are left."""
    site = seen.site(want.id)
    settings = present(site.settings, f"POST {want.id}/config/appsettings/list")
    names = sorted(one.name for one in settings if one.name.casefold() in _LEFT_OVER and _has_value(one.value))
    at = f"{want.id}/config/appsettings"
    found = [Evidence(f"{at}/{name}", "absent", "present") for name in names]
    logins: list[str] = []
    if _form(want, _config(want, seen)) == "sitecontainers":
        logins = sorted(
            one.container.name
            for one in site.containers.items
            if one.user_name or (one.secret is not None and _has_value(one.secret))
        )
        found += [
            Evidence(f"{want.id}/sitecontainers/{name}", "no user name or password", "present") for name in logins
        ]
        if not found:
            whole(site.containers)
    if not found:
        return Pass((Evidence(at, "no registry credentials", "none"),))
    return Fail(
        tuple(found),
        f"Registry credentials are left at {want.app}: {', '.join(one.at.rsplit('/', 1)[-1] for one in found)}.",
        "Remove the registry credentials once the identity pulls; rotate what they open.",
        Fix(
            "Website Contributor",
            tuple(
                az(
                    "webapp config appsettings delete",
                    name=want.app,
                    resource_group=want.resource_group,
                    setting_names=name,
                )
                for name in names
            )
            + tuple(pull_by_own_identity(want, name, _client(want, seen)) for name in logins),
            "Microsoft.Web/sites: properties.siteConfig.appSettings"
            if names
            else "Microsoft.Web/sites/sitecontainers: properties.userName, passwordSecret",
        ),
    )


def _is_of(login_server: str, reference: str) -> bool:
    """Whether an image comes from the registry; one that cannot be read may."""
    image = parse(reference)
    return image is None or is_host_of(login_server, image.host)


def _has_value(value: SettingValue) -> bool:
    return not (isinstance(value, LiteralValue) and value.value.empty)
