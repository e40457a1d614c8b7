"""IMG-005: the app runs the most recently pushed commit."""

from datetime import datetime

from mzaudit.engine import Aspect, Evidence, Fail, Pass, Severity, Verdict, find, rule, whole
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service_with_image
from mzaudit.facts.app_images import MainImage, deploy, is_commit, is_short_commit, main_image
from mzaudit.facts.existing import require_field
from mzaudit.policy.desired import DesiredService
from mzaudit.rules.image._pushed_tags import foreign, points_at, tags_of
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Unobserved
from mzaudit.snapshot.registry import Tag
from mzaudit.snapshot.text.image_reference import Image


@rule(
    "IMG-005",
    title="The latest commit is deployed",
    severity=Severity.MEDIUM,
    over=each_service_with_image,
    bears_on=Aspect.IMAGE,
    guards=(Demand.LATEST,),
    requires=("APP-001", "IMG-001"),
    explained_by=("APP-002", "IMG-002", "IMG-003", "IMG-004"),
)
def latest_deployed(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Of all tags of the service's repository that are commits (40 hexadecimal digits; also shortened ones if the app
    runs a shortened one), none was pushed later than the one that the app runs, unless it points at the same image. An
    image by digest is compared by its digest; one platform's image of an index is compared by that index where it is
    written with a tag that points there. A digest at which no commit's tag is known to point is inconclusive, because
    it may be one platform's. The tag named `latest` is a tag like any other and says nothing about what is latest.

    ## Why it matters
    A build that was pushed and not deployed is a release that stopped half-way, or a roll-back that nobody wrote down.

    ## Remediation
    Deploy the commit that was pushed last, or waive this until the next release if the older one is meant.

    ## References
    - https://learn.microsoft.com/azure/container-registry/container-registry-image-tag-version
    - https://learn.microsoft.com/azure/app-service/deploy-ci-cd-custom-container
    """
    main = main_image(want, seen)
    if isinstance(main, Fail):
        return main
    other = foreign(want, seen, main)
    if other is not None:
        return other
    tags = tags_of(want, seen)
    at = f"{want.registry.id}/repositories/{want.repository}/tags"
    if tags is None:
        return _fail(want, seen, main, Evidence(at, "exists", "absent"), "the registry does not know its repository")
    tag, digest = main.image.tag, main.image.digest
    if digest is None and (tag is None or not (is_commit(tag) or is_short_commit(tag))):
        return _fail(want, seen, main, Evidence(main.at, "a commit", main.text), "its tag is no commit")
    running = _running(want, seen, main.image, tags)
    if not running and digest is not None and any(is_commit(item.name) for item in tags.items):
        detail = "no commit's tag is known to point at the digest, which may be one platform's image of a tag's index"
        raise Unobserved(Gap(GapReason.UNDECIDED, f"GET {at}", at, detail=detail))
    if not running:
        return _fail(want, seen, main, Evidence(at, main.text, "absent"), "no tag of the registry points at it")
    short = tag is not None and is_short_commit(tag)
    since = max(_pushed(want, item) for item in running)
    same = {item.digest for item in running} - {None}
    newer = [
        item
        for item in tags.items
        if (is_commit(item.name) or (short and is_short_commit(item.name)))
        and item.digest not in same
        and _pushed(want, item) > since
    ]
    if newer:
        for item in (*running, *newer):
            require_field(item.digest, _call(want), f"at what {item.name} points")
        newest = max(newer, key=lambda item: (_pushed(want, item), item.name))
        return _fail(
            want,
            seen,
            main,
            Evidence(at, newest.name, tag or digest, f"pushed {_pushed(want, newest):%Y-%m-%d}"),
            f"{newest.name} was pushed later",
            newest.name,
        )
    whole(tags)
    return Pass((Evidence(at, "nothing pushed later", main.text, f"pushed {since:%Y-%m-%d}"),))


def _running(want: DesiredService, seen: Snapshot, image: Image, tags: Listing[Tag]) -> tuple[Tag, ...]:
    """The tag's entry; where the image has a digest, that is what is pulled: every commit that points at it, or at the
    index behind the image's own tag, of which it is one platform's."""
    named = find(tags, lambda item: item.name == image.tag)
    if image.digest is None:
        return () if named is None else (named,)
    same = tuple(item for item in whole(tags) if item.digest == image.digest and is_commit(item.name))
    if same or named is None or not points_at(want, seen, named, image.digest):
        return same
    return tuple(item for item in whole(tags) if item.digest == named.digest and is_commit(item.name))


def _pushed(want: DesiredService, tag: Tag) -> datetime:
    return require_field(tag.pushed, _call(want), f"when {tag.name} was pushed")


def _call(want: DesiredService) -> str:
    return f"GET tags of {want.repository} in {want.registry.name}"


def _fail(
    want: DesiredService, seen: Snapshot, main: MainImage, evidence: Evidence, why: str, commit: str = "COMMIT"
) -> Fail:
    return Fail(
        (evidence,),
        f"{want.app} does not run the commit that was pushed last: {why}.",
        "Deploy the commit that was pushed last.",
        deploy(want, seen, main.form, commit),
    )
