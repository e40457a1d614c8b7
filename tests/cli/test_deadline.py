"""What hangs, for real: `--timeout` ends the process by itself, with 3 and a report of what is known."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mzaudit.cli import run
from mzaudit.policy.shipped_policy import shipped
from mzaudit.simulator import Fault, Hang, SqlFault, serve
from tests.documented_estate import build

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"
LONGEST = 60  # seconds until a process that does not end is a defect; what is loaded is slow, and no defect
SAVED = ("--snapshot", "{saved}")
SECRET = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": TENANT, "AZURE_CLIENT_SECRET": "s3cret-of-nobody"}
FEDERATED = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": TENANT}
PIPELINE = FEDERATED | {"AZURE_SERVICE_CONNECTION_ID": TENANT, "SYSTEM_ACCESSTOKEN": "token-of-nobody"}

# what a plug-in or a library might do, done to the process before it starts
_START = "import sys; from mzaudit.__main__ import start; start()"
_NO_NAMES = "import socket, time; socket.getaddrinfo = lambda *_, **__: time.sleep(600)\n"
_A_RULE = """
import time
from dataclasses import replace
from mzaudit import rules
known = rules.load()
def asleep(want, seen):
    time.sleep(600)
rules.load = lambda: tuple(replace(rule, check=asleep) if rule.code == "RBAC-001" else rule for rule in known)
"""
_A_FORMAT = """
import time
from mzaudit import report
known = report.find
def asleep(seen):
    time.sleep(600)
report.find = lambda name: asleep if name == "junit" else known(name)
"""
_A_DISK = """
import os, time
known = os.fsync
def slow(number):
    if ".one.json." in os.readlink(f"/proc/self/fd/{number}"):
        time.sleep(600)
    known(number)
