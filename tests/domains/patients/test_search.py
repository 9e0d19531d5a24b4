"""The index of what patients are searched by: it has what people write, follows the patients, and is what searches
read."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from charthouse.domains.patients import search as searching
from charthouse.domains.patients.models import NamePart, Patient, SearchTerm
from charthouse.domains.patients.search import find, match_name_part, search, split_words
from charthouse.engine.sql.folding import APOSTROPHES, HYPHENS, Folded, fold
from charthouse.identity import tenancy
from tests.cases import each_case
from tests.domains.caller import Caller
from tests.support import Clinic, make_practice

FOUND_AS = {
    ("Zo\u00eb", "O'Brien-Smith"): (
        "zoe obrien", "O'BRIEN, Zo", "brien smith", "obrien-smith", "obriensmith", "Zoe\u0308", "o brien", "smi zo",
    ),
    ("Jean-Luc", "de la Cruz"): ("delacruz", "De La Cruz, Jean Luc", "jeanluc", "cruz jean", "luc"),
    ("Mar\u00eda Jos\u00e9", "Nu\u00f1ez"): ("maria nunez", "jose", "NUN\u0303EZ", "mariajose"),
    ("", "Sukarno"): ("sukarno", "Suk"),
    ("\u5c0f\u660e", "\u738b"): ("\u738b\u5c0f\u660e"[1:], "\u738b", "\u660e"),
    ("\u0410\u043d\u043d\u0430", "\u0411\u043e\u043a"): ("\u0411\u041e\u041a", "\u0430\u043d\u043d"),
    ("J.R.", "St. John"): ("st john", "St. John, J.R.", "stjohn", "jr"),
}  # fmt: skip


@pytest.fixture
def clinic(caller: Caller) -> Clinic:
    return caller.clinic


@pytest.fixture
def make(clinic: Clinic) -> Callable[..., Patient]:
    def make_patient(**values: Any) -> Patient:
        values = {"gender": "Female", "first_name": "Ada", "last_name": "Lee"} | values
        return Patient.objects.create(practice=clinic.practice, doctor=clinic.doctor, **values)

    return make_patient


def found_ids(clinic: Clinic, text: str) -> list[int]:
    return find(Patient.objects.filter(practice=clinic.practice, archived=False), text, 10)


@pytest.mark.parametrize("names", FOUND_AS, ids=str)
def test_names_are_found_in_every_form(
    clinic: Clinic, make: Callable[..., Patient], names: tuple[str, str]
) -> None:
    with tenancy.within(clinic.id):
        row = make(first_name=names[0], last_name=names[1]).pk
        make(first_name="Ada", last_name="Nobody")
        for asked in FOUND_AS[names]:
            for form in ("NFC", "NFD"):
                assert found_ids(clinic, unicodedata.normalize(form, asked)) == [row], asked  # type: ignore[arg-type]


def test_every_apostrophe_and_hyphen_is_one(clinic: Clinic, make: Callable[..., Patient]) -> None:
    with tenancy.within(clinic.id):
        patient = make()
        for mark in (*APOSTROPHES, *HYPHENS, *"'-\uff07\ufe63"):
            Patient.objects.filter(pk=patient.pk).update(last_name=f"Dar{mark}Quin")
            for asked in (f"dar{mark}quin", "dar'quin", "darquin", "quin"):
                assert found_ids(clinic, asked) == [patient.pk], (ascii(mark), asked)


@pytest.fixture
def lee(clinic: Clinic, make: Callable[..., Patient]) -> int:
    """A patient with all facts, beside one who is alike. Returns the id."""
    with tenancy.within(clinic.id):
        make(date_of_birth="1987-04-13", cell_phone="303-555-0143", chart_id="LE-0078", email="a@example.org")
        return make(
            date_of_birth="1987-04-12", cell_phone="+1 (303) 555-0142", phone_other="13035550199", chart_id="LE-0077",
            email="Ada.Lee@example.org",
        ).pk  # fmt: skip


@each_case(
    "asked",
    [
        "3035550142", "(303) 555-0142", "+1 303 555 0142", "555-0142", "0142", "4/12/1987", "04/12/87",
        "1987-04-12", "April 12, 1987", "ada 4/12/1987", "LE-0077", "le0077", "ada.lee@example.org", "ADA.LEE",
        "5550199", "ada,lee 0142",
    ],
)  # fmt: skip
def test_other_facts_find_a_patient(clinic: Clinic, lee: int, asked: str) -> None:
    with tenancy.within(clinic.id):
        assert found_ids(clinic, asked) == [lee]


def test_the_index_follows_the_patients(clinic: Clinic, make: Callable[..., Patient]) -> None:
    with tenancy.within(clinic.id):
        patient = make(last_name="Okafor", email="ada@example.org")
        Patient.objects.filter(pk=patient.pk).update(last_name="Haddad", cell_phone="303 555 0142")
        assert found_ids(clinic, "okafor") == []
        assert found_ids(clinic, "haddad ada 0142") == [patient.pk]
        Patient.objects.filter(pk=patient.pk).update(archived=True)
        assert found_ids(clinic, "haddad") == []
        Patient.objects.filter(pk=patient.pk).update(archived=False)
        assert found_ids(clinic, "haddad") == [patient.pk]
        terms = set(SearchTerm.objects.filter(patient=patient.pk).values_list("term", flat=True))
        assert terms == {"ada", "haddad", "ada@example.org", "3035550142", "5550142", "0142"}


def test_the_index_is_of_the_own_practice(clinic: Clinic, make: Callable[..., Patient]) -> None:
    with tenancy.within(clinic.id):
        make(last_name="Okafor")
    with tenancy.within(make_practice().id):
        assert not SearchTerm.objects.filter(term="okafor").exists()
        assert not NamePart.objects.filter(name="okafor").exists()
        assert not find(Patient.objects.all(), "okafor", 10)
        for statement in (
            "insert into patients_searchterm values ('x', 1, 1)",
            "delete from patients_namepart",
        ):
            with pytest.raises(Exception, match="permission denied"), connection.cursor() as cursor:
                cursor.execute(statement)


@each_case(
    "text",
    [
        "Zo\u00eb  O\u00b4Brien",
        "\u00c6sir\u00df\u0153\u0142 \u2019\u2212\u00ad",
        "\uff21 \u0130",
        "\u03a3\u03c2",
    ],
)
def test_the_database_folds_as_declarations_do(clinic: Clinic, text: str) -> None:
    declared = (Folded.template % {"expressions": "%s"}).replace("%%", "%")
    with connection.cursor() as cursor:
        cursor.execute(f"select patients_fold(%s) = {declared}", [text, text])
        assert cursor.fetchone()[0]


def test_searches_read_the_index(clinic: Clinic) -> None:
    """Under row security, as the web role: what is found costs what it is, not what the practice has."""
    with tenancy.within(clinic.id):
        who = {"practice": clinic.practice, "doctor": clinic.doctor, "gender": "Female"}
        rows = [
            Patient(**who, first_name=f"Ad{chr(97 + number % 26)}", last_name=f"Lee{number}")
            for number in range(1500)
        ]
        Patient.objects.bulk_create(rows, batch_size=500)
        with connections["owner"].cursor() as cursor:
            for table in ("patients_patient", "patients_searchterm", "patients_namepart"):
                cursor.execute(f"analyze {table}")
        asked = SearchTerm.objects.filter(searching.begins_with("lee77"), practice=clinic.practice)
        plan = asked.values("patient").explain()
        assert "patients_searchterm_pkey" in plan
        assert "term >= " in plan.split("Index Cond: ")[1].splitlines()[0]
        parts = Patient.objects.filter(
            match_name_part("last_name_folded", fold("ee777")), practice=clinic.practice
        )
        assert "patient_last_name" in parts.explain()
        assert "Seq Scan" not in parts.explain()


def test_a_search_that_finds_too_many_says_so(
    clinic: Clinic, make: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MAX_FOUND", 2)
    with tenancy.within(clinic.id):
        rows = Patient.objects.filter(practice=clinic.practice)
        made = [make(first_name=f"Quentin{letter}").pk for letter in "abc"]
        found, notice = search(rows, "quen")
        assert sorted(one.pk for one in found) == made[:2]
        assert notice.startswith("More than 2 patients match")
        assert search(rows, "quentina")[1] == ""


@each_case(
    "text",
    ["", " ", ",", "-", "''", "\u0301", "\u00b4", "%", "_", "\\\\", "x" * 3000, "\U0010ffff"],
)
def test_texts_that_are_no_words(clinic: Clinic, make: Callable[..., Patient], text: str) -> None:
    with tenancy.within(clinic.id):
        make()
        rows, notice = search(Patient.objects.filter(practice=clinic.practice), text)
        assert len(list(rows[:5])) <= 5
        assert notice == ""
        assert len(split_words(text)) <= 1
