"""Values that JSON does not have, or that no number or text holds: refused, and the error names them."""

from typing import Any

import httpx
import pytest

from charthouse.gateway.json_bodies import MAX_EXAMINED, NO_NUMBER, NO_UNICODE, TOO_LARGE
from tests import support
from tests.cases import each_case

JSON = {"Content-Type": "application/json"}
VALUES = {
    b"NaN": NO_NUMBER,
    b"-Infinity": NO_NUMBER,
    b"1e400": TOO_LARGE,
    b"-1e999999": TOO_LARGE,
    b"9" * 4301: TOO_LARGE,
    b'"\\ud800"': NO_UNICODE,
    b'"a\\udc00b"': NO_UNICODE,
    b'"\xff"': NO_UNICODE,
    b'"\xed\xa0\x80"': NO_UNICODE,
}
# Where the value stands → the errors of the body.
PLACES: dict[bytes, Any] = {
    b'{"first_name": "Ada", "last_name": %s}': lambda told: {"last_name": told},
    b'{"custom_demographics": [{"value": "x"}, {"value": %s}]}': lambda told: {
        "custom_demographics": {"1": {"value": told}}
    },
    b'{"email": %s, "nobody_knows_this": {"a": [1, %s]}}': lambda told: {
        "email": told,
        "nobody_knows_this": {"a": {"1": told}},
    },
}
UNNAMED = (
    b"%s",
    b"[%s]",
    b"[[%s]]",
    b'{"a": %s, }',
    b'{"a": %s} x',
    b'{"a": %s, "\\ud800": 1}',
    b'{"a": %s, "b": "' + b"x" * MAX_EXAMINED + b'"}',
    b'{"a": %s, "b": ' + b"[" * 5000 + b"]" * 5000 + b"}",
)


class Caller:
    def __init__(self) -> None:
        clinic = support.make_practice()
        self.drchrono = support.client(support.issue_token(clinic.user, support.make_app()))
        self.cerbo = support.make_api_user(clinic.practice).client()
        body = {"doctor": clinic.doctor.pk, "gender": "Female"}
        self.patient = self.drchrono.post("/api/patients", json=body).json()["id"]

    def write(self, content: bytes) -> tuple[httpx.Response, httpx.Response]:
        """The same change of the patient through both APIs."""
        return (
            self.drchrono.patch(f"/api/patients/{self.patient}", content=content, headers=JSON),
            self.cerbo.patch(f"/api/v1/patients/{self.patient}", content=content, headers=JSON),
        )


@pytest.fixture(scope="module")
def caller(database: None) -> Caller:
    return Caller()


@each_case("value", VALUES, ids=lambda value: repr(value[:20]))
def test_the_error_names_the_key(caller: Caller, value: bytes) -> None:
    for place, expect in PLACES.items():
        expected = expect([VALUES[value]])
        drchrono, cerbo = caller.write(place.replace(b"%s", value))
        assert (drchrono.status_code, drchrono.json()) == (400, expected)
        assert (cerbo.status_code, cerbo.json()["error"]["fields"]) == (400, expected)
        assert cerbo.json()["error"]["message"].endswith(VALUES[value])


@each_case("value", VALUES, ids=lambda value: repr(value[:20]))
def test_what_has_no_key_is_refused_as_a_whole(caller: Caller, value: bytes) -> None:
    for place in UNNAMED:
        for answer in caller.write(place.replace(b"%s", value)):
            assert answer.status_code == 400
            assert "JSON parse error" in answer.text


def test_the_error_names_the_item_of_a_list(caller: Caller) -> None:
    content = b'[{"first_name": "Ada"}, {"first_name": NaN}, {}]'
    answer = caller.drchrono.post("/api/patients", content=content, headers=JSON)
    assert (answer.status_code, answer.json()) == (
        400,
        {"detail": f"JSON parse error - 1.first_name: {NO_NUMBER}"},
    )


def test_the_largest_numbers_are_told_by_the_limits_of_their_key(caller: Caller) -> None:
    for answer in caller.write(b'{"doctor": ' + b"9" * 4300 + b"}"):
        assert (answer.status_code, "JSON" in answer.text) in ((400, False), (200, False))
