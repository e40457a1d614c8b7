"""What can be wrong with the image that an app runs, with how it is pulled, and with the registry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import compress

from mzaudit.drill import documented_tags, mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each, spread
from mzaudit.engine.demand import Demand
from mzaudit.facts.image_tags import ANY, COMMIT
from mzaudit.policy.desired import DesiredService
from mzaudit.policy.models import ImageSpec, RegistrySpec, SidecarSpec
from mzaudit.simulator import Estate, SimulatedManifest, canary
from mzaudit.simulator.estates.compliant import LATEST_COMMIT, commit
from mzaudit.simulator.estates.estate_plan import stable_guid


@breaks(ImageSpec, "repository")
def source(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The registry and the repository."""
    service = ground.service(steps[1])
    host = f"{service.registry.name.casefold()}.azurecr.io"
    tag = f":{commit(service.repository, LATEST_COMMIT)}"

    def runs(reference: str) -> Bend:
        return lambda estate: mutations.run_image(estate, service, reference)

    elsewhere = {
        "image from Docker Hub": runs(f"docker.io/{service.repository}{tag}"),
        "image without a registry": runs(f"{service.repository}{tag}"),
        "image from another registry": runs(f"other{host}/{service.repository}{tag}"),
        "image from another registry's host in a region": runs(
            f"other{host.replace('.', '.westeurope.geo.', 1)}/{service.repository}{tag}"
        ),
        "image from the registry of that name in another cloud": runs(
            f"{host.replace('.io', '.cn')}/{service.repository}{tag}"
        ),
        "image from a host that looks alike": runs(f"{host}.example.com/{service.repository}{tag}"),
        "image of a repository that starts alike": runs(f"{host}/{service.repository}-old{tag}"),
        "image of a repository one level down": runs(f"{host}/team/{service.repository}{tag}"),
    }
    yield from each(steps, (Demand.CONTAINERS, Demand.REGISTRY), spread(ground, service, elsewhere))
    own = (service.registry.id, service.repository)
    neighbours = [
        one for one in ground.env.services if one.image is not None and (one.registry.id, one.repository) != own
    ]
    for other in neighbours[:1]:
        theirs = (
            f"{other.registry.name.casefold()}.azurecr.io/{other.repository}:{commit(other.repository, LATEST_COMMIT)}"
        )
        yield from each(steps, (Demand.CONTAINERS, Demand.REGISTRY), {f"image of {other.key}": runs(theirs)})


