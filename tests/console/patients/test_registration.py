"""Registering a patient and editing the demographics: errors, duplicates, forms sent twice, two people at once."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import httpx
import pytest
from django.db import connection

from charthouse import clock
from charthouse.domains.patients.models import Coverage, Patient, Payer
from charthouse.identity import tenancy
from charthouse.identity.models import User
from charthouse.jobs import submissions, tasks
from tests.cases import each_case
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, client, make_practice, make_user

ADA = {"first_name": "Ada", "last_name": "Lovelace", "date_of_birth": "1985-12-10", "gender": "Female"}
HOME = {"cell_phone": "303.555.0142", "email": "Ada@Engine.example", "address": "12 Main St", "city": "Denver",
        "state": "CO", "zip_code": "802021234"}  # fmt: skip
PAYER = {
    "primary_insurance.insurance_company": "Aetna",
    "primary_insurance.insurance_id_number": "W123456789",
    "copay": "$25.00",
}


def fill(browser: httpx.Client, url: str = "/patients/new", /, **values: str) -> httpx.Response:
    return browser.post(url, data=parse_values(browser.get(url).text) | values)


def parse_values(page: str) -> dict[str, str]:
    """What a browser would send of the form as it is."""
    found = {
        name: unescape(value)
        for name, value in re.findall(r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', page)
        if f'name="{name}" value="true">' not in page
    }
    for name in re.findall(r'type="checkbox"[^>]* name="([^"]+)" value="true"( checked)?', page):
        found.pop(name[0], None)
        if name[1]:
            found[name[0]] = "true"
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        found[name] = unescape((re.findall(r'value="([^"]*)" selected', options) or [""])[0])
    areas = re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', page)
    return found | {name: unescape(text) for name, text in areas}


def list_errors(page: httpx.Response) -> dict[str, str]:
    return {
        name: unescape(text)
        for name, text in re.findall(r'id="id_([^"]+)-wrong">(?:<div>)?([^<]+)', page.text)
    }


def list_patients(clinic: Clinic) -> list[Any]:
    with tenancy.within(clinic.id):
        return list(Patient.objects.filter(practice=clinic.id, archived=False).order_by("pk"))


def test_a_patient_is_registered_with_insurance(clinic: Clinic, browser: httpx.Client) -> None:
    with bounded_queries():
        page = browser.get("/patients/new")
    values = parse_values(page.text) | ADA | HOME | PAYER
    answer = browser.post("/patients/new", data=values)
    assert answer.status_code == 302, list_errors(answer)
    (patient,) = list_patients(clinic)
    assert answer.headers["Location"] == f"/patients/{patient.pk}"
    assert (patient.cell_phone, patient.zip_code) == ("(303) 555-0142", "80202-1234")
    assert (patient.email, patient.copay, patient.doctor_id) == ("ada@engine.example", 25, clinic.doctor.pk)
    assert patient.patient_payment_profile == "Insurance"
    with tenancy.within(clinic.id):
        (coverage,) = Coverage.objects.filter(practice=clinic.id)
    assert (coverage.insurance_company, coverage.rank, coverage.is_subscriber_the_patient) == (
        "Aetna",
        1,
        True,
    )
    assert "Ada Lovelace is registered." in browser.get(answer.headers["Location"]).text


def test_choices_are_in_words(browser: httpx.Client) -> None:
    page = browser.get("/patients/new").text
    words = re.findall(r"<option[^>]*>([^<]*)</option>", page)
    assert {"she/her", "Child", "Commercial", "Spanish", "Active", "CO · Colorado"} <= {*map(unescape, words)}
    assert not [text for text in words if re.fullmatch(r"LA\d+-\d|[0-9A-Z]{1,2}|[a-z_]+", text)]
    title = re.search(r"<title>\s*([^<]*?)\s*</title>", page)
    assert title
    assert title[1].startswith("Register patient")


@each_case(
    ("values", "field", "words"),
    [
        ({"first_name": " ", "last_name": ""}, "last_name", "Enter a first or a last name."),
        ({"date_of_birth": ""}, "date_of_birth", "Enter the date of birth."),
        ({"date_of_birth": "2999-01-01"}, "date_of_birth", "in the future"),
        ({"date_of_birth": "1850-01-01"}, "date_of_birth", "130"),
        ({"date_of_birth": "12"}, "date_of_birth", "wrong format"),
        ({"gender": ""}, "gender", "Choose the sex."),
        ({"email": "ada"}, "email", "email"),
        ({"cell_phone": "call me"}, "cell_phone", "phone number"),
        ({"zip_code": "8020"}, "zip_code", "ZIP code"),
        ({"state": "Colorado"}, "state", "Choose a state."),
        ({"copay": "-1"}, "copay", ""),
        ({"copay": "twenty"}, "copay", "number"),
        (
            {"primary_insurance.insurance_id_number": "W1"},
            "primary_insurance.insurance_company",
            "Enter the payer.",
        ),
        ({"date_of_death": "1980-01-01"}, "date_of_death", ""),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    clinic: Clinic, browser: httpx.Client, values: dict[str, str], field: str, words: str
) -> None:
    answer = fill(browser, **(ADA | {"nick_name": "Countess"} | values))
    assert answer.status_code == 400
    assert words.lower() in list_errors(answer)[field].lower()
    assert 'value="Countess"' in answer.text, "nothing that was typed is lost"
    assert "Fix the highlighted fields." in answer.text
    assert list_patients(clinic) == []


def test_a_patient_of_the_same_name_and_birthday_is_asked_about(
    clinic: Clinic, browser: httpx.Client
) -> None:
    fill(browser, **ADA)
    asked = fill(browser, **(ADA | {"first_name": "ADÁ", "nick_name": "Twin"}))
    assert asked.status_code == 409
    assert "may be registered already" in asked.text
    assert 'value="Twin"' in asked.text
    assert len(list_patients(clinic)) == 1
    again = parse_values(asked.text) | {"not_a_duplicate": "yes"}
    assert browser.post("/patients/new", data=again).status_code == 302
    assert len(list_patients(clinic)) == 2


@each_case(
    ("typed", "reason"),
    [
        ({"first_name": "ada", "last_name": "LOVELACE"}, "same name"),
        ({"first_name": "Adelaide", "date_of_birth": "1985-12-10"}, ""),
        ({"first_name": "Adah", "last_name": "Byron", "date_of_birth": "1985-12-10"}, "same DOB"),
        ({"last_name": "Lovelace", "date_of_birth": "1985-12-10"}, "same DOB"),
        ({"cell_phone": "1 (303) 555 0142"}, "same phone"),
        ({"email": "ADA@engine.example"}, "same e-mail"),
        ({"first_name": "Ada"}, ""),
        ({"last_name": "Lovelace", "date_of_birth": "198"}, ""),
        ({}, ""),
    ],
)
def test_likely_duplicates_are_shown_while_typing(
    clinic: Clinic, browser: httpx.Client, typed: dict[str, str], reason: str
) -> None:
    with tenancy.within(clinic.id):
        names = {"first_name": "Ada", "last_name": "Lovelace", "cell_phone": "303-555-0142"}
        Patient.objects.create(practice=clinic.practice, doctor=clinic.doctor, gender="Female",
                               date_of_birth="1985-12-10", email="ada@engine.example", **names)  # fmt: skip
    token = parse_hidden_fields(browser.get("/patients/new"))["csrfmiddlewaretoken"]
    with bounded_queries():
        page = browser.post("/patients/new/duplicates", data={"csrfmiddlewaretoken": token} | typed)
    assert page.status_code == 200
    assert (reason in page.text and "Lovelace, Ada" in page.text) if reason else "Ada" not in page.text


def test_no_duplicate_of_another_practice_is_shown(browser: httpx.Client) -> None:
    other = make_practice()
    with tenancy.within(other.id):
        Patient.objects.create(practice=other.practice, doctor=other.doctor, gender="Female",
                               first_name="Ada", last_name="Lovelace")  # fmt: skip
    token = parse_hidden_fields(browser.get("/patients/new"))["csrfmiddlewaretoken"]
    page = browser.post("/patients/new/duplicates", data={"csrfmiddlewaretoken": token} | ADA)
    assert "Lovelace" not in page.text


def test_a_form_that_is_sent_twice_registers_once(clinic: Clinic, browser: httpx.Client) -> None:
    """One after the other, at once, and after a refusal; the token is forgotten after a day."""
    values = parse_values(browser.get("/patients/new").text) | ADA
    assert browser.post("/patients/new", data=values | {"gender": ""}).status_code == 400

    def post(_: int) -> httpx.Response:
        sender = client(cookies=browser.cookies)
        answer = sender.post("/patients/new", data=values | {"not_a_duplicate": "yes"})
        connection.close()
        return answer

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(post, range(3)))
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(list_patients(clinic)) == 1
    assert submissions.LIFETIME.days == 1
    with tenancy.within(clinic.id):
        submissions.Submission.objects.update(created_at=clock.now() - submissions.LIFETIME * 2)
    tasks.sweep()
    with tenancy.within(clinic.id):
        assert not submissions.Submission.objects.filter(practice=clinic.id).exists()


def test_payers_are_found_by_name_and_id(browser: httpx.Client) -> None:
    Payer.objects.using("owner").update_or_create(
        payer_type="emdeon", payer_id="71354", defaults={"payer_name": "Élan Benefits", "state": "CT"}
    )
    for text in ("elan benefits", "71354", "ELAN"):
        with bounded_queries():
            found = browser.get("/lookups/payers", params={"q": text}).json()["choices"]
        assert "71354" in {one["fills"]["insurance_payer_id"] for one in found}, text
    assert browser.get("/lookups/payers", params={"q": " "}).json() == {"choices": []}


@pytest.fixture
def ada(clinic: Clinic, browser: httpx.Client) -> str:
    """A registered patient's URL."""
    answer = fill(browser, **(ADA | HOME | PAYER))
    assert answer.status_code == 302, list_errors(answer)
    return str(answer.headers["Location"])


