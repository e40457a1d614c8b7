"""IMG-005: the app runs the newest image that is tagged as documented."""

from datetime import datetime

from mzaudit.engine import Aspect, Evidence, Fail, NotApplicable, Pass, Severity, Verdict, find, rule, whole
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service_with_image
from mzaudit.facts.app_images import MainImage, deploy, main_image
from mzaudit.facts.existing import require_field
from mzaudit.facts.image_tags import (
    ANY,
    COMMIT,
    SEMVER,
    Precedence,
    is_of,
    is_release,
    is_short_commit,
    precedence,
    words,
)
from mzaudit.policy.desired import DesiredService
from mzaudit.rules.image._pushed_tags import foreign, points_at, tags_of
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Unobserved
from mzaudit.snapshot.registry import Tag
from mzaudit.snapshot.text.image_reference import Image


@rule(
    "IMG-005",
    title="The newest image is deployed",
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
    Of all tags of the service's repository that are of the documented style (`image.tags`; commits, by default), none
    was pushed later than the one that the app runs, unless it points at the same image. Where the style is commits and
    the app runs a shortened one, shortened ones count too. Semantic versions are compared as such, not by time: no
    release is higher, and no pre-release either where the app runs one.

    An image by digest is compared by its digest; one platform's image of an index is compared by that index where it is
    written with a tag that points there. A digest at which no tag of that style is known to point is inconclusive,
    because it may be one platform's. The tag `latest` is a tag like any other. Not applicable where the policy allows
    any tag, or names the one image that runs (`image.digest`).

    ## Why it matters
    A build that was pushed and not deployed is a release that stopped half-way, or a rollback that nobody recorded.

    ## Remediation
    Deploy the newest image, or waive the finding until the next release if the older image is intended.

    ## References
    - https://learn.microsoft.com/azure/container-registry/container-registry-image-tag-version
    - https://learn.microsoft.com/azure/app-service/deploy-ci-cd-custom-container
    """
    if want.digest is not None:
        return NotApplicable(f"The policy names the one image that {want.app} runs.")
    if want.tags == ANY:
        return NotApplicable(f"The policy allows {want.app} any tag, so that none is the newest.")
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
    tag, digest, style = main.image.tag, main.image.digest, want.tags
    short = style == COMMIT and tag is not None and is_short_commit(tag)
    if digest is None and (tag is None or not (is_of(style, tag) or short)):
        return _fail(want, seen, main, Evidence(main.at, words(style), main.text), f"its tag is not a {_noun(style)}")
    running = _running(want, seen, main.image, tags)
    if not running and digest is not None and any(is_of(style, item.name) for item in tags.items):
        detail = (
            f"no {_noun(style)}'s tag is known to point at the digest, "
            "which may be one platform's image of a tag's index"
        )
        raise Unobserved(Gap(GapReason.UNDECIDED, f"GET {at}", at, detail=detail))
    if not running:
        return _fail(want, seen, main, Evidence(at, main.text, "absent"), "no tag of the registry points at it")
    same = {item.digest for item in running} - {None}
    beside = [
        item
        for item in tags.items
        if (is_of(style, item.name) or (short and is_short_commit(item.name))) and item.digest not in same
    ]
    if style == SEMVER:
        return _by_version(want, seen, main, tags, running, beside)
    since = max(_pushed(want, item) for item in running)
    newer = [item for item in beside if _pushed(want, item) > since]
    if newer:
        newest = max(newer, key=lambda item: (_pushed(want, item), item.name))
        return _newer(want, seen, main, (*running, *newer), newest, "was pushed later")
    whole(tags)
    return Pass((Evidence(at, "nothing pushed later", main.text, f"pushed {since:%Y-%m-%d}"),))


def _by_version(
    want: DesiredService,
    seen: Snapshot,
    main: MainImage,
    tags: Listing[Tag],
    running: tuple[Tag, ...],
    beside: list[Tag],
) -> Verdict:
    """Of semantic versions none is higher: of releases, where the app runs one."""
    own = max(running, key=lambda item: _version(item.name))
    release = is_release(own.name)
    higher = [
        item for item in beside if _version(item.name) > _version(own.name) and (is_release(item.name) or not release)
    ]
    if higher:
        newest = max(higher, key=lambda item: _version(item.name))
        return _newer(want, seen, main, (*running, *higher), newest, "is a higher version")
    whole(tags)
    at = f"{want.registry.id}/repositories/{want.repository}/tags"
    return Pass((Evidence(at, "no higher version", main.text),))


def _version(tag: str) -> Precedence:
    return precedence(tag) or ((), ())


def _newer(want: DesiredService, seen: Snapshot, main: MainImage, told: tuple[Tag, ...], newest: Tag, how: str) -> Fail:
    for item in told:
        require_field(item.digest, _call(want), f"at what {item.name} points")
    at = f"{want.registry.id}/repositories/{want.repository}/tags"
    evidence = Evidence(
        at, newest.name, main.image.tag or main.image.digest, f"pushed {_pushed(want, newest):%Y-%m-%d}"
    )
    return _fail(want, seen, main, evidence, f"{newest.name} {how}", newest.name)


def _running(want: DesiredService, seen: Snapshot, image: Image, tags: Listing[Tag]) -> tuple[Tag, ...]:
    """The tag's entry; where the image has a digest, that is what is pulled: every tag of the style that points at it,
    or at the index behind the image's own tag, of which it is one platform's."""
    named = find(tags, lambda item: item.name == image.tag)
    if image.digest is None:
        return () if named is None else (named,)
    same = tuple(item for item in whole(tags) if item.digest == image.digest and is_of(want.tags, item.name))
    if same or named is None or not points_at(want, seen, named, image.digest):
        return same
    return tuple(item for item in whole(tags) if item.digest == named.digest and is_of(want.tags, item.name))


def _noun(style: str) -> str:
    return words(style).partition(" ")[2]


def _pushed(want: DesiredService, tag: Tag) -> datetime:
    return require_field(tag.pushed, _call(want), f"when {tag.name} was pushed")


def _call(want: DesiredService) -> str:
    return f"GET tags of {want.repository} in {want.registry.name}"


def _fail(
    want: DesiredService, seen: Snapshot, main: MainImage, evidence: Evidence, why: str, tag: str | None = None
) -> Fail:
    newest = "commit that was pushed last" if want.tags == COMMIT else "newest image"
    return Fail(
        (evidence,),
        f"{want.app} does not run the {newest}: {why}.",
        f"Deploy the {newest}.",
        deploy(want, seen, main.form, tag),
    )
