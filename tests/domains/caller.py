"""A person of a practice with an app, for tests of the rooms."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
from django.db import connection

from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS, RIGHTS, SCOPES
from tests.support import Clinic, client, issue_token, make_app, make_practice, make_user

NEW = {"first_name": "Amara", "last_name": "Okafor", "gender": "Female", "date_of_birth": "1987-04-12"}
Answer = TypeVar("Answer")


class Caller:
    """Somebody of ``clinic`` (a fresh one by default) whose requests go through the API."""

    def __init__(
        self,
        clinic: Clinic | None = None,
        *,
        scopes: Iterable[str] = (*SCOPES, *RIGHTS),
        permissions: Iterable[str] = PERMISSIONS,
        **user: Any,
    ) -> None:
        tenancy.clear_tenant()  # a request made by this thread has left its practice behind
        self.clinic = clinic or make_practice()
        self.doctor = user.pop("doctor", self.clinic.doctor)
        self.user = make_user(self.clinic.practice, doctor=self.doctor, permissions=permissions, **user)
        self.token = issue_token(self.user, make_app(scopes))
        self.http = client(self.token)

    def patient(self, **values: Any) -> dict[str, Any]:
        """The body of a new patient of the caller's doctor."""
        return NEW | {"doctor": self.doctor.pk} | values

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(f"/api/{path}", json=body)

    def new(self, path: str = "patients", **values: Any) -> dict[str, Any]:
        """The object of a create that must succeed."""
        body = self.patient(**values) if path.startswith("patients") else {"doctor": self.doctor.pk} | values
        response = self.post(path, body)
        assert response.status_code == 201, response.text
        return response.json()

    def get(self, row: int, path: str = "patients") -> dict[str, Any]:
        """The object with its verbose keys."""
        response = self.http.get(f"/api/{path}/{row}", params={"verbose": "true"})
        assert response.status_code == 200, response.text
        return response.json()

    def patch(self, row: int, path: str = "patients", **values: Any) -> httpx.Response:
        return self.http.patch(f"/api/{path}/{row}", json=values)

    def ids(self, path: str = "patients", **parameters: Any) -> list[int]:
        response = self.http.get(f"/api/{path}", params=parameters)
        assert response.status_code == 200, response.text
        return [row["id"] for row in response.json()["results"]]


def at_once(count: int, call: Callable[[int], Answer]) -> list[Answer]:
    """``call(0)`` … ``call(count - 1)``, each on a connection of its own, at the same time."""

    def run(index: int) -> Answer:
        try:
            return call(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
