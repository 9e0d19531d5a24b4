"""What HTTP, JSON and OAuth allow a client to send, and the answer: the tables of docs/protocol.md.

Each case has the title of its row there.
"""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import support
from tests.cases import each_case

DOCS = Path(__file__).parents[2] / "docs" / "protocol.md"
JSON = {"Content-Type": "application/json"}
FORM = "application/x-www-form-urlencoded"
PARTS = b'--b\r\nContent-Disposition: form-data; name="first_name"\r\n\r\n\xff\r\n--b--\r\n'
BOM = b"\xef\xbb\xbf"


class Caller:
    """A practice with a patient, and a client of each API."""

    def __init__(self) -> None:
        self.clinic = support.make_practice()
        self.app = support.make_app()
        self.token = support.issue_token(self.clinic.user, self.app)
        self.drchrono = support.client(self.token)
        self.api_user = support.make_api_user(self.clinic.practice)
        self.cerbo = self.api_user.client()
        made = self.drchrono.post("/api/patients", json={"doctor": self.clinic.doctor.pk, "gender": "Female"})
        self.patient = made.json()["id"]

    def write(self, content: bytes, **headers: str) -> tuple[httpx.Response, httpx.Response]:
        """The same PATCH of the patient through both APIs."""
        headers = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
        return (
            self.drchrono.patch(f"/api/patients/{self.patient}", content=content, headers=headers),
            self.cerbo.patch(f"/api/v1/patients/{self.patient}", content=content, headers=headers),
        )

    def ask(
        self, method: str = "GET", query: str = "", **headers: str
    ) -> tuple[httpx.Response, httpx.Response]:
        """The same call about the patient through both APIs."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return (
            self.drchrono.request(method, f"/api/patients/{self.patient}{query}", headers=headers),
            self.cerbo.request(method, f"/api/v1/patients/{self.patient}{query}", headers=headers),
        )

    def get_token(self, method: str = "POST", **options: Any) -> tuple[httpx.Response]:
        """A call of the token endpoint."""
        return (support.client().request(method, "/o/token/", **options),)

    @property
    def credentials(self) -> dict[str, str]:
        return {"client_id": self.app.client_id, "client_secret": self.app.client_secret}


@pytest.fixture(scope="module")
def caller(database: None) -> Caller:
    return Caller()


def write(content: bytes, **headers: str) -> Callable[[Caller], tuple[httpx.Response, ...]]:
    return lambda caller: caller.write(content, **headers)


def ask(
    method: str = "GET", query: str = "", **headers: str
) -> Callable[[Caller], tuple[httpx.Response, ...]]:
    return lambda caller: caller.ask(method, query, **headers)


def authorize(scheme: str, extra: str = "") -> Callable[[Caller], tuple[httpx.Response, ...]]:
    """Calls whose credentials are written in another way."""

    def call(caller: Caller) -> tuple[httpx.Response, ...]:
        basic = base64.b64encode(f"{caller.api_user.row.username}:{caller.api_user.secret}".encode()).decode()
        names = {"lower": ("bearer", "basic"), "upper": ("BEARER", "BASIC"), "plain": ("Bearer", "Basic")}[
            scheme
        ]
        return (
            support.client().get(
                "/api/patients", headers={"Authorization": f"{names[0]} {extra}{caller.token}"}
            ),
            support.client().get("/api/v1/tags", headers={"Authorization": f"{names[1]} {extra}{basic}"}),
        )

    return call


def token(method: str = "POST", **fields: Any) -> Callable[[Caller], tuple[httpx.Response, ...]]:
    def call(caller: Caller) -> tuple[httpx.Response, ...]:
        return caller.get_token(method, data=caller.credentials | fields)

    return call


def token_as_json(caller: Caller) -> tuple[httpx.Response, ...]:
    return caller.get_token(json=caller.credentials | {"grant_type": "refresh_token", "refresh_token": "x"})


def token_twice(caller: Caller) -> tuple[httpx.Response, ...]:
    pairs = [*caller.credentials.items(), ("grant_type", "refresh_token"), ("grant_type", "refresh_token")]
    content = "&".join(f"{name}={value}" for name, value in pairs)
    return caller.get_token(content=content, headers={"Content-Type": "application/x-www-form-urlencoded"})


def call_anonymously(caller: Caller) -> tuple[httpx.Response, ...]:
    return tuple(support.client().get(url) for url in ("/api/patients", "/api/v1/tags"))


def token_in_query(caller: Caller) -> tuple[httpx.Response, ...]:
    return (support.client().get("/api/patients", params={"access_token": caller.token}),)


# Title of the row → (calls, the statuses that any of them may answer).
CASES: dict[str, tuple[Callable[[Caller], tuple[httpx.Response, ...]], tuple[int, ...]]] = {
    "HEAD": (ask("HEAD"), (200,)),
    "OPTIONS": (ask("OPTIONS"), (405,)),
    "A method that the URL lacks": (ask("POST"), (405,)),
    "A method that nobody knows": (ask("FROB"), (405,)),
    "Accept without JSON": (ask(Accept="text/html"), (200,)),
    "Accept-Encoding": (ask(Accept_Encoding="br, gzip;q=0.5, *;q=0"), (200,)),
    "Content-Type on a GET": (ask(**{"Content_Type": "application/json"}), (200,)),
    "If-None-Match on an object": (ask(If_None_Match="*"), (200,)),
    "A header twice": (ask(X_DRC_API_Version="v4, v4"), (200,)),
    "An unknown query parameter": (ask(query="?nothing=1&=&a"), (200,)),
    "A trailing slash": (ask(query="/"), (200,)),
    "No body": (lambda caller: caller.write(b""), (200, 204)),
    "A compressed body": (write(b"{}", Content_Encoding="gzip"), (415,)),
    "Content-Encoding identity": (write(b"{}", Content_Encoding="identity"), (200, 204)),
    "A form that is not UTF-8": (write(b"first_name=%ff", Content_Type=FORM), (400,)),
    "Parts that are not UTF-8": (write(PARTS, Content_Type="multipart/form-data; boundary=b"), (400,)),
    "A charset of JSON": (write(b"{}", Content_Type="application/json; charset=UTF-8"), (200, 204)),
    "A suffix +json": (write(b"{}", Content_Type="application/merge-patch+json"), (200, 204)),
    "An unknown media type": (write(b"<a/>", Content_Type="application/xml"), (415,)),
    "A byte order mark": (write(BOM + b"{}"), (200, 204)),
    "UTF-16": (write("{}".encode("utf-16")), (400,)),
    "Invalid UTF-8": (write(b'{"first_name": "\xff"}'), (400,)),
    "Half a surrogate pair": (write(b'{"first_name": "\\ud83d"}'), (400,)),
    "An escaped surrogate pair": (write(b'{"first_name": "\\ud83d\\ude00"}'), (200, 204)),
    "A name twice": (write(b'{"first_name": "Eve", "first_name": "Ada"}'), (200, 204)),
    "White space around": (write(b" \t\r\n{ } \n"), (200, 204)),
    "Text after the end": (write(b"{} {}"), (400,)),
    "A comma too many": (write(b'{"first_name": "Ada",}'), (400,)),
    "A comment": (write(b"{} // none"), (400,)),
    "NaN": (write(b'{"first_name": NaN}'), (400,)),
    "A huge number": (write(b'{"first_name": 1e999999}'), (400,)),
    "Deep nesting": (write(b"[" * 100_000), (400,)),
    "Not an object": (write(b"5"), (400,)),
    "A scheme in lower case": (authorize("lower"), (200,)),
    "A scheme in upper case": (authorize("upper"), (200,)),
    "Two spaces after the scheme": (authorize("plain", " "), (200,)),
    "No credentials": (call_anonymously, (401,)),
    "A token in the query": (token_in_query, (401,)),
    "GET of the token endpoint": (token("GET"), (405,)),
    "No grant_type": (token(), (401,)),
    "An unknown grant_type": (token(grant_type="password", username="a", password="b"), (401,)),
    "JSON to the token endpoint": (token_as_json, (401,)),
    "A parameter twice": (token_twice, (401,)),
}  # fmt: skip


@each_case("title", CASES)
def test_the_answer(caller: Caller, title: str) -> None:
    call, statuses = CASES[title]
    for answer in call(caller):
        assert answer.status_code in statuses, (
            f"{answer.request.url}: {answer.status_code} {answer.text[:200]}"
        )
        if answer.request.method != "HEAD" and answer.content:
            assert isinstance(json.loads(answer.content), dict)


def test_of_a_name_that_is_given_twice_the_last_counts(caller: Caller) -> None:
    caller.write(b'{"first_name": "Eve", "first_name": "Ada"}')
    assert [answer.json()["first_name"] for answer in caller.ask()] == ["Ada", "Ada"]


def test_cerbos_base_path_may_be_short(caller: Caller) -> None:
    """All of the API answers below /v1 as below /api/v1; URLs in answers are the long ones."""
    for path in ("patients", f"patients/{caller.patient}", "appointment_types", "nothing"):
        long, short = (caller.cerbo.get(f"{base}/{path}") for base in ("/api/v1", "/v1"))
        assert (short.status_code, short.content) == (long.status_code, long.content)
    url = f"/v1/patients/{caller.patient}"
    assert caller.cerbo.patch(url, json={"first_name": "Ada"}).json()["first_name"] == "Ada"
    assert support.client().get("/v1/patients").status_code == 401
    assert support.client(caller.token).get("/v1/patients").status_code == 401
    assert caller.cerbo.get("/v1").status_code == caller.cerbo.get("/v1beta/patients").status_code == 404


def test_the_table_lists_the_cases() -> None:
    rows = re.findall(r"^\| ([^|]+?) \|.*\d{3}", DOCS.read_text(), re.MULTILINE)
    assert rows == list(CASES)


def test_a_file_that_the_caller_has_is_not_sent_again(caller: Caller) -> None:
    body = {
        "doctor": caller.clinic.doctor.pk,
        "patient": caller.patient,
        "date": "2026-03-02",
        "description": "Scan",
    }
    answer = caller.drchrono.post("/api/documents", data=body, files={"document": ("a.pdf", b"%PDF-1.7\n")})
    link = answer.json()["document"]
    urls = (link, f"/api/v1/documents/{answer.json()['id']}/content")
    for client, url in zip((caller.drchrono, caller.cerbo), urls, strict=True):
        tag = client.get(url).headers["ETag"]
        for names in (tag, f'"other", W/{tag}', "*"):
            unchanged = client.get(url, headers={"If-None-Match": names, "Range": "bytes=0-1"})
            assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", tag)
        assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
