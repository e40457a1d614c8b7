"""Tags of a service's repository in the shared registry, and what an app's image is there."""

from __future__ import annotations

from mzaudit.engine.verdict import Evidence, Fail
from mzaudit.facts.app_images import MainImage, deploy
from mzaudit.facts.existing import present, require_field
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Unobserved, need, not_asked
from mzaudit.snapshot.registry import Tag
from mzaudit.snapshot.text.image_reference import is_host_of


def tags_of(want: DesiredService, seen: Snapshot) -> Listing[Tag] | None:
    """The tags of the service's repository; `None` if the registry does not know the repository."""
    call = f"GET tags of {want.repository} in {want.registry.name}"
    return need(seen.registry(want.registry.id).tags.get(want.repository) or not_asked(call))


def points_at(want: DesiredService, seen: Snapshot, tag: Tag, digest: str) -> bool:
    """Whether a tag points at an image: at that digest itself, or at an index of which it is one platform's.

    Inconclusive where the manifest behind the tag was not seen, or may hold an index that was not.
    """
    behind = require_field(
        tag.digest, f"GET tags of {want.repository} in {want.registry.name}", f"at what {tag.name} points"
    )
    if behind == digest:
        return True
    name = f"{want.repository}@{behind}"
    call = f"GET manifest {name} in {want.registry.name}"
    manifest = present(seen.registry(want.registry.id).manifests.get(name) or not_asked(call), call)
    if digest in require_field(manifest.platforms, call, "references"):
        return True
    if manifest.nested:
        raise Unobserved(Gap(GapReason.UNDECIDED, call, detail="the index may hold another one, which was not read"))
    return False


def foreign(want: DesiredService, seen: Snapshot, main: MainImage) -> Fail | None:
    """The failure that an image is not the service's own in the shared registry, so that its tag cannot be there."""
    call = f"GET {want.registry.id}"
    registry = present(seen.registry(want.registry.id).properties, call)
    host = require_field(registry.login_server, call, "properties.loginServer").casefold()
    own = f"{host}/{want.repository}"
    if is_host_of(host, main.image.host) and main.image.repository == want.repository:
        return None
    return Fail(
        (Evidence(main.at, own, main.text),),
        f"The image of {want.app} is not one of {own}.",
        f"Deploy to {want.app} an image of {own}.",
        deploy(want, seen, main.form),
    )
