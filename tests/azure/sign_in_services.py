"""What a sign-in meets, faked on loopback: Entra, Azure DevOps' token endpoint, IMDS, a proxy, and `az`."""

from __future__ import annotations

import json
import socketserver
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ENTRA = "login.microsoftonline.com"


@dataclass
class Service:
    """Answers every request alike, and remembers what it was asked.

    With a `certificate` it speaks TLS. Given `tunnel`, it is a proxy that answers CONNECT so; after a 200 it is the
    host asked for.
    """

    status: int = 200
    body: object = None
    tunnel: int | None = None
    certificate: ssl.SSLContext | None = None
    port: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def entra(code: str) -> dict[str, object]:
    """An error as Entra gives it; its description names things that no report may repeat."""
    return {
        "error": "invalid_client",
        "error_description": f"{code}: hunter2 is what was sent. Trace ID: 0 Correlation ID: 0 Timestamp: 2026-11-23",
        "error_codes": [int(code.removeprefix("AADSTS"))],
    }


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    """The service on a free port of loopback."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if service.tunnel is not None:
                self._read()
                self._write(service.tunnel, None)
                if service.tunnel != 200:
                    return
            if service.certificate is not None:
                try:
                    inner = service.certificate.wrap_socket(self.request, server_side=True)
                except (ssl.SSLError, OSError):
                    return  # the client does not trust it
                with inner, inner.makefile("rb") as self.rfile, inner.makefile("wb") as self.wfile:
                    self._serve()
                return
            self._serve()

        def _serve(self) -> None:
            while self._read():
                self._write(service.status, service.body)
                self.wfile.flush()

        def _read(self) -> bool:
            first, length = self.rfile.readline().decode("latin-1").strip(), 0
            while (line := self.rfile.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            self.rfile.read(length)
            if first:
                service.asked.append(first)
            return bool(first)

        def _write(self, status: int, body: object) -> None:
            text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
            kind = "text/html" if isinstance(body, str) else "application/json"
            head = f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\n"
            if not (service.tunnel == status == 200 and body is None):
                head += f"Content-Length: {len(text.encode())}\r\n"
            self.wfile.write(f"{head}\r\n{text}".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hung up is part of the case."""

    with Server(("127.0.0.1", 0), Handler) as server:
        service.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()


def fake_az(folder: Path, stderr: str = "", *, stdout: str = "", status: int = 1) -> Path:
    """A folder for the PATH whose `az` says so; it is called with what azure-identity asks of it."""
    script = folder / "az"
    script.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"assert sys.argv[1:3] == ['account', 'get-access-token'], sys.argv\n"
        f"sys.stdout.write({stdout!r})\nsys.stderr.write({stderr!r})\nsys.exit({status})\n"
    )
    script.chmod(0o755)
    return folder
