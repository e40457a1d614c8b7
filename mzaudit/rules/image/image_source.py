"""IMG-002: the image comes from the shared registry and the service's own repository."""

from mzaudit.engine import Aspect, Evidence, Fail, Fix, Pass, Severity, Verdict, every, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service_with_image
from mzaudit.engine.verdict import NotApplicable
from mzaudit.facts.app_images import AppContainers, containers_of, deploy, sidecar_of
from mzaudit.facts.existing import present, require_field
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Unobserved
from mzaudit.snapshot.text.ids import subscription_of
from mzaudit.snapshot.text.image_reference import DOCKER_HUB, Image, is_host_of, parse
from mzaudit.snapshot.web import Container


@rule(
    "IMG-002",
    title="The image comes from the shared registry",
    severity=Severity.HIGH,
    over=each_service_with_image,
    bears_on=Aspect.IMAGE,
    guards=(Demand.CONTAINERS, Demand.REGISTRY),
    requires=("APP-001", "IMG-001"),
    explained_by=("APP-002",),
)
def image_source(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The host of every container's image is the registry's login server as Azure reports it, in any case and with or
    without `:443`, or one of the registry's regional hosts (`NAME.REGION.geo.azurecr.io`). A registry of the same name
    in another cloud is another registry. The main container's repository is the service's own. Side-cars may come from
    any repository of that registry; one that the policy documents (`sidecars`, by container name) has the documented
    host and repository, and tag and digest where they are given. A documented side-car that the app does not run is no
    failure; the evidence shows it.

    All forms are read: `DOCKER|…`, `COMPOSE|…` and site containers. An image without a host comes from Docker Hub. In a
    compose file the main container is the only one, or the first from the service's repository; without one the rule
    fails. A compose file that cannot be read is inconclusive.

    ## Why it matters
    An image from elsewhere was built and scanned by somebody else, and can be replaced by them.

    ## Remediation
    Push the image to the shared registry and point the app at it.

    ## References
    - https://learn.microsoft.com/azure/app-service/configure-custom-container
    - https://learn.microsoft.com/azure/container-registry/container-registry-best-practices
    """
    registry = present(seen.registry(want.registry.id).properties, f"GET {want.registry.id}")
    containers = containers_of(want, seen.site(want.id))

    def own(_: AppContainers) -> Verdict:
        return _own(want, seen, containers)

    def comes(container: Container) -> Verdict:
        host = require_field(registry.login_server, f"GET {want.registry.id}", "properties.loginServer")
        return _comes(want, seen, host, containers, container)

    def all_come(_: AppContainers) -> Verdict:
        listing = containers.listing
        return every(listing.items, comes, empty="The app runs no container.", missing=listing.gap)

    def left_out(_: AppContainers) -> Verdict:
        return _left_out(want, containers)

    return every((own, all_come, left_out), lambda check: check(containers), empty="The app runs no container.")


def _own(want: DesiredService, seen: Snapshot, containers: AppContainers) -> Verdict:
    if containers.main is not None:
        return NotApplicable("The main container is judged with the others.")
    if containers.listing.gap is not None:
        raise Unobserved(containers.listing.gap)
    images = tuple(container.image for container in containers.listing.items)
    return Fail(
        (Evidence(containers.at, f"an image of {want.repository}", images or "none"),),
        f"No container of {want.app} runs an image of {want.repository}.",
        f"Deploy to {want.app} an image of {want.repository}.",
        deploy(want, seen, containers.form),
    )


def _comes(
    want: DesiredService, seen: Snapshot, login_server: str, containers: AppContainers, container: Container
) -> Verdict:
    main = container == containers.main
    documented = None if main else sidecar_of(want, container)
    if documented is not None:
        return _as_documented(want, containers, container, documented)
    host = login_server.casefold()
    expected = f"{host}/{want.repository}" if main else f"{host}/…"
    evidence = (Evidence(containers.at, expected, container.image, f"container {container.name}"),)
    image = parse(container.image)
    if image is None:
        wrong = "is not an image reference"
    elif not is_host_of(host, image.host):
        wrong = "comes from Docker Hub" if image.host == DOCKER_HUB else f"comes from {image.host}"
        wrong += f", not from {host}"
    elif main and image.repository != want.repository:
        wrong = f"comes from the repository {image.repository}, not from {want.repository}"
    else:
        return Pass(evidence)
    note = f"The image of the container {container.name} of {want.app} {wrong}."
    if not main:
        named = f"services.{want.key}.sidecars.{container.name}.image"
        return Fail(
            evidence,
            note,
            f"Document the side-car in the policy ({named}), or import its image into {host} and run it from there.",
            Fix(
                "Container Registry Data Importer and Data Reader on the registry",
                (
                    az(
                        "acr import",
                        name=want.registry.name,
                        source=container.image if image is not None else "IMAGE",
                        subscription=subscription_of(want.registry.id),
                    ),
                ),
                "Microsoft.Web/sites/sitecontainers: properties.image",
            ),
        )
    return Fail(
        evidence,
        note,
        f"Push the image to {host} and deploy it to {want.app} from there.",
        deploy(want, seen, containers.form),
    )


def _left_out(want: DesiredService, containers: AppContainers) -> Verdict:
    """What the policy lets the app run and it does not: told, and no failure."""
    names = {container.name.casefold() for container in containers.listing.items}
    absent = {name: image for name, image in want.sidecars.items() if name.casefold() not in names}
    if containers.listing.gap is not None or not absent:
        return NotApplicable("Every documented side-car was judged with the others.")
    return Pass(
        tuple(
            Evidence(containers.at, image, "absent", f"side-car {name}, which may be left out")
            for name, image in absent.items()
        )
    )


def _as_documented(want: DesiredService, containers: AppContainers, container: Container, documented: Image) -> Verdict:
    expected = next(each for name, each in want.sidecars.items() if name.casefold() == container.name.casefold())
    evidence = (Evidence(containers.at, expected, container.image, f"container {container.name}"),)
    image = parse(container.image)
    if (
        image is not None
        and (image.host, image.repository) == (documented.host, documented.repository)
        and documented.tag in (None, image.tag)
        and documented.digest in (None, image.digest)
    ):
        return Pass(evidence)
    return Fail(
        evidence,
        f"The side-car {container.name} of {want.app} does not run the documented image {expected}.",
        "Deploy the documented image to the sidecar, or correct the policy.",
        Fix(
            "Website Contributor",
            (
                az(
                    "webapp sitecontainers update",
                    name=want.app,
                    resource_group=want.resource_group,
                    container_name=container.name,
                    image=expected,
                ),
            ),
            "Microsoft.Web/sites/sitecontainers: properties.image",
        ),
    )