@pytest.fixture
def colleague(clinic: Clinic) -> httpx.Client:
    user = make_user(clinic.practice, password=PASSWORD, permissions=["Manage Patients"])
    User.objects.filter(pk=user.pk).update(first_name="Ana", last_name="Ruiz")
    return open_signed_in_browser(user.username)


def test_only_what_the_user_changed_is_written(
    clinic: Clinic, browser: httpx.Client, colleague: httpx.Client, ada: str
) -> None:
    opened = parse_values(browser.get(f"{ada}/edit").text)
    assert fill(colleague, f"{ada}/edit", city="Boulder", **{"primary_insurance.insurance_group_number": "G7"}
                ).status_code == 302  # fmt: skip
    saved = browser.post(
        f"{ada}/edit",
        data=opened | {"cell_phone": "3035550199", "primary_insurance.insurance_id_number": "W2"},
    )
    assert saved.status_code == 302
    assert "Someone else changed City, Group number in the meantime" in browser.get(ada).text
    (patient,) = list_patients(clinic)
    assert (patient.city, patient.cell_phone) == ("Boulder", "(303) 555-0199")
    with tenancy.within(clinic.id):
        coverage = Coverage.objects.get(practice=clinic.id)
    assert (coverage.insurance_group_number, coverage.insurance_id_number) == ("G7", "W2")


