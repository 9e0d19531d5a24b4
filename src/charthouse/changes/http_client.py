"""HTTP client for webhook receivers: no internal addresses, no redirects, a ten-second timeout, bounded response
bodies.

``Resolver`` resolves and checks the address for the very connection that is then made, which rules out DNS rebinding.
Importing this module takes a third of a second (aiohttp): who does not send imports ``receiver_urls`` alone.
"""

import asyncio
import hmac
import secrets
import socket
import string
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from charthouse.changes import app_webhooks
from charthouse.changes.delivery_queue import Outcome
from charthouse.changes.receiver_urls import is_address_allowed, is_ip_literal

TIMEOUT = 10.0  # seconds, for a whole attempt
DRAIN_TIMEOUT = 0.5  # seconds to read the body after the status
MAX_RESPONSE_BODY = 64 * 1024  # bytes
_LETTERS = string.ascii_letters + string.digits
_lookups = ThreadPoolExecutor(64, "webhook-dns")


class AddressRefused(OSError):
    """The host has no address that may be called."""


class Resolver(AbstractResolver):
    """An aiohttp resolver that returns only addresses that may be called. Raises AddressRefused where there is none."""

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
            if is_address_allowed(str(address[0]))
        ]
        if not good:
            raise AddressRefused("address not allowed")
        return good

    async def close(self) -> None:
        pass


def open_session() -> aiohttp.ClientSession:
    """Open a client session for calls to receivers. Open and close it within a running event loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, resolver=Resolver(), ttl_dns_cache=10, keepalive_timeout=5),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT),
        auto_decompress=False,
        trust_env=False,
    )


async def post(client: aiohttp.ClientSession, url: str, headers: dict[str, str], body: bytes) -> Outcome:
    """Make one delivery attempt. Errors that a receiver can cause are part of the outcome, not raised."""
    began = time.monotonic()
    status, error = None, ""
    try:
        async with asyncio.timeout(TIMEOUT):
            response = await _send_request(client, "POST", url, headers=headers, data=body)
            status = response.status
            await _drain_response(response)
    except (OSError, TimeoutError, ValueError, aiohttp.ClientError) as problem:
        error = _describe_error(problem) if status is None else ""
    if status is not None and not 200 <= status < 300:
        error = "redirected" if 300 <= status < 400 else f"answered {status}"
    return Outcome(status, round((time.monotonic() - began) * 1000), error)


async def verify(url: str, secret: str) -> str:
    """Ask a receiver to prove that it knows the secret. Return "" on success, else a short description of the error."""
    message = "".join(secrets.choice(_LETTERS) for _ in range(32))
    async with open_session() as client:
        try:
            async with asyncio.timeout(TIMEOUT):
                target = URL(url).update_query(msg=message)
                response = await _send_request(
                    client, "GET", str(target), headers={"Accept": "application/json"}
                )
                if response.status != 200:
                    response.close()
                    return f"answered {response.status}, not 200"
                body = await _read_body(response)
        except (OSError, TimeoutError, ValueError, aiohttp.ClientError) as problem:
            return _describe_error(problem)
    if body is None:
        return "the answer is too long"
    try:
        answer: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "the answer is not JSON"
    given = answer.get("secret_token") if isinstance(answer, dict) else None
    if not isinstance(given, str):
        return "the answer has no secret_token"
    if not hmac.compare_digest(
        given.encode(), app_webhooks.compute_verification_digest(secret, message).encode()
    ):
        return "the secret_token is not the HMAC-SHA256 of msg"
    return ""


async def _send_request(
    client: aiohttp.ClientSession, method: str, url: str, **options: Any
) -> aiohttp.ClientResponse:
    host = URL(url).host or ""
    if is_ip_literal(host) and not is_address_allowed(host):  # aiohttp does not resolve IP literals
        raise AddressRefused("address not allowed")
    return await client.request(method, url, allow_redirects=False, **options)


async def _drain_response(response: aiohttp.ClientResponse) -> None:
    """Read a short body, so that the connection can be reused; close the connection otherwise."""
    body = None
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(DRAIN_TIMEOUT):
            body = await _read_body(response)
    if body is None:
        response.close()


async def _read_body(response: aiohttp.ClientResponse) -> bytes | None:
    """Return the whole body, None if it exceeds MAX_RESPONSE_BODY bytes."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_RESPONSE_BODY:
            response.close()
            return None
    response.release()
    return bytes(body)


def _describe_error(problem: BaseException) -> str:
    """Describe an error in a few words, without anything from the receiver."""
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, AddressRefused):
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
