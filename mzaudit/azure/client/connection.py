"""How Azure is reached: which cloud, through which proxy, trusting which certificates, with how much patience."""

from __future__ import annotations

import os
import ssl
import string
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed leaves it out

from mzaudit.errors import InputError

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from mzaudit.azure.text.sealed_values import Sealed

_KEY_DIGITS: Final = 64
CloudName = Literal["public", "usgovernment", "china"]


@dataclass(frozen=True, slots=True)
class Cloud:
    """The hosts and token scopes of one Azure cloud."""

    authority: str
    arm: str
    arm_scope: str
    vault_suffix: str
    registry_suffix: str
    registry_audience: str
    sql_suffix: str
    sql_scope: str


CLOUDS: Mapping[CloudName, Cloud] = MappingProxyType(
    {
        "public": Cloud(
            authority="login.microsoftonline.com",
            arm="https://management.azure.com",
            arm_scope="https://management.azure.com/.default",
            vault_suffix="vault.azure.net",
            registry_suffix="azurecr.io",
            registry_audience="https://containerregistry.azure.net",
            sql_suffix="database.windows.net",
            sql_scope="https://database.windows.net/.default",
        ),
        "usgovernment": Cloud(
            authority="login.microsoftonline.us",
            arm="https://management.usgovcloudapi.net",
            arm_scope="https://management.core.usgovcloudapi.net/.default",
            vault_suffix="vault.usgovcloudapi.net",
            registry_suffix="azurecr.us",
            registry_audience="https://management.usgovcloudapi.net",
            sql_suffix="database.usgovcloudapi.net",
            sql_scope="https://database.usgovcloudapi.net/.default",
        ),
        "china": Cloud(
            authority="login.chinacloudapi.cn",
            arm="https://management.chinacloudapi.cn",
            arm_scope="https://management.chinacloudapi.cn/.default",
            vault_suffix="vault.azure.cn",
            registry_suffix="azurecr.cn",
            registry_audience="https://management.chinacloudapi.cn",
            sql_suffix="database.chinacloudapi.cn",
            sql_scope="https://database.chinacloudapi.cn/.default",
        ),
    }
)


# https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud, and azure-identity's own list
_OTHER_NAMES: Mapping[CloudName, tuple[str, ...]] = MappingProxyType(
    {
        "public": ("login.windows.net", "login.microsoft.com", "sts.windows.net"),
        "china": ("login.partner.microsoftonline.cn",),
    }
)


@dataclass(frozen=True, slots=True)
class Retry:
    """How long one call is tried, in seconds: `longest` caps our own wait between tries, not the service's."""

    tries: int = 8
    first: float = 0.5
    longest: float = 5.0
    budget: float = 60.0
    budget_when_exhausted: float = 10.0


class HttpSession(Protocol):
    """The part of an aiohttp session that the SDK's transport uses."""

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], data: Any, **config: Any
    ) -> Awaitable[ClientResponse]:  # Any: aiohttp's own
        """Ask; the body of the response is yet to be read."""
        ...

    async def close(self) -> None:
        """Drop every connection."""
        ...


class AnswerMemory(Protocol):
    """What earlier runs made of the services' answers. A request is named by its method, URL and body; all that one
    database is asked by `SQL`, `host/database` and what is wanted of it."""

    def recall(self, method: str, url: str, body: str) -> object | None:
        """What was kept of that request; None if nothing was, or if it would not be answered the same again."""
        ...

    def keep(self, method: str, url: str, body: str, made: object) -> None:
        """Keep what came of a request that was just answered."""
        ...


