"""Where a channel is reached: a secret address from the environment, held to its service's own hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from mzaudit.publish import slack_message, teams_card, webhook_payload
from mzaudit.publish.http import NoAnswerError, PublishError, Refusal, Route, opened
from mzaudit.publish.notice import Notice
from mzaudit.publish.pipeline import NoPlaceError
from mzaudit.publish.publish_comment import PublishResult
from mzaudit.publish.sealed_token import Token
from mzaudit.service_address import is_address

_LONGEST: Final = 100.0  # seconds for one channel


@dataclass(frozen=True, slots=True)
class Channel:
    """A kind of webhook: its name, the variable that holds its address, which hosts and paths are its service's, and
    how a message to it is drawn. A host with a dot in front stands for all below it; no host, for any."""

    name: str
    variable: str
    hosts: tuple[str, ...]
    path: str
    message: Callable[[Notice], object]


# A workflow's address: until 2025 of Logic Apps, since then of the Power Platform; both with their sovereign clouds.
_LOGIC_APPS: Final = (".logic.azure.com", ".logic.azure.us", ".logic.azure.cn")
_POWER_PLATFORM: Final = (".api.powerplatform.com", ".powerplatform.microsoft.us")
CHANNELS: Final = (
    Channel("Microsoft Teams", "MZAUDIT_TEAMS_WEBHOOK", (*_LOGIC_APPS, *_POWER_PLATFORM), "/", teams_card.message),
    Channel(
        "Slack",
        "MZAUDIT_SLACK_WEBHOOK",
        ("hooks.slack.com", "hooks.slack-gov.com"),
        "/services/",
        slack_message.message,
    ),
    Channel("the webhook", "MZAUDIT_WEBHOOK", (), "", webhook_payload.message),
)
# What Slack answers where the address is right.
# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
_SLACK: Final = {
    "channel_is_archived": "its channel is archived: unarchive it, or make an address for another channel",
    "action_prohibited": "the workspace's administrator has disabled it: ask for approval",
    "posting_to_general_channel_denied": "the general channel is closed to it: make an address for another channel",
}


def configured(env: Mapping[str, str]) -> tuple[Channel, ...]:
    """The channels whose addresses are set. Azure Pipelines leaves `$(NAME)` where no variable of that name is."""
    return tuple(
        channel for channel in CHANNELS if env.get(channel.variable, "").strip() not in ("", f"$({channel.variable})")
    )


async def tell(notice: Notice, env: Mapping[str, str], route: Route) -> PublishResult:
    """Tell every channel; what one meets does not stop the others. Raises `NoPlaceError` where there is none."""
    channels = configured(env)
    if not channels:
        names = ", ".join(channel.variable for channel in CHANNELS)
        raise NoPlaceError(f"no address is set: hand the step one of {names} from a secret")
    done: list[str] = []
    failed: list[str] = []
    for channel in channels:
        try:
            async with asyncio.timeout(_LONGEST):
                await _post(channel, address(channel, env), channel.message(notice), route)
            done.append(f"{channel.name} notified")
        except NoAnswerError as error:
            failed.append(f"it is not known whether {channel.name} was notified: {error}")
        except PublishError as error:
            failed.append(f"{channel.name} not notified: {error}")
        except TimeoutError:
            failed.append(f"{channel.name} not notified: no end after {_LONGEST:.0f} s: run the step again")
    return PublishResult(tuple(done), tuple(failed))


def address(channel: Channel, env: Mapping[str, str]) -> Token:
    """The address of a channel; raises `PublishError` for one that is not its service's, without showing it."""
    text = env[channel.variable].strip()  # a file's last line ends in a line feed
    if not is_address(text):
        raise PublishError(f"{channel.variable}: expected an https:// address, without a user name in it")
    parts = urlsplit(text)
    if not _is_of(channel, parts.hostname or "") or not parts.path.startswith(channel.path):
        raise PublishError(
            f"{channel.variable} is not an address of {channel.name}'s: nothing was sent; any other webhook is "
            "MZAUDIT_WEBHOOK"
        )
    return Token(text)


def _is_of(channel: Channel, host: str) -> bool:
    return not channel.hosts or any(host.endswith(each) if each[0] == "." else host == each for each in channel.hosts)


async def _post(channel: Channel, where: Token, body: object, route: Route) -> None:
    def explain(refusal: Refusal) -> str:
        for word, why in _SLACK.items() if channel.name == "Slack" else ():
            if word in refusal.words:
                return f"Slack did not post the message (HTTP {refusal.status}): {why}"
        match refusal.status:
            case 401 | 403 | 404 | 410:
                return (
                    f"{channel.name} does not know the address in {channel.variable} (HTTP {refusal.status}): it was "
                    "revoked or copied in part; make a new one, and store it as the secret"
                )
            case 413:
                return f"{channel.name} takes no message of this size (HTTP 413)"
            case 301 | 302 | 307 | 308:
                return f"{channel.variable} leads elsewhere (HTTP {refusal.status}): no redirect is followed"
            case 429:
                return f"{channel.name} has had too many messages (HTTP 429): {refusal.again}"
            case status if status >= 500:
                return f"{channel.name} failed (HTTP {status}): run the step again"
            case status:
                return f"{channel.name} did not accept the message (HTTP {status})"

    async with opened(channel.name, None, route, explain, "*/*") as web:
        await web.post(where, body)
