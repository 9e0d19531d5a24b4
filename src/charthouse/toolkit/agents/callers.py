"""In whose name an agent calls: a token of an app and an API user of its own, so that scopes, permissions, anonymizing,
limits and the request log hold for it as for any other program."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from charthouse.toolkit.calls import ApiClient, Response, format_basic, format_bearer
from charthouse.toolkit.client import Sandbox, SandboxError
from charthouse.toolkit.controls.modes import EXPLAIN_HEADER

NAME = "Agent (MCP)"
TOKEN_VARIABLE = "CHARTHOUSE_TOKEN"  # noqa: S105 the name of a variable
USER_VARIABLE, SECRET_VARIABLE = "CHARTHOUSE_API_USER", "CHARTHOUSE_API_SECRET"
DOCUMENTS = {"drchrono": "/openapi/drchrono.json", "cerbo": "/openapi/cerbo.json"}


@dataclass
class Caller:
    """Calls one API. ``issue`` makes credentials: the Authorization header; those that are refused are made again once,
    where ``renews`` says that this may help."""

    api: str
    base_url: str
    issue: Callable[[], str]
    renews: bool = False
    _authorization: str | None = None

    def send(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Response:
        """Call the API. Raises OSError, http.client.HTTPException and SandboxError."""
        answer = self._send(method, path, query, body)
        if answer.status_code == 401 and self.renews:
            self._authorization = None
            answer = self._send(method, path, query, body)
        return answer

    def _send(self, method: str, path: str, query: Mapping[str, Any] | None, body: Any) -> Response:
        if self._authorization is None:
            self._authorization = self.issue()
        client = ApiClient(self.base_url, self._authorization)
        headers = {EXPLAIN_HEADER: "1"} if self.renews else {}
        try:
            return client.request(method, path, json=body, params=query or None, headers=headers)
        finally:
            client.close()


def load_document(base_url: str, api: str) -> dict[str, Any]:
    """Load the OpenAPI document of an API. Raises SandboxError where the server does not answer with one."""
    client = ApiClient(base_url, "")
    try:
        answer = client.get(DOCUMENTS[api])
        found: dict[str, Any] = answer.json()
    except (OSError, ValueError) as error:
        raise SandboxError(f"{base_url} does not answer: {error}") from None
    finally:
        client.close()
    if answer.status_code != 200:
        raise SandboxError(f"{base_url}{DOCUMENTS[api]} answers {answer.status_code}.")
    return found


def make_sandbox_callers(
    sandbox: Sandbox, practice: int | None, *, writes: bool, anonymize: bool
) -> dict[str, Caller]:
    """Callers of both APIs in a sandbox: an app and an API user that may write only with ``writes``. Anonymous callers
    are API users, so with ``anonymize`` there is Cerbo's API alone."""

    def issue_token() -> str:
        user = _find_user(sandbox, practice)
        app = sandbox.apps.create(name=NAME, user=user)
        scopes = None if writes else [scope for scope in app.scopes if scope.endswith(":read")]
        token = sandbox.tokens.mint(user=user, client_id=app.client_id, scopes=scopes)
        return format_bearer(token.access_token)

    def issue_api_user() -> str:
        user = sandbox.api_users.create(
            practice=practice, name=NAME, read_only=not writes, anonymize=anonymize
        )
        return format_basic(user.username, user.secret)

    found = {"cerbo": Caller("cerbo", sandbox.base_url, issue_api_user, renews=True)}
    if not anonymize:
        found["drchrono"] = Caller("drchrono", sandbox.base_url, issue_token, renews=True)
    return found


def _find_user(sandbox: Sandbox, practice: int | None) -> str | None:
    """The primary user of a practice of sandbox.json; None: the first practice's. Raises SandboxError."""
    if practice is None:
        return None
    for described in sandbox.described["practices"]:
        if described["id"] == practice:
            return next(str(user["username"]) for user in described["users"] if user["is_primary"])
    raise SandboxError(f"sandbox.json has no practice {practice}.")


def make_callers(url: str, environ: Mapping[str, str] = os.environ) -> dict[str, Caller]:
    """Callers of a server by credentials in the environment. Raises SandboxError where there are none."""
    found = {}
    if token := environ.get(TOKEN_VARIABLE):
        found["drchrono"] = Caller("drchrono", url, lambda: format_bearer(token))
    username, secret = environ.get(USER_VARIABLE), environ.get(SECRET_VARIABLE)
    if username and secret:
        found["cerbo"] = Caller("cerbo", url, lambda: format_basic(username, secret))
    if not found:
        raise SandboxError(f"Set {TOKEN_VARIABLE}, or {USER_VARIABLE} and {SECRET_VARIABLE}.")
    return found


def describe_refusal(answer: Response) -> dict[str, Any]:
    """What an agent has to know of a call that was refused."""
    said: dict[str, Any] = {"status": answer.status_code, "answer": answer.text[:4000]}
    if explained := answer.headers.get(EXPLAIN_HEADER.lower()):
        said["explanation"] = json.loads(explained)
    return said
