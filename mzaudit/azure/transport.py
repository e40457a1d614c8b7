"""The HTTP transport under every SDK client: proxy and certificate authorities as resolved once for the run."""

from __future__ import annotations

from typing import Any

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport

from mzaudit.azure.connection import Connection


class Transport(AioHttpTransport):  # type: ignore[misc]  # azure-core exports it through a module __getattr__
    """An aiohttp transport that never looks at the environment, and that may be opened again after `close`.

    The session is made inside the running loop at the first request, so that a credential can be chosen before one
    runs. Azure's own pipeline decides retries and authentication; connections are bounded by the caller's slots.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(use_env_settings=False, connection_timeout=10, read_timeout=30)
        self.session: aiohttp.ClientSession | None = None
        self._connection = connection

    async def open(self) -> None:
        """Open the session, with our certificate authorities, unless it is open."""
        if self.session is None:
            connector = aiohttp.TCPConnector(ssl=self._connection.certificates(), limit=0)
            self.session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
            )
        await super().open()

    async def close(self) -> None:
        """Close the session; a later request opens a new one."""
        await super().close()
        self._has_been_opened = False

    async def send(self, request: Any, **config: Any) -> Any:  # Any: the SDK's own signature is an overload of two
        """Send through the proxy that the host's name calls for."""
        config.pop("proxies", None)
        return await super().send(request, proxy=self._connection.proxy_for(request.url), **config)
