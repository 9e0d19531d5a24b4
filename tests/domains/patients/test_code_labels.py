"""Labels of codes in a patient: languages, gender identities; days of the first and last visit."""

import pytest

from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from tests.domains.caller import Caller
from tests.domains.scheduling.calendar import Calendar


@pytest.mark.parametrize(
    ("written", "code", "description"),
    [
        ("eng", "en", "English"),
        ("zho", "zh", "Chinese"),
        ("haw", "haw", "Hawaiian"),
        ("declined", "", "Declined to specify"),
        ("blank", "", ""),
        ("qqq", "", ""),
    ],
)
def test_the_preferred_language_in_words(written: str, code: str, description: str) -> None:
    caller = Caller()
    made = caller.new(preferred_language=written)
    assert (made["preferred_language_code"], made["preferred_language_description"]) == (code, description)
    assert caller.get(made["id"])["preferred_language"] == written


def test_a_gender_identity_in_words() -> None:
    caller = Caller()
    made = caller.new()
    assert (made["gender_identity_code"], made["gender_identity_description"]) == ("", "")
    with tenancy.within(caller.clinic.id):
        Patient.objects.filter(pk=made["id"]).update(gender_identity="446141000124107")
    shown = caller.get(made["id"])
    assert shown["gender_identity_description"] == "Identifies as female"


def test_race_subcategories_are_replaced() -> None:
    caller = Caller()
    given = [{"code": "2034-7", "description": "Chinese"}, {"code": "2036-2", "description": "Filipino"}]
    made = caller.new(race="asian", race_subcategories=given)
    assert made["race_subcategories"] == given
    assert caller.patch(made["id"], race_subcategories=given[:1]).status_code == 204
    assert caller.get(made["id"])["race_subcategories"] == given[:1]
    wrong = caller.patch(made["id"], race_subcategories=[{"description": "x"}])
    assert wrong.json() == {"race_subcategories": {"0": {"code": ["This field is required."]}}}


def test_first_and_last_appointment_are_days_of_the_offices_wall_clock() -> None:
    calendar = Calendar()
    keys = ("date_of_first_appointment", "date_of_last_appointment")
    assert [calendar.get(calendar.patient_id)[key] for key in keys] == [None, None]
    calendar.book("2026-03-02T23:00:00")  # the next day in UTC
    gone = calendar.book("2026-03-09T09:00:00")
    assert [calendar.get(calendar.patient_id)[key] for key in keys] == ["2026-03-02", "2026-03-09"]
    calendar.http.delete(f"/api/appointments/{gone['id']}")
    assert [calendar.get(calendar.patient_id)[key] for key in keys] == ["2026-03-02", "2026-03-02"]
