"""A simulator that is closed leaves no socket open, in whatever state its clients are."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from mzaudit.simulator import Fault, Hang, Simulator, serve
from tests.documented_estate import build
from tests.leftovers import nothing_left_open

HOST = "management.azure.com"
MANY = 4


def dialled(sim: Simulator) -> socket.socket:
    proxy = urlsplit(sim.proxy)
    return socket.create_connection((str(proxy.hostname), int(proxy.port or 0)))


def connecting(sim: Simulator) -> socket.socket:
    client = dialled(sim)
    client.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    return client


def tunnelled(sim: Simulator) -> socket.socket:
    client = connecting(sim)
    assert b" 200 " in client.recv(1000)
    return client


def shaking_hands(sim: Simulator) -> socket.socket:
    client = tunnelled(sim)
    client.sendall(b"\x16\x03\x01\x02")
    return client


def greeted(sim: Simulator) -> socket.socket:
    context = ssl.create_default_context(cafile=sim.ca_file)
    return context.wrap_socket(tunnelled(sim), server_hostname=HOST)


def asking(sim: Simulator) -> socket.socket:
    client = greeted(sim)
    client.sendall(f"GET /hangs HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    return client


def answered(sim: Simulator) -> socket.socket:
    client = greeted(sim)
    client.sendall(f"GET /subscriptions HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    assert client.recv(1000)
    return client


def never_reading(sim: Simulator) -> socket.socket:
    client = greeted(sim)
    client.settimeout(0.2)
    for _ in range(2000):
        try:
            client.sendall(f"GET /subscriptions HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        except OSError:
            break
    return client


def past_the_proxy(sim: Simulator) -> socket.socket:
    return socket.create_connection(("127.0.0.1", sim.tls_port))


def handshake_past_the_proxy(sim: Simulator) -> socket.socket:
    client = past_the_proxy(sim)
    client.sendall(b"\x16\x03\x01\x02")
    return client


STATES: list[Callable[[Simulator], socket.socket]] = [
    dialled,
    connecting,
    tunnelled,
    shaking_hands,
    greeted,
    asking,
    answered,
    never_reading,
    past_the_proxy,
    handshake_past_the_proxy,
]


@pytest.mark.parametrize("settled", [False, True], ids=["at once", "settled"])
@pytest.mark.parametrize("state", STATES)
def test_no_connection_outlives_the_simulator(state: Callable[[Simulator], socket.socket], settled: bool) -> None:
    estate = build("empty")
    with ExitStack() as clients, nothing_left_open(), serve(estate, [Fault("GET .*/hangs", Hang(60))]) as sim:
        for _ in range(MANY):
            clients.enter_context(state(sim))
        if settled:  # another request is served whole: what came before it has been accepted
            clients.enter_context(answered(sim))
