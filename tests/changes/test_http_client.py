"""Addresses that webhooks may call: no internal ones."""

import asyncio
import socket

import pytest
from django.conf import settings

from charthouse.changes import delivery_queue, http_client, receiver_urls


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("127.255.255.254", False),
        ("0.0.0.0", False),  # noqa: S104
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_is_address_allowed(address: str, allowed: bool) -> None:
    assert receiver_urls.is_address_allowed(address) is allowed


def test_sandbox_may_call_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SANDBOX", True)
    assert receiver_urls.is_address_allowed("127.0.0.1")
    assert receiver_urls.is_address_allowed("::1")
    assert receiver_urls.is_address_allowed("::ffff:127.0.0.1")
    assert not receiver_urls.is_address_allowed("10.0.0.1")
    assert not receiver_urls.is_address_allowed("169.254.169.254")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://",
        "https://user:password@example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1:8443/x",
        "https://exa mple.com/",
        "https://example.com:99999/",
        "file:///etc/passwd",
        "//example.com",
        "https://example.com/" + "x" * 2000,
    ],
)
def test_invalid_callback_urls(url: str) -> None:
    assert receiver_urls.find_url_error(url)


def test_valid_callback_url() -> None:
    assert receiver_urls.find_url_error("https://example.com:8443/hook?tenant=1") is None


def test_host_is_checked_at_the_address_of_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address resolved for it and checked, whatever an earlier lookup returned."""
    looked_up = []
    real = socket.getaddrinfo

    def getaddrinfo(host: object, *rest: object, **more: object) -> object:
        looked_up.append(host)
        return real("127.0.0.1", *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def attempt(url: str) -> delivery_queue.Outcome:
        async with http_client.open_session() as client:
            return await http_client.post(client, url, {}, b"{}")

    for url in (
        "http://rebound.example:9/",
        "http://127.0.0.1:9/",
        "http://[::1]:9/",
        "http://0x7f000001:9/",
    ):
        outcome = asyncio.run(attempt(url))
        assert (outcome.status, outcome.error) == (None, "address not allowed"), url
    assert "rebound.example" in looked_up


def test_a_host_that_no_name_server_can_be_asked_for() -> None:
    """A part of a name has 63 letters at most; Python's look-up raises ValueError."""
    url = f"https://{'a' * 64}.example.com/"

    async def attempt() -> delivery_queue.Outcome:
        async with http_client.open_session() as client:
            return await http_client.post(client, url, {}, b"{}")

    assert asyncio.run(http_client.verify(url, "secret")) == asyncio.run(attempt()).error != ""
