"""The unmodified product, led to a faithful server by the documented variables, a hosts file and a CA alone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from mzaudit.simulator import serve
from tests.documented_estate import build

HOSTS = (
    "management.azure.com",
    "login.microsoftonline.com",
    "kv-mz-cloud-prd.vault.azure.net",
    "kv-mz-manage-prd.vault.azure.net",
    "acrmonozu.azurecr.io",
    "sql-monozu-prd.database.windows.net",
)
# An address of its own, so that no other test can hold its port.
ADDRESS = "127.77.0.1"


def may_mount() -> bool:
    """Whether this machine lets us have a hosts file of our own."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


@contextmanager
def forwarded(port: int, target: int) -> Iterator[None]:
    """A port of a loopback address, led to another one on this machine."""
    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def run(work: Callable[..., None], *args: object) -> None:
        threads.append(threading.Thread(target=work, args=args, daemon=True))
        threads[-1].start()

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one side has gone, and the other is told at the end

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            opened.append(client)
            opened.append(server := socket.create_connection(("127.0.0.1", target)))
            run(pump, client, server)
            run(pump, server, client)

    with closing(socket.create_server((ADDRESS, port))) as listener:
        run(accept, listener)
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            threads[0].join()
            for one in opened:
                with suppress(OSError):  # it had ended by itself
                    one.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            for one in opened:
                one.close()


@pytest.mark.skipif(not may_mount(), reason="a private hosts file needs a mount namespace")
def test_a_hosts_file_and_a_ca_are_enough(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("".join(f"{ADDRESS} {name}\n" for name in HOSTS))
    with (
        serve(build("drifted")) as simulator,
        forwarded(443, simulator.tls_port),
        forwarded(1433, simulator.sql_port("sql-monozu-prd")),
    ):
        variables = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().endswith("_PROXY") and "CA" not in name
        } | {
            "SSL_CERT_FILE": str(simulator.ca_file),
            "AZURE_TENANT_ID": simulator.tenant_id,
            "AZURE_CLIENT_ID": simulator.client_id,
            "AZURE_CLIENT_SECRET": simulator.client_secret,
            "MZAUDIT_SUBSCRIPTION_ID": simulator.subscription_id,
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        check = f"{sys.executable} -m mzaudit init --example monozu && {sys.executable} -m mzaudit check --env prd"
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", f"mount --bind {hosts} /etc/hosts && {check}"],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "KV-003" in done.stdout
    assert "SQL-003" in done.stdout
    assert "SIMULATED" not in done.stdout
