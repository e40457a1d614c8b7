"""IMG-003: the image's tag is a git commit."""

from mzaudit.engine import Aspect, Evidence, Fail, Pass, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service_with_image
from mzaudit.facts.app_images import deploy, is_commit, is_short_commit, main_image
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot


@rule(
    "IMG-003",
    title="The image's tag is a commit",
    severity=Severity.HIGH,
    over=each_service_with_image,
    bears_on=Aspect.IMAGE,
    guards=(Demand.TAGS,),
    requires=("APP-001",),
    explained_by=("APP-002",),
)
def tag_is_commit(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The tag of the main container's image is 40 lower-case hexadecimal digits, with or without a digest behind it.
    Failing weakly (low): 7 to 39 such digits, which may be a shortened commit or a build number; a digest without a
    tag, which pins the image and does not say which commit it is. Failing: `latest`, no tag (which means `latest`),
    any other word, digits in capitals. Side-cars are not asked.

    ## Why it matters
    Only a commit says what code runs. A tag such as `latest` moves: two instances of one app may run different code,
    and there is nothing to roll back to.

    ## Remediation
    Deploy the image by the full commit that it was built from.

    ## References
    - https://learn.microsoft.com/azure/container-registry/container-registry-image-tag-version
    """
    main = main_image(want, seen)
    if isinstance(main, Fail):
        return main
    tag, digest = main.image.tag, main.image.digest
    evidence = (Evidence(main.at, "a tag of 40 hexadecimal digits", main.text),)
    severity = None
    if tag is not None and is_commit(tag):
        return Pass(evidence)
    if tag is not None and is_short_commit(tag):
        severity = Severity.LOW
        wrong = f"the tag {tag}, which may be a shortened commit or a build number"
    elif tag is not None:
        wrong = f"the tag {tag}, which is no commit"
    elif digest is not None:
        severity = Severity.LOW
        wrong = "a digest without a tag, which does not say the commit"
    else:
        wrong = "no tag, which means latest"
    return Fail(
        evidence,
        f"The image of {want.app} has {wrong}.",
        "Deploy the image by the full commit that it was built from.",
        deploy(want, seen, main.form),
        severity,
    )
