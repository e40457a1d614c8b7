"""IMG-003: the image is tagged as the policy says."""

from mzaudit.engine import Aspect, Evidence, Fail, NotApplicable, Pass, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service_with_image
from mzaudit.facts.app_images import MainImage, deploy, main_image
from mzaudit.facts.image_tags import ANY, COMMIT, is_of, is_short_commit, words
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot


@rule(
    "IMG-003",
    title="The image is tagged as documented",
    severity=Severity.HIGH,
    over=each_service_with_image,
    bears_on=Aspect.IMAGE,
    guards=(Demand.TAGS,),
    requires=("APP-001",),
    explained_by=("APP-002",),
)
def tag_style(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The tag of the main container's image is of the documented style (`image.tags`), with or without a digest behind it:

    * `commit`, the default: 40 lower-case hexadecimal digits. Low severity: 7 to 39 such digits, which may be a
      shortened commit or a build number.
    * `semver`: a semantic version such as `1.4.2`, `v1.4.2` or `2.0.0-rc.1`.
    * a pattern such as `release-*`.

    A digest without a tag fails with low severity: it pins the image but does not say the version. Everything else
    fails: `latest` unless the style allows it, no tag (which means `latest`), any other word. Where the policy names
    the one image (`image.digest`), the app runs that digest, whatever the tag. Not applicable where it allows `any`
    tag. Side-cars are not checked.

    ## Why it matters
    The tag says what code runs. A tag such as `latest` moves: two instances of one app may run different code, and
    there is nothing to roll back to.

    ## Remediation
    Deploy the image by a tag of the documented style.

    ## References
    - https://learn.microsoft.com/azure/container-registry/container-registry-image-tag-version
    - https://semver.org
    """
    if want.digest is None and want.tags == ANY:
        return NotApplicable(f"The policy allows {want.app} any tag.")
    main = main_image(want, seen)
    if isinstance(main, Fail):
        return main
    if want.digest is not None:
        return _pinned(want, seen, main, want.digest)
    tag, digest, style = main.image.tag, main.image.digest, want.tags
    evidence = (Evidence(main.at, words(style), main.text),)
    severity = None
    if tag is not None and is_of(style, tag):
        return Pass(evidence)
    if tag is not None and style == COMMIT and is_short_commit(tag):
        severity = Severity.LOW
        wrong = f"the tag {tag}, which may be a shortened commit or a build number"
    elif tag is not None:
        wrong = f"the tag {tag}, which is {words(style).replace('a ', 'no ', 1)}"
    elif digest is not None:
        severity = Severity.LOW
        wrong = f"a digest without a tag, which does not say the {'commit' if style == COMMIT else 'version'}"
    else:
        wrong = "no tag, which means latest"
    by = "the full commit that it was built from" if style == COMMIT else words(style)
    return Fail(
        evidence,
        f"The image of {want.app} has {wrong}.",
        f"Deploy the image by {by}.",
        deploy(want, seen, main.form),
        severity,
    )


def _pinned(want: DesiredService, seen: Snapshot, main: MainImage, documented: str) -> Verdict:
    evidence = (Evidence(main.at, documented, main.text),)
    if main.image.digest == documented:
        return Pass(evidence)
    return Fail(
        evidence,
        f"{want.app} does not run the documented image {documented}.",
        "Deploy the image by its digest, or correct the policy.",
        deploy(want, seen, main.form),
    )
