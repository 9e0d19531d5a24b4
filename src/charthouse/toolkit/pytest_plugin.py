"""Fixtures of pytest for tests of an integration: a sandbox that runs for the session, a practice for each test.

The sandbox is made once and kept in ``$CHARTHOUSE_TEST_DATA``, by default in the user's cache directory. Under
pytest-xdist the first worker uses it, and each other a fork of its own: clocks and faults don't disturb each other.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from charthouse.toolkit import launching
from charthouse.toolkit.calls import ApiClient, format_basic, format_bearer
from charthouse.toolkit.client import Sandbox, SandboxError
from charthouse.toolkit.receiver import Receiver


@pytest.fixture(scope="session")
def charthouse() -> Iterator[Sandbox]:
    """A running sandbox: ``charthouse.base_url`` is its address, its groups of controls are attributes."""
    with launching.run_shared(launching.find_data()) as sandbox:
        if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
            yield sandbox
        else:
            with _fork(sandbox) as fork:
                yield fork


@contextmanager
def _fork(sandbox: Sandbox) -> Iterator[Sandbox]:
    fork = sandbox.forks.create()
    try:
        yield Sandbox.open(Path(fork.data))
    finally:
        sandbox.forks.delete(port=fork.port)


@pytest.fixture
def practice(charthouse: Sandbox) -> Any:
    """A practice of the test's own: ``id``, ``user`` (a username), ``doctor``, ``office``, ``exam_room``, ``patients``,
    ``app``, ``token``, ``api_user``."""
    return charthouse.practices.create()


@pytest.fixture
def client_drchrono(charthouse: Sandbox, practice: Any) -> Iterator[Callable[..., ApiClient]]:
    """Makes clients of DrChrono's API: ``client_drchrono(scopes=["patients:read"])``. Without options it calls as the
    practice's app; options are those of ``tokens.mint``."""
    with _closing() as clients:

        def make(**options: Any) -> ApiClient:
            token = practice.token
            if options:
                token = charthouse.tokens.mint(**{"user": practice.user} | options)
            clients.append(ApiClient(f"{charthouse.base_url}/api", format_bearer(token.access_token)))
            return clients[-1]

        yield make


@pytest.fixture
def client_cerbo(charthouse: Sandbox, practice: Any) -> Iterator[Callable[..., ApiClient]]:
    """Makes clients of Cerbo's API: ``client_cerbo(read_only=True)``. Without options it calls as the practice's API
    user; options are those of ``api_users.create``."""
    with _closing() as clients:

        def make(**options: Any) -> ApiClient:
            user = practice.api_user
            if options:
                user = charthouse.api_users.create(**{"practice": practice.id} | options)
            clients.append(
                ApiClient(f"{charthouse.base_url}/api/v1", format_basic(user.username, user.secret))
            )
            return clients[-1]

        yield make


@contextmanager
def _closing() -> Iterator[list[ApiClient]]:
    clients: list[ApiClient] = []
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


@pytest.fixture
def clock(charthouse: Sandbox) -> Iterator[Any]:
    """The sandbox's clock: ``clock.advance(by="3h")``, ``set``, ``freeze``. It is the system's again after the test."""
    yield charthouse.clock
    if charthouse.clock.show().ahead_seconds:
        charthouse.clock.real()


class PracticeFaults:
    """The faults of a practice: ``add`` takes the parameters of ``faults.add``."""

    def __init__(self, sandbox: Sandbox, practice: int) -> None:
        self._sandbox, self._practice = sandbox, practice
        self._added: list[int] = []

    def add(self, kind: str, **parameters: Any) -> Any:
        fault = self._sandbox.faults.add(**{"kind": kind, "practice": self._practice} | parameters)
        self._added.append(fault.id)
        return fault

    def clear(self) -> None:
        """Remove those that were added, and have not ended."""
        for number in self._added:
            try:
                self._sandbox.faults.remove(id=number)
            except SandboxError as error:
                if error.status != 404:
                    raise
        self._added.clear()


@pytest.fixture
def faults(charthouse: Sandbox, practice: Any) -> Iterator[PracticeFaults]:
    """Faults of the practice's calls and webhooks: ``faults.add("500", count=1)``. They end with the test."""
    found = PracticeFaults(charthouse, practice.id)
    yield found
    found.clear()


@pytest.fixture
def scenario(charthouse: Sandbox, practice: Any) -> Callable[[str], Any]:
    """Adds a scenario to the practice: ``scenario("locked-note").ids["appointment"]``."""
    return lambda name: charthouse.scenarios.add(name=name, practice=practice.id)


@pytest.fixture
def webhooks(charthouse: Sandbox, practice: Any) -> Iterator[Receiver]:
    """A receiver of all events of the practice, of both APIs: ``webhooks.wait_for("PATIENT_MODIFY")``."""
    receiver = Receiver()
    of_app = charthouse.webhooks.create(url=receiver.url, client_id=practice.app.client_id)
    of_practice = charthouse.webhooks.create(url=receiver.url, practice=practice.id)
    try:
        yield receiver
    finally:
        for webhook in (of_app, of_practice):
            charthouse.webhooks.delete(id=webhook.id)
        receiver.close()
