"""Tags of the documented style, as a conforming estate's repositories hold them."""

from __future__ import annotations

from mzaudit.facts.image_tags import SEMVER
from mzaudit.policy.desired import DesiredImage
from mzaudit.simulator.estates.compliant import LATEST_COMMIT, commit


def tag(image: DesiredImage, number: int) -> str:
    """The n-th tag of the style of an image, counted from the oldest."""
    if image.tags == SEMVER:
        return f"1.{number}.0"
    if "*" in image.tags:
        return image.tags.replace("*", str(number))
    return commit(image.repository, number)


def tags(image: DesiredImage) -> tuple[str, ...]:
    """Those that the repository holds, oldest first."""
    return tuple(tag(image, number) for number in range(LATEST_COMMIT + 1))
