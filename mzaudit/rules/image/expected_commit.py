"""IMG-006: the app runs the commit that this run expects."""

from mzaudit.engine import Aspect, Evidence, Fail, NotApplicable, Pass, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service_with_image
from mzaudit.facts.app_images import deploy, is_short_commit, main_image
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot


@rule(
    "IMG-006",
    title="The expected commit is deployed",
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
    The tag of the main container's image is the commit given with `--expect-image SERVICE=SHA`. A shortened tag (7 to
    39 hexadecimal digits) that the commit begins with is accepted here; IMG-003 speaks of it. An image by digest alone
    does not say its commit and fails. Not applicable to a service for which no commit was given.

    ## Why it matters
    After a deployment, this tells whether it reached the app.

    ## Remediation
    Deploy the expected commit.

    ## References
    - https://learn.microsoft.com/azure/app-service/deploy-ci-cd-custom-container
    """
    if want.expected_commit is None:
        return NotApplicable("No commit was given: --expect-image SERVICE=SHA.")
    main = main_image(want, seen)
    if isinstance(main, Fail):
        return main
    tag = main.image.tag
    evidence = (Evidence(main.at, want.expected_commit, tag),)
    if tag == want.expected_commit:
        return Pass(evidence)
    if tag is not None and is_short_commit(tag) and want.expected_commit.startswith(tag):
        return Pass(evidence, f"The tag {tag} is the expected commit, shortened.")
    return Fail(
        evidence,
        f"{want.app} runs {tag or 'no tag'}, not the expected commit {want.expected_commit}.",
        "Deploy the expected commit.",
        deploy(want, seen, main.form, want.expected_commit),
    )
