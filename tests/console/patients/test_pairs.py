"""The worklist of likely duplicates: which pairs are in it, pages, and pairs that somebody found not to be the same."""

import re
from typing import Any

import httpx
import pytest
from django.db import connections, transaction

from charthouse.domains.patients import duplicate_pairs
from charthouse.domains.patients.models import DistinctPatients, Patient
from charthouse.engine.sql.statements import list_written_columns
from charthouse.identity import tenancy
from tests.cases import each_case
from tests.console.schedule.test_today import posted, read_undo
from tests.console.test_shell import send
from tests.identity.oauth_flow import open_signed_in_browser
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, make_practice, make_user

PHONE = {"cell_phone": "(303) 555-0142"}
BORN = {"date_of_birth": "1985-12-10"}


def add(clinic: Clinic, first: str, last: str, **values: Any) -> int:
    with tenancy.within(clinic.id):
        made = Patient.objects.create(
            practice=clinic.practice,
            doctor=clinic.doctor,
            first_name=first,
            last_name=last,
            **{"gender": "Female", **values},
        )
    return made.pk


def read_pairs(browser: httpx.Client, address: str = "/patients/duplicates") -> list[tuple[str, str, str]]:
    """(badge, earlier, later) of the page's pairs."""
    with bounded_queries():
        page = browser.get(address).text
    parts = page.split('<li class="list-group-item pair">')[1:]
    return [
        (
            re.findall(r">(Likely|Possible)<", part)[0],
            *re.findall(r'class="fw-bold" href="[^"]+">([^<]+)<', part),
        )
        for part in parts
    ]


def test_which_pairs_are_listed(clinic: Clinic, browser: httpx.Client) -> None:
    """Accents, case and how a phone is written make no difference; a shared phone or birthday alone lists nobody."""
    add(clinic, "Zoë", "Núñez", **BORN)
    add(clinic, "ZOE", "nunez", **BORN)
    add(clinic, "Katherine", "Johnson", date_of_birth="1918-08-26", **PHONE)
    add(clinic, "Kathy", "Johnson", date_of_birth="1918-08-26", cell_phone="303.555.0142")
    add(clinic, "Mary", "Jackson", date_of_birth="1921-04-09", email="mary@nasa.example")
    add(clinic, "Mary", "Winston", date_of_birth="1921-04-09", email="MARY@nasa.example")
    add(clinic, "Elizabeth", "Friedman", date_of_birth="1892-08-26", **PHONE)
    add(clinic, "Betty", "Friedman", date_of_birth="1892-08-26", **PHONE)
    add(clinic, "Dorothy", "Vaughan")
    add(clinic, "Dorothy", "Vaughan", date_of_birth="1910-09-20")
    add(clinic, "Annie", "Easley", date_of_birth="1933-04-23")
    add(clinic, "Ann", "Easley", date_of_birth="1933-04-23")
    # Twins of two genders, a family's phone, namesakes of other ages, a stranger of the same day, deleted ones.
    add(clinic, "Tweedle", "Twin", date_of_birth="2020-01-01", **PHONE)
    add(clinic, "Dum", "Twin", date_of_birth="2020-01-01", gender="Male", **PHONE)
    add(clinic, "Grace", "Hopper", date_of_birth="1906-12-09", **PHONE)
    add(clinic, "Grace", "Hopper", date_of_birth="1996-12-09")
    add(clinic, "Grace", "Kelly", date_of_birth="1996-12-09")
    add(clinic, "Gone", "Away", **BORN)
    add(clinic, "Gone", "Away", archived=True, **BORN)
    other = make_practice()
    add(other, "Gone", "Away", **BORN)
    assert read_pairs(browser) == [
        ("Possible", "Easley, Annie", "Easley, Ann"),
        ("Possible", "Vaughan, Dorothy", "Vaughan, Dorothy"),
        ("Possible", "Friedman, Elizabeth", "Friedman, Betty"),
        ("Likely", "Jackson, Mary", "Winston, Mary"),
        ("Likely", "Johnson, Katherine", "Johnson, Kathy"),
        ("Likely", "Núñez, Zoë", "nunez, ZOE"),
    ]


