"""Calls to receivers' servers: no address of ours, no redirect, ten seconds, and little of what they answer.

An address is looked up and judged by ``Resolver`` for the very connection that is then made to it, so a name can't be
one address when it is judged and another when it is called. Private, loopback, link-local and other special ones are
refused; a sandbox may call its own machine.
"""

import asyncio
import hmac
import ipaddress
import secrets
import socket
import string
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings
from yarl import URL

from charthouse.changes import wire

TIMEOUT = 10.0  # seconds for all of an attempt
DRAIN = 0.5  # seconds to take in what follows the status
MOST_BODY = 64 * 1024  # bytes of it
LONGEST_URL = 2000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LETTERS = string.ascii_letters + string.digits
_lookups = ThreadPoolExecutor(64, "webhook-dns")


class Refused(OSError):
    """The name stands for no address that may be called."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt went: HTTP status or None, milliseconds, and what went wrong in a few words of our own."""

    status: int | None
    ms: int
    error: str = ""

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def wrong_url(url: str, *, named: bool = False) -> str | None:
    """What keeps this from being a callback URL, None if nothing does. ``named``: an address in numbers or a name of
    one part won't do, but for this machine's own in a sandbox. Touches no network."""
    try:
        parsed = URL(url)
        port = parsed.port
    except ValueError:
        return "Enter a valid URL."
    schemes = ("https", "http") if settings.SANDBOX else ("https",)
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        return "Enter a valid URL."
    if parsed.scheme not in schemes or not parsed.host or port is None:
        return f"The URL must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}."
    if parsed.user or parsed.password:
        return "The URL may not hold a user name or password."
    if _literal(parsed.host) and not permitted(parsed.host):
        return "This address can't be called."
    if named and not (_local(parsed.host) or _qualified(parsed.host)):
        return "The URL needs a full host name, such as hooks.example.com."
    return None


def permitted(address: str) -> bool:
    """Whether an IP address may be called."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return permitted(str(inner))
    if ip.is_loopback:
        return bool(settings.SANDBOX)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class Resolver(AbstractResolver):
    """Finds the addresses of a name that may be called."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            _lookups, lambda: socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        )
        good = [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, proto, _, address in found
            if permitted(str(address[0]))
        ]
        if not good:
            raise Refused("address not allowed")
        return good

    async def close(self) -> None:
        pass


def session() -> aiohttp.ClientSession:
    """For calls to receivers. To be made, and closed, in a running event loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, resolver=Resolver(), ttl_dns_cache=10, keepalive_timeout=5),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT),
        auto_decompress=False,
        trust_env=False,
    )


async def post(client: aiohttp.ClientSession, url: str, headers: dict[str, str], body: bytes) -> Outcome:
    """One attempt. Raises nothing that a receiver can cause."""
    began = time.monotonic()
    status, error = None, ""
    try:
        async with asyncio.timeout(TIMEOUT):
            response = await _call(client, "POST", url, headers=headers, data=body)
            status = response.status
            await _drain(response)
    except (OSError, TimeoutError, ValueError, aiohttp.ClientError) as problem:
        error = _words(problem) if status is None else ""
    if status is not None and not 200 <= status < 300:
        error = "redirected" if 300 <= status < 400 else f"answered {status}"
    return Outcome(status, round((time.monotonic() - began) * 1000), error)


async def verify(url: str, secret: str) -> str:
    """Ask a receiver to prove that it knows the secret; empty if it did, else what was wrong."""
    message = "".join(secrets.choice(_LETTERS) for _ in range(32))
    async with session() as client:
        try:
            async with asyncio.timeout(TIMEOUT):
                target = URL(url).update_query(msg=message)
                response = await _call(client, "GET", str(target), headers={"Accept": "application/json"})
                if response.status != 200:
                    response.close()
                    return f"answered {response.status}, not 200"
                body = await _read(response)
        except (OSError, TimeoutError, ValueError, aiohttp.ClientError) as problem:
            return _words(problem)
    if body is None:
        return "the answer is too long"
    try:
        answer: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "the answer is not JSON"
    given = answer.get("secret_token") if isinstance(answer, dict) else None
    if not isinstance(given, str):
        return "the answer has no secret_token"
    if not hmac.compare_digest(given.encode(), wire.proof(secret, message).encode()):
        return "the secret_token is not the HMAC-SHA256 of msg"
    return ""


async def _call(
    client: aiohttp.ClientSession, method: str, url: str, **options: Any
) -> aiohttp.ClientResponse:
    host = URL(url).host or ""
    if _literal(host) and not permitted(host):  # such a host is never looked up
        raise Refused("address not allowed")
    return await client.request(method, url, allow_redirects=False, **options)


async def _drain(response: aiohttp.ClientResponse) -> None:
    """The status is all that counts. A short answer is taken in, so that the connection can be used again."""
    body = None
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(DRAIN):
            body = await _read(response)
    if body is None:
        response.close()


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """All of a body, None of one that is too long."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MOST_BODY:
            response.close()
            return None
    response.release()
    return bytes(body)


def _qualified(host: str) -> bool:
    return not _literal(host) and "." in host.strip(".")


def _local(host: str) -> bool:
    """Whether it is this machine, and a sandbox may call that."""
    if not settings.SANDBOX:
        return False
    return host == "localhost" or (
        _literal(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback
    )


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _words(problem: BaseException) -> str:
    """What went wrong, without anything that the receiver said."""
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, Refused):
            return "address not allowed"
        cause = cause.__cause__ or getattr(cause, "os_error", None)
    if isinstance(problem, TimeoutError):
        return "timed out"
    if isinstance(problem, aiohttp.ClientConnectorCertificateError):
        return "certificate not valid"
    if isinstance(problem, aiohttp.ClientConnectorSSLError):
        return "no TLS connection"
    if isinstance(problem, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return "name not found"
    if isinstance(problem, aiohttp.ClientConnectorError):
        return "no connection"
    if isinstance(problem, aiohttp.ServerDisconnectedError | ConnectionError):
        return "connection closed"
    return "not an HTTP answer"
