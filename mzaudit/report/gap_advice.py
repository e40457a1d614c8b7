"""What fixes a gap, in one sentence: the only place where a reason becomes advice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from mzaudit.snapshot.observed import Gap, GapReason
from mzaudit.snapshot.text.ids import subscription_of

_IN_GROUP = re.compile(r"/subscriptions/([^/\s]+)/resourceGroups/([^/\s]+)/providers/[^/\s]+/", re.IGNORECASE)


def short(text: str) -> str:
    """The text with its resource ids as people say them: from the resource group on, without the provider."""
    return _IN_GROUP.sub(r"\2/", text)


def shortener(resource_ids: Iterable[str]) -> Callable[[str], str]:
    """`short` for a text about these resources: where they lie in several subscriptions, ids keep theirs in front."""
    subscriptions = {subscription_of(each).casefold() for each in resource_ids} - {""}
    return short if len(subscriptions) < 2 else lambda text: _IN_GROUP.sub(r"\1/\2/", text)


_ADVICE: Final[Mapping[GapReason, str]] = {
    GapReason.FORBIDDEN: (
        "Give the auditing identity a role with {needed} {where}; "
        "an Owner or User Access Administrator of that scope can."
    ),
    GapReason.PARTIAL: (
        "The list may be trimmed to what the auditing identity may read: give it {needed} {where}; "
        "an Owner or User Access Administrator of that scope can."
    ),
    GapReason.DENIED: (
        "A deny assignment blocks {needed} {where}, whatever roles the identity has: have the auditing identity "
        "excluded from it where it is made (deployment stack, managed application); an Owner of that scope can."
    ),
    GapReason.LOCKED: (
        "Azure takes the request for a change, and a ReadOnly lock (or a disabled subscription) forbids it "
        "{where}; no role and no waiting helps. An Owner or User Access Administrator can change the lock to "
        "CanNotDelete."
    ),
    GapReason.UNAUTHENTICATED: (
        "The token was refused {where}: sign in again to the tenant that holds it, then run again."
    ),
    GapReason.FIREWALL: (
        "Run from an address that the network rules {where} admit, or have this one admitted; "
        "a Contributor of the resource can."
    ),
    GapReason.PRIVATE_ONLY: "Public access {where} is off: run from a network with a private endpoint to it.",
    GapReason.ACCESS_POLICY: (
        "The vault uses access policies: give the auditing identity one with {needed} {where}, "
        "or move the vault to RBAC; a Key Vault Contributor can."
    ),
    GapReason.DISABLED: (
        "A disabled secret cannot be read: enable {scope}, or remove it from the policy; "
        "a Key Vault Secrets Officer can."
    ),
    GapReason.NOT_VISIBLE: (
        "The auditing identity does not see {scope}: check the subscription id and the tenant, "
        "and have an Owner give it Reader there."
    ),
    GapReason.NOT_REGISTERED: (
        "The resource provider is not registered {where}, and mzaudit changes nothing: "
        "a Contributor of the subscription can register it."
    ),
    GapReason.THROTTLED: "Azure limited the rate of calls {where}: run again later, or with fewer runs side by side.",
    GapReason.TIMEOUT: (
        "No answer in time {where}: run again; if it stays, raise --timeout or look at the network path."
    ),
    GapReason.UNREACHABLE: (
        "No connection {where}: check DNS, proxy, firewall and certificate authority of this machine."
    ),
    GapReason.SERVER_ERROR: "Azure failed {where}: run again later; if it stays, look at the service's health.",
    GapReason.MALFORMED: (
        "The answer {where} is not what the API documents: look for a proxy or login page on the way, "
        "else report it as a defect of mzaudit."
    ),
    GapReason.CONTRADICTED: (
        "Two answers about {scope} cannot both be true, though one was asked for twice: run again, for it may "
        "just have been changed; if it stays, report it to Azure support with the call below."
    ),
    GapReason.REFUSED: "mzaudit itself refused to send the request {where}: it was not a read, or led to another host.",
    GapReason.MEMBERS: (
        "Look into the group in Entra: if no service's identity is in it, name it with the reason under "
        "the database's administrators; else take the identity out."
    ),
    GapReason.NOT_COLLECTED: (
        "Left out of this run (--no-secret-values), or not in this snapshot: read it again with everything in."
    ),
    GapReason.CLOCK: (
        "What depends on the time cannot be judged with a wrong clock: synchronise this machine's (NTP), then "
        "run again."
    ),
    GapReason.UNDECIDED: "What was read of {scope} does not decide it: the detail says what would.",
    GapReason.INTERNAL: "A defect of mzaudit: report it, with the line below and the version.",
}


def advice(gap: Gap) -> str:
    """What would make the call answer, and who can do that; ids are whole; not neutralised."""
    scope = gap.scope or "the resource"
    inside = _in_database(gap, scope) if gap.call.startswith("SQL ") else ""
    needed = gap.permission or "the read permission of this call"
    return inside or _ADVICE[gap.reason].format(scope=scope, where=f"on {scope}", needed=needed)


def _in_database(gap: Gap, scope: str) -> str:
    """The advice that is a database's own; empty where that of any call holds."""
    match gap.reason:
        case GapReason.FORBIDDEN if gap.permission == "CONNECT":
            return (
                f"The auditing identity is not a user of {scope}: CREATE USER ... FROM EXTERNAL PROVIDER in it, as "
                "`mzaudit doctor --sql` prints it; or it is one that may not connect: REVOKE the DENY of CONNECT. The "
                "server's Entra administrator can."
            )
        case GapReason.FORBIDDEN:
            return (
                f"Grant the auditing identity {gap.permission} in {scope}, as `mzaudit doctor --sql` prints it, and "
                "REVOKE any DENY of it; the server's Entra administrator can."
            )
        case GapReason.DENIED:
            return (
                f"A DENY in {scope} hides definitions from the auditing identity: REVOKE it, or take the identity out "
                "of the role that it names; the server's Entra administrator can."
            )
        case GapReason.FIREWALL:
            return (
                f"Have the server's firewall admit this address to {scope} (`az sql server firewall-rule create`), or "
                "run from one that it admits; a Contributor of the server can."
            )
        case GapReason.PRIVATE_ONLY:
            return (
                f"The server of {scope} has publicNetworkAccess off: run from a network with a private endpoint to it."
            )
        case GapReason.REFUSED if "TLS 1.3" in gap.detail:
            return (
                f"The server of {scope} requires TLS 1.3, which mzaudit does not support there: set its minimum TLS "
                "version to 1.2."
            )
        case GapReason.NOT_COLLECTED if gap.permission == "CONNECT":
            return f"{scope} is paused: run again with --wake-databases, or while it is online."
        case GapReason.NOT_COLLECTED if gap.permission:
            return f"The primary of {scope} has to answer: name its server in the policy."
        case _:
            return ""
