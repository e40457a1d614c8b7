"""IMG-006: the app runs the image that this run expects."""

from mzaudit.engine import Aspect, Evidence, Fail, NotApplicable, Pass, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service_with_image
from mzaudit.facts.app_images import deploy, main_image
from mzaudit.facts.image_tags import COMMIT, is_short_commit
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot


@rule(
    "IMG-006",
    title="The expected image is deployed",
    severity=Severity.CRITICAL,
    over=each_service_with_image,
    bears_on=Aspect.IMAGE,
    guards=(Demand.TAGS, Demand.LATEST),
    requires=("APP-001",),
    explained_by=("APP-002",),
)
def expected_commit(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The tag of the main container's image is the one given with `--expect-image SERVICE=TAG`: a commit, unless the
    policy sets another style (`image.tags`). A shortened commit (7 to 39 hexadecimal digits) that the expected one
    begins with is accepted here; IMG-003 reports it. An image by digest alone does not say its tag and fails. Not
    applicable to a service for which no tag was given.

    ## Why it matters
    After a deployment, it tells whether the new image reached the app.

    ## Remediation
    Deploy the expected image.

    ## References
    - https://learn.microsoft.com/azure/app-service/deploy-ci-cd-custom-container
    """
    if want.expected_commit is None:
        return NotApplicable("Not asked for: give --expect-image SERVICE=TAG.")
    main = main_image(want, seen)
    if isinstance(main, Fail):
        return main
    tag = main.image.tag
    evidence = (Evidence(main.at, want.expected_commit, tag),)
    if tag == want.expected_commit:
        return Pass(evidence)
    if want.tags == COMMIT and tag is not None and is_short_commit(tag) and want.expected_commit.startswith(tag):
        return Pass(evidence, f"The tag {tag} is the expected commit, shortened.")
    noun = "commit" if want.tags == COMMIT else "tag"
    return Fail(
        evidence,
        f"{want.app} runs {tag or 'no tag'}, not the expected {noun} {want.expected_commit}.",
        f"Deploy the expected {noun}.",
        deploy(want, seen, main.form, want.expected_commit),
    )