os.fsync = slow
"""


@dataclass(frozen=True)
class Hanging:
    """A case: `{silent}`, `{dripping}`, `{tunnel}` in a variable are ports of servers, `{fifo}` is a pipe that nobody
    writes to, `{saved}` a snapshot."""

    variables: Mapping[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ("--subscription", SUBSCRIPTION)
    before: str = ""
    phase: str = "reading Azure"


CASES = {
    "Azure Pipelines' OIDC service says nothing": Hanging(
        PIPELINE | {"SYSTEM_OIDCREQUESTURI": "http://127.0.0.1:{silent}/oidc"}
    ),
    "a managed identity's endpoint says nothing": Hanging(
        {"IDENTITY_ENDPOINT": "http://127.0.0.1:{silent}/token", "IDENTITY_HEADER": "h"}
    ),
    "a managed identity's answer drips": Hanging(
        {"IDENTITY_ENDPOINT": "http://127.0.0.1:{dripping}/token", "IDENTITY_HEADER": "h"}
    ),
    "a proxy says nothing": Hanging(SECRET | {"HTTPS_PROXY": "http://127.0.0.1:{silent}"}),
    "no TLS handshake behind the proxy": Hanging(SECRET | {"HTTPS_PROXY": "http://127.0.0.1:{tunnel}"}),
    "a name is looked up": Hanging(SECRET, before=_NO_NAMES),
    "az": Hanging({"MZAUDIT_CREDENTIAL": "azure-cli"}),
    "the certificate authorities": Hanging(SECRET | {"SSL_CERT_FILE": "{fifo}"}),
    "a snapshot": Hanging(args=("--snapshot", "{fifo}"), phase="reading the files"),
    "a rule": Hanging(args=SAVED, before=_A_RULE, phase="judging"),
    "a format": Hanging(args=(*SAVED, "-o", "junit:out.xml"), before=_A_FORMAT, phase="writing"),
    "a disk": Hanging(args=(*SAVED, "-o", "json:one.json"), before=_A_DISK, phase="writing"),
    "nobody reads stdout": Hanging(args=(*SAVED, "-o", "terminal"), phase="writing"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_hangs(case: str, tmp_path: Path, ports: Mapping[str, int], saved: Path) -> None:
    hanging = CASES[case]
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "az").write_text("#!/bin/sh\nexec sleep 600\n")
    (tmp_path / "az").chmod(0o755)
    known = {"fifo": str(tmp_path / "fifo"), "saved": str(saved), **ports}
    variables = {name: value.format(**known) for name, value in hanging.variables.items()}
    args = [arg.format(**known) for arg in hanging.args]
    policy(tmp_path)
    said = ended(["check", "--env", "prd", *args, "-o", "json:out.json"], tmp_path, variables, hanging.before)
    assert f"the time was up while {hanging.phase}" in said
    assert "Traceback" not in said
    if hanging.phase == "reading the files":
        assert "there is no report" in said
        return
    report = json.loads((tmp_path / "out.json").read_text())
    found = {finding["status"] for finding in report["findings"]}
    if hanging.phase == "writing":  # all was known
        assert "inconclusive" not in found
        return
    assert not report["run"]["complete"]
    assert report["summary"]["gate"] == "incomplete"
    gaps = [gap for finding in report["findings"] for gap in finding["gaps"]]
    assert {gap["reason"] for gap in gaps} == {"timeout"}
    assert ("pass" in found) == (hanging.phase == "judging")


COMMANDS = {
    "collect": ("collect", "--env", "prd", "-o", "seen.json"),
    "doctor": ("doctor", "--env", "prd"),
    "adopt": ("adopt", "--env", "prd"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_asks_azure(command: str, tmp_path: Path, ports: Mapping[str, int]) -> None:
    policy(tmp_path)
    variables = {"IDENTITY_ENDPOINT": f"http://127.0.0.1:{ports['silent']}/token", "IDENTITY_HEADER": "h"}
    said = ended([*COMMANDS[command], "--subscription", SUBSCRIPTION], tmp_path, variables)
    assert "the time was up while reading Azure; there is no report" in said


def test_services_that_hang_leave_what_was_read(tmp_path: Path) -> None:
    """One app, and the databases: all else was read in time, and is judged as ever."""
    policy(tmp_path)
    faults = [Fault("GET .*/sites/[^/]+/config/configreferences/appsettings.*", Hang(600))]
    with serve(build("compliant"), faults, sql_faults=[SqlFault("LOGIN .*", Hang(600))]) as simulator:
        variables = simulator.environ() | {"MZAUDIT_SUBSCRIPTION_ID": simulator.subscription_id}
        ended(["check", "--env", "prd", "-o", "json:out.json"], tmp_path, variables, timeout="20s")
    report = json.loads((tmp_path / "out.json").read_text())
    by_status = {
        status: {f["rule"] for f in report["findings"] if f["status"] == status} for status in ("pass", "inconclusive")
    }
    assert {"SQL-006", "SET-002"} <= by_status["inconclusive"]
    assert {"KV-001", "RBAC-002", "APP-001"} <= by_status["pass"]


def policy(folder: Path) -> None:
    shutil.copytree(shipped(), folder / "policies")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was collected of an estate that is as documented."""
    path = tmp_path_factory.mktemp("saved") / "seen.json"
    assert run(["collect", "--env", "prd", "--simulate", "compliant", "-o", str(path)]) == 0
    return path


def ended(args: list[str], folder: Path, variables: Mapping[str, str], before: str = "", timeout: str = "4s") -> str:
    """What a process said that ended by itself with 3; its stdout is a pipe that holds little, and that nobody
    reads."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    try:
        running = subprocess.Popen(
            [sys.executable, "-c", before + _START, *args, "--timeout", timeout],
            cwd=folder,
            env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder), **variables},
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            _, said = running.communicate(timeout=LONGEST)
        finally:
            running.kill()
            running.wait()
    finally:
        os.close(reading)
        os.close(writing)
    assert running.returncode == 3, said
    return said


@pytest.fixture(scope="module")
def ports() -> Iterator[Mapping[str, int]]:
    """Servers that accept, and then say nothing, or a byte a second, or open a tunnel to nowhere."""
    over = threading.Event()

    def silent(peer: socket.socket) -> None:
        over.wait()

    def dripping(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n")
        while not over.wait(1):
            peer.sendall(b" ")

    def tunnel(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        over.wait()

    with contextlib.ExitStack() as stack:
        found = {each.__name__: _listening(stack, each) for each in (silent, dripping, tunnel)}
        yield found
        over.set()


def _listening(stack: contextlib.ExitStack, serve_one: Callable[[socket.socket], None]) -> int:
    door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

    def one(peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):  # the other side has gone
            serve_one(peer)

    def accepting() -> None:
        with contextlib.suppress(OSError):  # closed at the end
            while True:
                threading.Thread(target=one, args=(door.accept()[0],), daemon=True).start()

    threading.Thread(target=accepting, daemon=True).start()
    return int(door.getsockname()[1])
