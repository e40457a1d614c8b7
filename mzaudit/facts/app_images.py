"""The images that an app runs: containers found in every form that App Service has."""

from __future__ import annotations

from dataclasses import dataclass

from mzaudit.engine.az_cli import az
from mzaudit.engine.verdict import Evidence, Fail, Fix
from mzaudit.facts.existing import present, require_field
from mzaudit.facts.image_tags import COMMIT
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Unobserved
from mzaudit.snapshot.text.image_reference import Image, parse
from mzaudit.snapshot.web import Container, Site


def sidecar_of(want: DesiredService, container: Container) -> Image | None:
    """The image that the policy documents for a side-car of that name."""
    text = next((each for name, each in want.sidecars.items() if name.casefold() == container.name.casefold()), None)
    return None if text is None else parse(text)


@dataclass(frozen=True, slots=True)
class AppContainers:
    """An app's containers: `form` is the runtime's, `main` the one that serves requests (`None` if none can be told
    to), `listing` all of them; `at` is where they are configured."""

    form: str
    main: Container | None
    listing: Listing[Container]
    at: str


def containers_of(want: DesiredService, site: Site) -> AppContainers:
    """The containers that an app is configured to run; none where it runs a stack or nothing.

    A compose file marks no container as main: it is the only one, or the first from the service's own repository.
    """
    call = f"GET {want.id}/config/web"
    runtime = require_field(present(site.config, call).runtime, call, "properties.linuxFxVersion")
    at = f"{want.id}/config/web/properties/linuxFxVersion"
    match runtime.form:
        case "docker":
            main = next((c for c in runtime.containers if c.main), None)
            return AppContainers(runtime.form, main, Listing(runtime.containers), at)
        case "compose":
            if runtime.problem:
                raise Unobserved(Gap(GapReason.MALFORMED, call, detail=f"the compose file: {runtime.problem}"))
            return AppContainers(runtime.form, _composed(want, runtime.containers), Listing(runtime.containers), at)
        case "sitecontainers":
            listing = Listing(tuple(item.container for item in site.containers.items), site.containers.gap)
            main = next((c for c in listing.items if c.main), None)
            return AppContainers(runtime.form, main, listing, f"{want.id}/sitecontainers")
        case _:
            return AppContainers(runtime.form, None, Listing(), at)


def _composed(want: DesiredService, containers: tuple[Container, ...]) -> Container | None:
    if len(containers) == 1:
        return containers[0]
    for container in containers:
        image = parse(container.image)
        if image is not None and image.repository == want.repository:
            return container
    return None


@dataclass(frozen=True, slots=True)
class MainImage:
    """The image of an app's main container, as configured in `text`, in the runtime's form, at `at`."""

    image: Image
    text: str
    form: str
    at: str


def main_image(want: DesiredService, seen: Snapshot) -> MainImage | Fail:
    """The main container's image, or the failure that there is none to judge; inconclusive where not all of the
    app's containers were seen."""
    containers = containers_of(want, seen.site(want.id))
    if containers.listing.gap is not None:
        raise Unobserved(containers.listing.gap)
    if containers.main is None:
        return Fail(
            (Evidence(containers.at, "a container image", containers.form or "nothing"),),
            f"{want.app} runs no container that is identifiable as the main one, so no image can be judged.",
            f"Deploy to {want.app} an image of {want.repository}.",
            deploy(want, seen, containers.form),
        )
    image = parse(containers.main.image)
    if image is None:
        return Fail(
            (Evidence(containers.at, "an image reference", containers.main.image),),
            f"{want.app} is configured with {containers.main.image}, which is not an image reference.",
            f"Deploy to {want.app} an image of {want.repository}.",
            deploy(want, seen, containers.form),
        )
    return MainImage(image, containers.main.image, containers.form, containers.at)


def pull_by_own_identity(want: DesiredService, container: str, client: str | None) -> str:
    """The command that lets a site container pull with the identity that the service acts as; `client` is the client id
    of a user-assigned one, None where it is not known."""
    where = {"name": want.app, "resource_group": want.resource_group, "container_name": container}
    if want.identity is None:
        return az("webapp sitecontainers update", **where, system_assigned_identity="true")
    return az("webapp sitecontainers update", **where, user_assigned_identity=client or "CLIENT_ID")


def deploy(want: DesiredService, seen: Snapshot, form: str, tag: str | None = None) -> Fix:
    """How to let an app run its own repository's image by a tag; without one, by what the policy documents."""
    stated = want.image
    digest = stated.digest if stated is not None and tag is None else None
    placeholder = "COMMIT" if stated is None or stated.tags == COMMIT else "TAG"
    registry = seen.registry(want.registry.id).properties
    host = None if isinstance(registry, Gap) or registry.value is None else registry.value.login_server
    image = f"{host or 'LOGIN_SERVER'}/{want.repository}" + (f"@{digest}" if digest else f":{tag or placeholder}")
    where = {"name": want.app, "resource_group": want.resource_group}
    match form:
        case "compose":
            command = az(
                "webapp config container set",
                **where,
                multicontainer_config_type="compose",
                multicontainer_config_file="COMPOSE_FILE",
            )
        case "sitecontainers":
            command = az("webapp sitecontainers update", **where, container_name="CONTAINER", image=image)
        case _:
            command = az("webapp config container set", **where, container_image_name=image)
    return Fix(
        "Website Contributor",
        (command,),
        f"Microsoft.Web/sites: properties.siteConfig.linuxFxVersion = DOCKER|{image} "
        "(azurerm_linux_web_app: site_config.application_stack.docker_image_name)",
    )


def run_documented(want: DesiredService, seen: Snapshot) -> Fix:
    """How to let an app run what the policy documents: its image, its runtime stack, or an image that the policy
    does not name."""
    if want.image is not None:
        return deploy(want, seen, "")
    where = {"name": want.app, "resource_group": want.resource_group}
    kind = "functionapp" if want.function else "webapp"
    if want.stack is not None:
        command = az(f"{kind} config set", **where, linux_fx_version=want.stack)
    elif want.function:
        command = az("functionapp config container set", **where, image="IMAGE")
    else:
        command = az("webapp config container set", **where, container_image_name="IMAGE")
    return Fix(
        "Website Contributor",
        (command,),
        f"Microsoft.Web/sites: properties.siteConfig.linuxFxVersion = {want.stack or 'DOCKER|IMAGE'}",
    )
