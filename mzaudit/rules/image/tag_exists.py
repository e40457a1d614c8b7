"""IMG-004: the running tag is in the registry."""

from mzaudit.engine import Aspect, Evidence, Fail, NotApplicable, Pass, Severity, Verdict, find, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service_with_image
from mzaudit.facts.app_images import deploy, main_image
from mzaudit.policy.desired import DesiredService
from mzaudit.rules.image._pushed_tags import foreign, points_at, tags_of
from mzaudit.snapshot.estate import Snapshot


@rule(
    "IMG-004",
    title="The running tag is in the registry",
    severity=Severity.HIGH,
    over=each_service_with_image,
    bears_on=Aspect.IMAGE,
    guards=(Demand.TAGS,),
    requires=("APP-001", "IMG-001"),
    explained_by=("APP-002", "IMG-002", "IMG-003"),
)
def tag_exists(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The service's repository in the shared registry holds the tag of the main container's image; no tag means `latest`.
    Where the image is written with a tag and a digest, the tag still points at that digest: at the image itself, or at
    an index of which it is one platform's image, as the manifest behind the tag says. Absence is concluded from the
    whole list of tags. An image by digest alone has no tag to look for.

    ## Why it matters
    App Service pulls the image again on every restart and scale-out. With the tag deleted the app runs until then and
    does not start again.

    ## Remediation
    Push the tag again, or deploy a commit that the registry holds; exclude running tags from the registry's cleanup.

    ## References
    - https://learn.microsoft.com/azure/container-registry/container-registry-delete
    - https://learn.microsoft.com/azure/container-registry/container-registry-image-lock
    """
    main = main_image(want, seen)
    if isinstance(main, Fail):
        return main
    if main.image.tag is None and main.image.digest is not None:
        return NotApplicable(f"{want.app} runs its image by digest: there is no tag to look for.")
    other = foreign(want, seen, main)
    if other is not None:
        return other
    tag = main.image.tag or "latest"
    at = f"{want.registry.id}/repositories/{want.repository}"
    tags = tags_of(want, seen)
    if tags is None:
        return Fail(
            (Evidence(at, "exists", "absent"),),
            f"The registry {want.registry.name} has no repository {want.repository}, whose image {want.app} runs.",
            "Push the image again.",
            deploy(want, seen, main.form),
        )
    found = find(tags, lambda item: item.name == tag)
    if found is None:
        return Fail(
            (Evidence(f"{at}/tags/{tag}", "exists", "absent"),),
            f"The tag {tag} that {want.app} runs is not in the repository {want.repository}.",
            "Push the tag again, or deploy a commit that the registry holds.",
            deploy(want, seen, main.form),
        )
    if main.image.digest is not None and not points_at(want, seen, found, main.image.digest):
        return Fail(
            (Evidence(f"{at}/tags/{tag}", main.image.digest, found.digest),),
            f"The tag {tag} was moved: it no longer points at the digest that {want.app} runs.",
            "Deploy the commit again, and lock tags in the registry against being moved.",
            deploy(want, seen, main.form),
        )
    return Pass((Evidence(f"{at}/tags/{tag}", "exists", "exists"),))