def test_pages_and_chunks(clinic: Clinic, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        for _ in range(2 if number < 29 else 1):
            add(clinic, "Ada", f"Number {number:02}", date_of_birth=f"1950-01-{number % 28 + 1:02}")
    first = read_pairs(browser)
    assert len(first) == 25
    (following,) = re.findall(r'rel="next" href="([^"]+)"', browser.get("/patients/duplicates").text)
    second = read_pairs(browser, f"/patients/duplicates{following}")
    assert len(second) == 4
    assert len({*first, *second}) == 29
    assert 'rel="next"' not in browser.get(f"/patients/duplicates{following}").text
    for query in ("?after=x", "?after=1", "?after=99999999999999999999-1", "?after=-"):
        assert len(read_pairs(browser, f"/patients/duplicates{query}")) == 25, query


@each_case("rows_a_page", [-1, 1, 30, 10_000])
def test_patients_are_compared_through_the_index_whatever_is_known_of_the_table(
    clinic: Clinic, rows_a_page: int
) -> None:
    """Until it is analyzed for the first time, PostgreSQL takes a wide table for nearly empty (-1), and all indexes for
    equal: of 8,000 patients each was compared with all before it, for a minute and more (decision 0399)."""
    statement = duplicate_pairs._PAIRS
    values = {"practice": clinic.id, "last": 2**62, "below": 2**62, "floor": 0, "most": 26}
    text = re.sub(
        r"\$(\d+)",
        lambda found: str(values[statement.parameters[int(found[1]) - 1].name]),
        statement.text.decode(),
    )
    add(clinic, "Ada", "Lovelace", **BORN)
    columns = [column.column for column in list_written_columns(Patient) if not column.primary_key]
    names = ", ".join(columns)
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")  # without triggers
        cursor.execute(
            f"insert into patients_patient ({names}) select {names} from patients_patient, generate_series(1, 500)"  # noqa: S608
            " where practice_id = %s",
            [clinic.id],
        )
        cursor.execute(
            "update pg_class set reltuples = %s, relpages = 1 where relname = 'patients_patient'",
            [rows_a_page],
        )
        cursor.execute("delete from pg_statistic where starelid = 'patients_patient'::regclass")
        cursor.execute(duplicate_pairs._ONLY_BY_INDEX)
        cursor.execute(f"explain {text}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        transaction.set_rollback(True, using="owner")
    _, *compared = re.findall(r"(?:using|Index Scan on) (patient_\w+|patients_patient_\w+)", plan)
    assert compared in [["patient_born", "patient_last_name"], ["patient_born", "patient_first_name"]], plan


def test_three_of_one_person_are_three_pairs_over_pages(clinic: Clinic) -> None:
    ids = [add(clinic, "Ada", "Lovelace", **BORN) for _ in range(3)]
    found, start = [], duplicate_pairs.START
    with tenancy.within(clinic.id):
        while start is not None:
            pairs, start = duplicate_pairs.find_pairs(clinic.id, start, 1)
            found += [(one.other, one.one) for one in pairs]
    assert found == [(ids[1], ids[2]), (ids[0], ids[2]), (ids[0], ids[1])]


def test_a_pair_that_is_none_is_remembered_and_that_is_undone(clinic: Clinic, browser: httpx.Client) -> None:
    one, two = (add(clinic, "Ada", "Lovelace", **BORN) for _ in range(2))
    for patient in (one, two):
        assert f"/patients/{patient}/not-duplicate-of/" in browser.get(f"/patients/{patient}/merge").text
    address = f"/patients/{two}/not-duplicate-of/{one}"
    for _ in range(2):
        assert posted(browser, address).headers["Location"] == "/patients/duplicates"
    page = browser.get("/patients/duplicates").text
    assert "Ada Lovelace and Ada Lovelace are not duplicates." in page
    assert read_pairs(browser) == []
    for patient in (one, two):
        assert "/not-duplicate-of/" not in browser.get(f"/patients/{patient}/merge").text
    with tenancy.within(clinic.id):
        row = DistinctPatients.objects.get(practice=clinic.id)
        assert (row.first_id, row.second_id, row.decided_by_id) == (one, two, clinic.user.pk)
    where, values = read_undo(page.replace("</form><form", "</form>\n<form"))
    assert browser.post(where, data=values).status_code == 302
    assert len(read_pairs(browser)) == 1
    assert posted(browser, f"/patients/{one}/not-duplicate-of/{one}").status_code == 302
    send(browser, f"/patients/{one}/merge/{two}")
    assert read_pairs(browser) == [], "merged"


def test_a_shared_phone_is_a_possible_duplicate_only_with_a_similar_name(
    clinic: Clinic, browser: httpx.Client
) -> None:
    ada = add(clinic, "Ada", "Lovelace", **BORN, **PHONE)
    add(clinic, "Byron", "Noel", **PHONE)
    add(clinic, "Adah", "Lovelance", **PHONE)
    add(clinic, "Ada", "Lovelace", **PHONE)
    page = browser.get(f"/patients/{ada}/merge").text
    assert "Noel" not in page
    assert re.search(r"Lovelance, Adah.*?Possible", page, re.DOTALL)
    likely = page[page.index("Lovelace, Ada</a>") :]
    assert "Possible" not in likely[: likely.index("</li>")]


def test_the_worklist_and_a_chart_judge_two_patients_alike(clinic: Clinic, browser: httpx.Client) -> None:
    """Of one last name, birthday, gender and phone: Bob may be Robert, or his twin; Robbie likely is Robert."""
    robert = add(clinic, "Robert", "Kowalski", **BORN, **PHONE)
    add(clinic, "Bob", "Kowalski", **BORN, **PHONE)
    add(clinic, "Robbie", "Kowalski", **BORN, **PHONE)
    of_robert = {pair[1:]: pair[0] for pair in read_pairs(browser) if "Kowalski, Robert" in pair}
    assert of_robert == {
        ("Kowalski, Robert", "Kowalski, Bob"): "Possible",
        ("Kowalski, Robert", "Kowalski, Robbie"): "Likely",
    }
    page = browser.get(f"/patients/{robert}/merge").text
    bob, robbie = (page[page.index(f"Kowalski, {name}</a>") :] for name in ("Bob", "Robbie"))
    assert "Possible" in bob[: bob.index("</li>")]
    assert "Possible" not in robbie[: robbie.index("</li>")]


def test_the_worklist_needs_its_permission_and_shows_no_other_practice(clinic: Clinic) -> None:
    one, two = (add(clinic, "Ada", "Lovelace", **BORN) for _ in range(2))
    nobody = open_signed_in_browser(
        make_user(clinic.practice, password=PASSWORD, permissions=["Access Scheduling"]).username
    )
    assert nobody.get("/patients/duplicates").status_code == 403
    other = make_practice()
    other.user.set_password(PASSWORD)
    other.user.save()
    stranger = open_signed_in_browser(other.user.username)
    assert read_pairs(stranger) == []
    token = send(stranger, "/patients/new").status_code
    assert token in (200, 400)
    own = add(other, "Ada", "Lovelace", **BORN)
    assert posted(stranger, f"/patients/{own}/not-duplicate-of/{two}").status_code == 404
    with tenancy.within(clinic.id):
        assert not DistinctPatients.objects.filter(second=two).exists()
    assert one < two