def test_two_people_who_change_one_field_choose(
    clinic: Clinic, browser: httpx.Client, colleague: httpx.Client, ada: str
) -> None:
    opened = parse_values(browser.get(f"{ada}/edit").text)
    fill(colleague, f"{ada}/edit", city="Boulder", gender="Other")
    asked = browser.post(f"{ada}/edit", data=opened | {"city": "Golden", "cell_phone": "303-555-0199"})
    assert asked.status_code == 409
    assert list_errors(asked)["city"].startswith("Ana Ruiz changed this to “Boulder”")
    assert 'value="Golden"' in asked.text
    assert list_patients(clinic)[0].city == "Boulder", "nothing is put back silently"
    values = parse_values(asked.text)
    taken = browser.post(f"{ada}/edit", data=values | {"theirs": "city"})
    assert (taken.status_code, parse_values(taken.text)["city"]) == (200, "Boulder")
    assert list_patients(clinic)[0].cell_phone == "(303) 555-0142", "choosing saves nothing"
    assert browser.post(f"{ada}/edit", data=values).status_code == 302
    (patient,) = list_patients(clinic)
    assert (patient.city, patient.cell_phone, patient.gender) == ("Golden", "(303) 555-0199", "Other")


def test_an_insurance_is_taken_away(clinic: Clinic, browser: httpx.Client, ada: str) -> None:
    emptied = dict.fromkeys(
        ("primary_insurance.insurance_company", "primary_insurance.insurance_id_number"), ""
    )
    assert fill(browser, f"{ada}/edit", patient_payment_profile="Cash", **emptied).status_code == 302
    with tenancy.within(clinic.id):
        assert not Coverage.objects.filter(practice=clinic.id, archived=False).exists()


def test_names_cannot_be_emptied(clinic: Clinic, browser: httpx.Client, ada: str) -> None:
    refused = fill(browser, f"{ada}/edit", first_name="", last_name="", date_of_birth="")
    assert refused.status_code == 400
    assert {"last_name", "date_of_birth"} <= list_errors(refused).keys()
    assert fill(browser, f"{ada}/edit", first_name="").status_code == 302, "some people have one name"
