"""Staff, doctors' options and work schedules: what the contract kit can't derive from the declarations."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from charthouse.domains.practice.models import (
    DoctorOptions,
    DoctorWorkSchedule,
    Office,
    OfficeWorkSchedule,
    Staff,
)
from charthouse.identity import tenancy
from tests import support
from tests.domains.caller import Caller


def day(weekday: str, *hours: tuple[str, str]) -> dict:
    return {
        "iso_weekday": weekday,
        "work_hours": [{"start_time": start, "end_time": end} for start, end in hours],
    }


def schedule(caller: Caller, doctor: int) -> int:
    with tenancy.within(caller.clinic.id):
        return DoctorWorkSchedule.objects.create(practice_id=caller.clinic.id, doctor_id=doctor).pk


def test_a_list_has_the_callers_schedule_and_all_with_show_all(caller: Caller) -> None:
    other = support.make_doctor(caller.clinic.practice)
    own, theirs = schedule(caller, caller.doctor.pk), schedule(caller, other.pk)
    assert caller.ids("doctor_work_schedule") == [own]
    assert caller.ids("doctor_work_schedule", show_all="true") == [own, theirs]
    assert caller.get(theirs, "doctor_work_schedule")["doctor"] == other.pk


def test_days_and_hours_get_ids_and_each_day_is_given_once(caller: Caller) -> None:
    row = schedule(caller, caller.doctor.pk)
    days = [day("1", ("08:00", "12:00"), ("13:00", "17:00")), day("2")]
    assert caller.patch(row, "doctor_work_schedule", work_days=days).status_code == 204
    shown = caller.get(row, "doctor_work_schedule")["work_days"]
    assert [d["id"] for d in shown] == [1, 2]
    assert [h["id"] for h in shown[0]["work_hours"]] == [101, 102]
    twice = caller.patch(row, "doctor_work_schedule", work_days=[day("3"), day("3")])
    assert twice.status_code == 400
    assert list(twice.json()["work_days"]) == ["1"]
    backwards = caller.patch(row, "doctor_work_schedule", work_days=[day("3", ("17:00", "08:00"))])
    assert backwards.json() == {"work_days": {"0": {"work_hours": ["Hours end after they begin."]}}}
    assert caller.get(row, "doctor_work_schedule")["work_days"] == shown


def test_staff_show_whose_account_it_is_and_whether_it_is_active(caller: Caller) -> None:
    user = support.make_user(caller.clinic.practice, doctor=caller.doctor, first_name="Jo", is_active=False)
    with tenancy.within(caller.clinic.id):
        row = Staff.objects.create(practice_id=caller.clinic.id, user=user, cell_phone="3035550100")
    shown = caller.get(row.pk, "staff")
    assert (shown["user_id"], shown["username"], shown["active"]) == (user.pk, user.username, False)
    assert (shown["doctor"], shown["cell_phone"]) == (caller.doctor.pk, "3035550100")


@pytest.mark.parametrize(
    ("model", "key"),
    [
        (Staff, "user"),
        (DoctorOptions, "doctor"),
        (DoctorWorkSchedule, "doctor"),
        (OfficeWorkSchedule, "office"),
    ],
)
def test_one_row_for_each_owner(caller: Caller, model: Any, key: str) -> None:
    with tenancy.within(caller.clinic.id):
        office = Office.objects.create(practice=caller.clinic.practice, doctor=caller.doctor, name="Main")
        of = {
            "practice": caller.clinic.practice,
            key: {"user": caller.user, "office": office}.get(key, caller.doctor),
        }
        first = model.objects.create(**of)
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.create(**of)
        model.objects.filter(pk=first.pk).update(archived=True)
        assert model.objects.create(**of).pk != first.pk


def test_doctors_and_offices_show_their_schedules(caller: Caller) -> None:
    assert caller.get(caller.doctor.pk, "doctors")["doctor_work_schedule"] is None
    row = schedule(caller, caller.doctor.pk)
    assert (
        caller.patch(row, "doctor_work_schedule", work_days=[day("1", ("08:00", "12:00"))]).status_code == 204
    )
    assert caller.get(caller.doctor.pk, "doctors")["doctor_work_schedule"] == caller.get(
        row, "doctor_work_schedule"
    )
    with tenancy.within(caller.clinic.id):
        office = Office.objects.create(practice=caller.clinic.practice, doctor=caller.doctor, name="Main")
        opened = OfficeWorkSchedule.objects.create(practice=caller.clinic.practice, office=office).pk
    shown = caller.get(office.pk, "offices")["office_work_schedule"]
    assert shown == caller.get(opened, "office_work_schedule")
    assert (shown["office"], shown["doctor"]) == (office.pk, caller.doctor.pk)
