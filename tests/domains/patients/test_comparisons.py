"""People are found by what is meant, whatever case, accents, blanks and composition: both APIs, and checks."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection, connections, transaction

import charthouse
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.search import search
from charthouse.engine.sql.folding import APOSTROPHES, HYPHENS
from charthouse.identity import tenancy
from tests.domains.caller import Caller
from tests.statements import explain, find_page_statement, walk_plan
from tests.support import make_api_user, make_practice

SOURCE = Path(charthouse.__file__).parent
# What is stored and what is asked; both were written by somebody in another way.
SAME = (
    ("Amara", " amara "),
    ("Amara", "AMARA"),
    ("Zoë", "zoe"),
    ("Zoe", "ZOË"),
    ("Zoe\u0308", "Zo\u00eb"),
    ("Jos\u00e9 \u00c1ngel", "jose  angel"),
    ("Łukasz", "lukasz"),
    ("Søren", "soren"),
    ("Großmann", "GROSSMANN"),
    *[(f"O{mark}Brien", "o'brien") for mark in APOSTROPHES],
    *[(f"Anne{mark}Marie", "anne-marie") for mark in HYPHENS],
    ("\uff21\uff44\uff41", "Ada"),
    ("Σωκράτης", "ΣΩΚΡΑΤΗΣ"),
    ("\u0418\u0432\u0430\u043d", "\u0438\u0432\u0430\u043d"),
)
TAG = {
    "category": "Care",
    "description": "Calls go through.",
    "displays_on_dash": True,
    "note_displays_on_dashboard": False,
    "displays_on_calendar": True,
    "color": "b2f07e",
}
OTHER = (("Amara", "Amar a"), ("Zoe", "Zo"), ("Lee", "Li"))


@pytest.fixture
def caller() -> Caller:
    return Caller(make_practice(refuse_duplicate_patients=True))


def make_stored(stored: str, caller: Caller, **values: Any) -> int:
    """A patient as one from before texts were normalized: the row has what it has."""
    with tenancy.within(caller.clinic.id):
        return Patient.objects.create(
            practice=caller.clinic.practice,
            doctor=caller.doctor,
            last_name=stored,
            first_name="Ada",
            gender="Female",
            date_of_birth="1987-04-12",
            **values,
        ).pk


@pytest.mark.parametrize(("stored", "asked"), SAME, ids=ascii)
def test_names_are_compared_as_meant(caller: Caller, stored: str, asked: str) -> None:
    row = make_stored(f" {stored} ", caller, email=" Ada@Example.COM ")
    cerbo = make_api_user(caller.clinic.practice).client()
    for path in ("patients", "patients_summary"):
        assert caller.ids(path, last_name=asked) == [row]
    found = cerbo.get("/api/v1/patients/search", params={"last_name": asked}).json()["data"]
    assert [one["id"] for one in found] == [str(row)]
    again = caller.post("patients", caller.patient(first_name=" ADA", last_name=asked))
    assert again.status_code == 409
    assert cerbo_duplicate(cerbo, asked).status_code == 409


def cerbo_duplicate(cerbo: httpx.Client, name: str) -> httpx.Response:
    body = {"first_name": "ada ", "last_name": name, "dob": "1987-04-12", "sex": "F"}
    return cerbo.post("/api/v1/patients", json=body)


@pytest.mark.parametrize(("stored", "asked"), OTHER, ids=ascii)
def test_other_names_are_other_people(caller: Caller, stored: str, asked: str) -> None:
    make_stored(stored, caller)
    cerbo = make_api_user(caller.clinic.practice).client()
    assert cerbo.get("/api/v1/patients/search", params={"last_name": asked}).json()["data"] == []
    assert caller.post("patients", caller.patient(first_name="Ada", last_name=asked)).status_code == 201


def test_emails_are_compared_without_case_and_blanks(caller: Caller) -> None:
    row = make_stored("Lee", caller, email="Lee@Example.com ", email2="second@example.com")
    make_stored("Other", caller, email="lee@example.community")
    cerbo = make_api_user(caller.clinic.practice).client()
    for asked in ("lee@example.com", " LEE@EXAMPLE.COM"):
        assert caller.ids(email=asked) == [row]
        found = cerbo.get("/api/v1/patients/search", params={"email": asked}).json()["data"]
        assert [one["id"] for one in found] == [str(row)]
    assert caller.ids(email="%") == []
    found = cerbo.get("/api/v1/patients/search", params={"email": "SECOND@%"}).json()["data"]
    assert [one["id"] for one in found] == [str(row)]


@pytest.mark.parametrize("stored", ["(303) 555-0142", "+1 303 555 0142", "303.555.0142"])
@pytest.mark.parametrize("column", ["home_phone", "cell_phone", "office_phone", "phone_other"])
def test_cerbo_finds_patients_by_digits_of_a_telephone_number(
    caller: Caller, stored: str, column: str
) -> None:
    row = make_stored("Lee", caller, **{column: stored})
    make_stored("Other", caller, **{column: "(303) 555-0143"})
    make_stored("Nobody", caller)
    cerbo = make_api_user(caller.clinic.practice).client()

    def found(phone: str) -> list[str]:
        return [
            one["id"] for one in cerbo.get("/api/v1/patients/search", params={"phone": phone}).json()["data"]
        ]

    for asked in (
        "3035550142",
        "+13035550142",
        "1-303-555-0142",
        "(303) 555-0142",
        "%0142",
        "303%142",
        "%0142%",
    ):
        assert found(asked) == [str(row)], asked
    assert len(found("303555014%")) == 2
    assert found("555014") == []
    for asked in ("Lee", "%", "\u0663"):
        answer = cerbo.get("/api/v1/patients/search", params={"phone": asked})
        assert answer.json()["error"]["fields"].keys() == {"phone"}


def test_blanks_alone_filter_nothing(caller: Caller) -> None:
    row = make_stored("Lee", caller)
    assert caller.ids(last_name=" ") == caller.ids(email="\u00a0") == [row]


def test_a_list_by_email_is_an_index_scan(caller: Caller) -> None:
    """Under row security, as the web role, whatever the number of patients."""
    who = {"practice": caller.clinic.practice, "doctor": caller.doctor, "gender": "Female"}
    with tenancy.within(caller.clinic.id):
        patients = [Patient(**who, email=f"lee{number}@example.com") for number in range(2000)]
        Patient.objects.bulk_create(patients, batch_size=500)
        with connections["owner"].cursor() as cursor:
            cursor.execute("analyze patients_patient")
    statement = find_page_statement(lambda: caller.ids(email="Lee7@example.com"))
    with tenancy.within(caller.clinic.id), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local plan_cache_mode = force_generic_plan")
        nodes = list(walk_plan(explain(cursor, statement)))
    (scan,) = (node for node in nodes if node.get("Index Name") == "patient_email")
    assert "email_folded = " in scan["Index Cond"]


def test_what_is_written_is_kept_trimmed_and_composed(caller: Caller) -> None:
    made = caller.new(
        first_name="  Zoe\u0308 ",
        last_name="Lee  ",
        address=" 1 Elm Street\nFlat 2 ",
        email=" Zoe@Example.com",
    )
    names = ("first_name", "last_name", "address", "email")
    assert [made[name] for name in names] == ["Zo\u00eb", "Lee", "1 Elm Street\nFlat 2", "Zoe@Example.com"]


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"email": "amara"}, "email"),
        ({"email": "a@b, c@d.com"}, "email"),
        ({"cell_phone": "call me"}, "cell_phone"),
        ({"home_phone": "12"}, "home_phone"),
        ({"first_name": "A\nB"}, "first_name"),
        ({"last_name": " "}, "last_name"),
        ({"employer": "A\x07"}, "employer"),
        ({"referring_doctor": {"email": "nobody"}}, "referring_doctor"),
    ],
    ids=str,
)
def test_texts_that_are_none(caller: Caller, values: dict[str, Any], wrong: str) -> None:
    answer = caller.post("patients", caller.patient(**values))
    assert answer.status_code == 400
    assert set(answer.json()) == {wrong}


@pytest.mark.parametrize(
    ("path", "key"), [("tags", "name"), ("appointment_types", "name")], ids=["tags", "appointment types"]
)
def test_names_that_are_given_once(caller: Caller, path: str, key: str) -> None:
    cerbo = make_api_user(caller.clinic.practice).client()
    body = TAG if path == "tags" else {"default_length": 30}
    assert cerbo.post(f"/api/v1/{path}", json=body | {key: " Caf\u00e9 visit "}).status_code == 200
    for same in ("Caf\u00e9 visit", "cafe  VISIT", "Cafe\u0301 visit"):
        answer = cerbo.post(f"/api/v1/{path}", json=body | {key: same})
        assert answer.status_code == 400
        assert set(answer.json()["error"]["fields"]) == {key}
    assert cerbo.post(f"/api/v1/{path}", json=body | {key: "Cafe visits"}).status_code == 200


@pytest.mark.parametrize(
    "asked",
    ["5552014433", "(555) 201-4433", "201.4433", "+1 555 201 4433", "zoe lee", "LEE@example", "1987-04-12"],
)
def test_the_console_finds_a_patient(caller: Caller, asked: str) -> None:
    row = make_stored("Lee", caller, middle_name="x", email="Lee@Example.com", cell_phone="1-555-201-4433")
    with tenancy.within(caller.clinic.id):
        Patient.objects.filter(pk=row).update(first_name="Zo\u00eb")
        rows = Patient.objects.filter(practice=caller.clinic.practice)
        assert [found.pk for found in search(rows, asked)[0]] == [row]
        assert not search(rows, "5552014434")[0].exists()


# -- dates of a life --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"date_of_birth": "2099-01-01"}, "date_of_birth"),
        ({"date_of_birth": "0001-01-01"}, "date_of_birth"),
        ({"date_of_birth": "1850-01-01"}, "date_of_birth"),
        ({"date_of_death": "2099-01-01"}, "date_of_death"),
        ({"date_of_death": "1987-04-11"}, "date_of_death"),
        ({"date_of_birth": "1850-01-01", "date_of_death": "1990-01-01"}, "date_of_birth"),
    ],
    ids=str,
)
def test_lives_that_cannot_be(caller: Caller, values: dict[str, Any], wrong: str) -> None:
    answer = caller.post("patients", caller.patient(**values))
    assert answer.status_code == 400
    assert set(answer.json()) == {wrong}
    made = caller.new()
    patched = caller.patch(made["id"], **values)
    assert patched.status_code == 400
    assert set(patched.json()) == {wrong}


def test_lives_that_can_be(caller: Caller) -> None:
    for values in (
        {"date_of_birth": "1900-01-01"},
        {"date_of_birth": "1830-01-01", "date_of_death": "1910-05-01"},
        {"date_of_birth": "1950-05-01", "date_of_death": "1950-05-01"},
    ):
        caller.new(allow_duplicates=True, **values)


def test_cerbo_refuses_a_birth_that_cannot_be(caller: Caller) -> None:
    cerbo = make_api_user(caller.clinic.practice).client()
    for born in ("2099-01-01", "0001-01-01", "1850-01-01"):
        body = {"first_name": "Ada", "last_name": "Lee", "dob": born, "sex": "F"}
        answer = cerbo.post("/api/v1/patients", json=body)
        assert answer.status_code == 400
        assert set(answer.json()["error"]["fields"]) == {"dob"}
    row = make_stored("Lee", caller, date_of_death="2001-01-01")
    assert cerbo.patch(f"/api/v1/patients/{row}", json={"dob": "2001-01-02"}).status_code == 400
    assert cerbo.patch(f"/api/v1/patients/{row}", json={"dob": "2001-01-01"}).status_code == 200


# Lookups of Django that fold case alone, by module: why nothing else has to be folded there.
UNFOLDED = {
    "domains/patients/drchrono/insurances.py": {"payer_id__icontains", "state__iexact"},  # codes
    "console/patients/registration.py": {"payer_id__istartswith"},  # a code
    "console/developer/api_explorer.py": {"username__startswith"},  # a prefix of generated names
    "identity/password_links.py": {"email__iexact"},  # an address that only differs by accents is another
}


def test_no_text_is_compared_in_a_way_of_its_own() -> None:
    """People's words are compared as ``engine.sql.folding`` says; what compares otherwise is listed."""
    lookup = re.compile(r"\w+__(?:i?contains|iexact|i?startswith|i?endswith)(?==)")
    lists = {"week_days__contains", "day_parts__contains", "folded__contains"}
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in path.parts and (names := set(lookup.findall(path.read_text())) - lists):
            found[path.relative_to(SOURCE).as_posix()] = names
    assert found == UNFOLDED