@breaks(ImageSpec, "repository")
def tag(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The tag is of the documented style, is in the registry, and is the newest."""
    service = ground.service(steps[1])
    if service.image is None or service.digest is not None:
        return
    latest, older_tag, next_tag = (documented_tags.tag(service.image, LATEST_COMMIT + step) for step in (0, -1, 1))

    def tagged(text: str) -> Bend:
        def mutate(estate: Estate) -> None:
            # the registry holds what runs, so that nothing but the form of the tag is wrong
            newest = estate.images[service.repository][latest]
            if text.startswith(":"):
                estate.images[service.repository][text[1:]] = newest
            mutations.run_image(estate, service, mutations.image(service, text))

        return mutate

    def deleted(estate: Estate) -> None:
        del estate.images[service.repository][mutations.running(estate, service)]

    def outrun(estate: Estate) -> None:
        moment = estate.midnight - timedelta(hours=1)
        newer = SimulatedManifest("sha256:" + "5c" * 32, moment.strftime("%Y-%m-%dT%H:%M:%S.1234567Z"))
        estate.images[service.repository][next_tag] = newer

    def moved(estate: Estate) -> None:
        built = estate.images[service.repository][latest]
        mutations.run_image(estate, service, mutations.image(service, f":{latest}@{built.platforms[0]}"))
        again = SimulatedManifest("sha256:" + "5d" * 32, built.pushed, ("sha256:" + "5e" * 32,))
        estate.images[service.repository][latest] = again

    forms = {"tag latest": ":latest", "a branch as tag": ":main", "no tag": ""}
    commits = {
        "tag latest": ":latest",
        "a branch as tag": ":main",
        "a version as tag": ":1.4.2",
        "no tag": "",
        "a short commit as tag": f":{latest[:7]}",
        "a commit less one digit as tag": f":{latest[:39]}",
        "a commit and one digit more as tag": f":{latest}0",
        "forty letters that are no commit as tag": f":g{latest[1:]}",
        "a prefix before the commit": f":sha-{latest}",
    }
    if service.tags != ANY:
        told = {what: tagged(text) for what, text in (commits if service.tags == COMMIT else forms).items()}
        yield from each(steps, (Demand.TAGS,), spread(ground, service, told))
    yield from each(
        steps,
        (Demand.TAGS,),
        {
            "running tag deleted from the registry": deleted,
            "running tag moved to another build": moved,
            "every tag deleted from the registry": lambda estate: estate.images[service.repository].clear(),
        },
    )
    older = mutations.image(service, f":{older_tag}")
    if service.tags != ANY:
        yield from each(
            steps,
            (Demand.LATEST,),
            {
                "an older commit runs": lambda estate: mutations.run_image(estate, service, older),
                "a newer commit was pushed and not rolled out": outrun,
            },
        )
    yield from each(steps, (Demand.TAGS,), {"repository deleted": lambda estate: estate.images.pop(service.repository)})


@breaks(ImageSpec, "repository")
def pull(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Pulled with the identity, and with nothing else."""
    service = ground.service(steps[1])

    def by_password(estate: Estate) -> None:
        mutations.config(estate, service)["acrUseManagedIdentityCreds"] = False
        _leave_login(estate, service)

    def role_away(estate: Estate) -> None:
        # every role there: whoever shares the identity may have one that pulls as well, such as Reader
        oid, registry = mutations.principal(estate, service), service.registry.id.casefold()
        held = [one["properties"] for one in estate.role_assignments]
        kept = [one["principalId"] != oid or str(one["scope"]).casefold() != registry for one in held]
        estate.role_assignments[:] = compress(estate.role_assignments, kept)

    def other_registry(estate: Estate) -> None:
        role_away(estate)
        estate.assign(mutations.principal(estate, service), "AcrPull", f"{service.registry.id}2")

    yield from each(
        steps,
        (Demand.CONTAINERS, Demand.NO_CREDENTIALS),
        {
            "pulled by the registry's admin password": by_password,
            "registry password left in the settings": lambda estate: _leave_login(estate, service),
            "identity not used for pulling": lambda estate: mutations.config(estate, service).update(
                acrUseManagedIdentityCreds=False
            ),
            "pull role taken away": role_away,
            "pull role on another registry": other_registry,
        },
    )


def _leave_login(estate: Estate, service: DesiredService) -> None:
    mutations.settings(estate, service).update(
        DOCKER_REGISTRY_SERVER_URL=f"https://{service.registry.name}.azurecr.io",
        DOCKER_REGISTRY_SERVER_USERNAME=service.registry.name,
        DOCKER_REGISTRY_SERVER_PASSWORD=canary("registry"),
    )


@breaks(ImageSpec, "repository")
def site_containers(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The same of an app made of site containers: the images of all of them, and how each is pulled."""
    service = ground.service(steps[1])

    def main(**changes: object) -> Bend:
        return lambda estate: mutations.contain(estate, service)["main"].update(changes)

    def with_password(estate: Estate) -> None:
        told = {"authType": "UserCredentials", "userName": "pull", "passwordSecret": canary("registry")}
        mutations.contain(estate, service)["main"].update(told)

    sourced = {
        "site container from Docker Hub": main(image=f"docker.io/{service.repository}:1"),
        "side-car from Docker Hub": lambda estate: mutations.contain(
            estate, service, helper="docker.io/library/redis:7"
        ),
    }
    yield from each(steps, (Demand.CONTAINERS, Demand.REGISTRY), spread(ground, service, sourced))
    tagged = {"site container by the tag latest": main(image=mutations.image(service, ":latest"))}
    if service.tags != ANY or service.digest is not None:
        yield from each(steps, (Demand.TAGS,), spread(ground, service, tagged))
    pulled = {
        "site container pulled with a password": with_password,
        "site container pulled by nobody": main(authType="Anonymous"),
    }
    yield from each(steps, (Demand.CONTAINERS, Demand.NO_CREDENTIALS), spread(ground, service, pulled))
    stranger = stable_guid("another client", service.id)
    by_another = main(authType="UserAssigned", userManagedIdentityClientId=stranger)
    other = {"site container pulled by another identity": by_another}
    yield from each(steps, (Demand.IDENTITY,), spread(ground, service, other))


@breaks(ImageSpec, "digest")
def digest(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The one image that the policy names runs."""
    service = ground.service(steps[1])
    if service.image is not None and service.digest is not None:
        other = mutations.image(service, f"@sha256:{'7e' * 32}")
        tagged = mutations.image(service, f":{documented_tags.tag(service.image, LATEST_COMMIT)}")
        forms: dict[str, Bend] = {
            "another digest": lambda estate: mutations.run_image(estate, service, other),
            "a tag for the digest": lambda estate: mutations.run_image(estate, service, tagged),
        }
        yield from each(steps, (Demand.TAGS,), forms)


@breaks(SidecarSpec, "image")
def sidecar(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A documented side-car runs another image than the documented one."""
    service, name = ground.service(steps[1]), str(steps[3])
    host, _, path = service.sidecars[name].partition("/")
    elsewhere = {"another repository": f"{host}/x{path}", "another registry": f"other{host}/{path}"}

    def runs(reference: str) -> Bend:
        return lambda estate: mutations.contain(estate, service, **{name: reference})

    yield from each(
        steps,
        (Demand.CONTAINERS, Demand.REGISTRY),
        {f"side-car from {what}": runs(image) for what, image in elsewhere.items()},
    )


@breaks(RegistrySpec, "name")
def registry(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The shared registry is there, and lets identities pull."""
    wanted = next(one for one in ground.env.registries if one.key == steps[1])

    def no_tokens(estate: Estate) -> None:
        policies = estate.resource(wanted.id)["properties"]["policies"]
        policies["azureADAuthenticationAsArmPolicy"] = {"status": "disabled"}

    def attributes_decide(estate: Estate) -> None:
        estate.resource(wanted.id)["properties"]["roleAssignmentMode"] = "AbacRepositoryPermissions"

    def elsewhere(estate: Estate) -> None:
        body = estate.resource(wanted.id)
        estate.remove(wanted.id)
        group = wanted.id.partition("/providers/")[0]
        body["id"] = wanted.id.replace(group, f"{group}-moved")
        estate.add(body)

    yield from each(
        steps,
        (Demand.REGISTRY,),
        {"registry deleted": lambda estate: estate.remove(wanted.id), "registry in another group": elsewhere},
    )
    if all(one.image is None or one.image.registry.key != wanted.key for one in ground.env.services):
        return  # nobody pulls from it
    yield from each(
        steps,
        (Demand.CONTAINERS,),
        {
            "registry takes no Resource Manager tokens": no_tokens,
            "registry decides by repository, roles for the registry only": attributes_decide,
        },
    )