@dataclass(frozen=True, slots=True)
class Connection:
    """The way to Azure, resolved once; the environment is not looked at again.

    `proxy` is an `http://` URL for all HTTPS traffic; `no_proxy` lists hosts, domains or `*` that go direct;
    `ca_file` is a PEM file or a directory of hashed certificates that replaces the system's authorities; `at_once` is
    how many calls to one host may be under way, each on a connection of its own that is kept and used again.
    `session` makes what takes the place of an aiohttp session, given the settings of its pool and its own; the
    simulator's stays in this process. `memory` is asked before the services are; none but the simulator's knows what
    they would say. `label_key` is the key of equality labels that several runs share.
    """

    cloud: CloudName = "public"
    proxy: str | None = field(default=None, repr=False)  # it may hold a password
    no_proxy: str = ""
    ca_file: str | None = None
    retry: Retry = field(default_factory=Retry)
    at_once: int = 24
    session: Callable[..., HttpSession] | None = field(default=None, repr=False)
    memory: AnswerMemory | None = field(default=None, repr=False)
    label_key: Sealed | None = None

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Connection:
        """Read HTTPS_PROXY, ALL_PROXY, NO_PROXY (either case), SSL_CERT_FILE, REQUESTS_CA_BUNDLE, MZAUDIT_CLOUD,
        MZAUDIT_LABEL_KEY.

        Raises InputError for a cloud that is not known or not that of AZURE_AUTHORITY_HOST, a proxy that is no URL or a
        key that is none.
        """
        asked = (env.get("MZAUDIT_CLOUD") or "public").strip().casefold()
        cloud = next((known for known in CLOUDS if known == asked), None)
        if cloud is None:
            raise InputError(f"MZAUDIT_CLOUD: expected one of {', '.join(CLOUDS)}, found something else")
        _agrees(env.get("AZURE_AUTHORITY_HOST", ""), cloud)
        return cls(
            cloud=cloud,
            proxy=_proxy(_first(env, "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")),
            no_proxy=(_first(env, "no_proxy", "NO_PROXY") or "").replace("*.", "."),
            ca_file=_first(env, "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
            label_key=_label_key(env.get("MZAUDIT_LABEL_KEY", "")),
        )

    @property
    def endpoints(self) -> Cloud:
        """Hosts and scopes of the cloud."""
        return CLOUDS[self.cloud]

    def proxy_for(self, url: str) -> str | None:
        """The proxy that a request to `url` goes through; only HTTPS is proxied (identity endpoints are local HTTP)."""
        parts = urlsplit(url)
        if self.proxy is None or parts.scheme != "https":
            return None
        direct = proxy_bypass_environment(f"{parts.hostname}:{parts.port or 443}", {"no": self.no_proxy})
        return None if direct else self.proxy

    def certificates(self) -> ssl.SSLContext:
        """The authorities to trust; raises `InputError` if `ca_file` holds none."""
        if self.ca_file is None:
            return ssl.create_default_context()
        try:
            if os.path.isdir(self.ca_file):
                return ssl.create_default_context(capath=self.ca_file)
            if os.path.exists(self.ca_file) and not os.path.isfile(self.ca_file):  # OpenSSL would wait for a pipe
                raise InputError(f"{self.ca_file}: expected certificates (PEM), found no regular file")
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise InputError(f"{self.ca_file}: expected certificates (PEM), found {type(error).__name__}") from None


def _agrees(authority: str, cloud: CloudName) -> None:
    """That the sign-in service which other tools are told of is the cloud's: who sets it means that cloud."""
    text = authority.strip()
    try:
        host = (urlsplit(text if "://" in text else f"https://{text}").hostname or "").casefold()
    except ValueError:  # half a bracket
        raise InputError(f"AZURE_AUTHORITY_HOST: expected {CLOUDS[cloud].authority}, found something else") from None
    if host and host != CLOUDS[cloud].authority and host not in _OTHER_NAMES.get(cloud, ()):
        meant = next((name for name in CLOUDS if host in (CLOUDS[name].authority, *_OTHER_NAMES.get(name, ()))), None)
        fix = f"set MZAUDIT_CLOUD={meant}, or unset it" if meant else f"expected {CLOUDS[cloud].authority}"
        raise InputError(f"AZURE_AUTHORITY_HOST is not of the cloud that is audited ({cloud}): {fix}")


def _first(env: Mapping[str, str], *names: str) -> str | None:
    return next((env[name] for name in names if env.get(name)), None)


def _proxy(value: str | None) -> str | None:
    if value is None:
        return None
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half a bracket, a port that is no number
        usable = False
    if not usable or not url.isprintable() or " " in url:
        # the value itself may hold a password and is not repeated
        raise InputError("HTTPS_PROXY: expected http://host:port, found something else")
    return url


def _label_key(text: str) -> Sealed | None:
    """The key that runs share: random, or labels could be guessed at."""
    from mzaudit.azure.text.sealed_values import Sealed

    text = text.strip()
    if not text:
        return None
    if len(text) != _KEY_DIGITS or not set(text) <= set(string.hexdigits):
        raise InputError("MZAUDIT_LABEL_KEY: expected 64 hexadecimal digits, such as `openssl rand -hex 32` draws")
    return Sealed(text)
