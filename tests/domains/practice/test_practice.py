"""Doctors, users, groups and offices; constraints of the database."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, transaction

from charthouse.domains.practice.models import ExamRoom, Office, UserGroup, UserGroupMember
from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS, User
from tests.domains.caller import Caller, at_once
from tests.support import Clinic, make_doctor, make_practice, make_user


def make_office(clinic: Clinic, **values: Any) -> Office:
    with tenancy.within(clinic.id):
        whole = {"name": "Main Street", "doctor": clinic.doctor} | values
        return Office.objects.create(practice=clinic.practice, **whole)


# -- doctors and users ------------------------------------------------------------------------------------------


def test_doctors_are_the_whole_groups_whatever_is_shared() -> None:
    clinic = make_practice(name="Elm", sharing=())
    other = make_doctor(clinic.practice, first_name="Otto", npi_number="1234567893")
    caller = Caller(clinic, permissions=())
    assert caller.ids("doctors") == [clinic.doctor.pk, other.pk]
    assert caller.ids("doctors", doctor=other.pk) == [other.pk]
    shown = caller.http.get(f"/api/doctors/{other.pk}").json()
    assert (shown["country"], shown["practice_group"], shown["practice_group_name"]) == (
        "US",
        clinic.id,
        "Elm",
    )
    assert (shown["npi_number"], shown["profile_picture"], shown["is_account_suspended"]) == (
        "1234567893",
        None,
        False,
    )
    assert caller.http.get(f"/api/doctors/{make_practice().doctor.pk}").status_code == 404
    assert caller.http.patch(f"/api/doctors/{other.pk}", json={}).status_code == 405


def test_users_current_redirects_to_the_caller(caller: Caller) -> None:
    response = caller.http.get("/api/users/current")
    assert response.status_code == 302
    assert response.headers["Location"] == f"http://testserver/api/users/{caller.user.pk}"
    followed = caller.http.get("/api/users/current", follow_redirects=True)
    assert followed.json()["username"] == caller.user.username
    assert caller.http.post("/api/users/current", json={}).status_code == 405


def test_users() -> None:
    clinic = make_practice(plan_type="Free trial")
    stranger = make_practice()
    staff = Caller(clinic, scopes=(), permissions=("Access Billing",))
    assert staff.ids("users") == [clinic.user.pk, staff.user.pk]
    doctor, own = (staff.http.get(f"/api/users/{pk}").json() for pk in (clinic.user.pk, staff.user.pk))
    assert (doctor["is_doctor"], doctor["is_staff"], doctor["doctor"]) == (True, False, clinic.doctor.pk)
    assert (own["is_doctor"], own["is_staff"], own["plan_type"]) == (False, True, "Free trial")
    assert own["practice_group"] == clinic.id
    assert staff.http.get(f"/api/users/{stranger.user.pk}").status_code == 404


def _slugs(caller: Caller) -> set[str]:
    shown = caller.http.get(f"/api/users/{caller.user.pk}").json()["permissions"]
    assert len(shown) == 32
    return {slug for slug, granted in shown.items() if granted}


def test_permissions_by_slug() -> None:
    clinic = make_practice(sharing=())
    assert _slugs(Caller(clinic, permissions=())) == {"view_practice_group"}
    one = _slugs(Caller(clinic, permissions=("Manage Patients",)))
    assert {"create_and_update_patients", "export_patients"} <= one
    assert not {"settings", "access_billing", "share_patients", "manage_permissions"} & one
    named = {
        "access_billing", "access_clinical_notes", "access_to_message_center", "access_patient_payments",
        "access_scheduling", "create_and_update_patients", "settings", "show_billing_tab",
    }  # fmt: skip
    assert named <= _slugs(Caller(clinic, permissions=PERMISSIONS))
    clinic.practice.sharing = ["share_patients"]
    clinic.practice.save()
    assert "share_patients" in _slugs(Caller(clinic, permissions=()))


def test_the_primary_user_administers_the_practice(caller: Caller) -> None:
    shown = caller.http.get(f"/api/users/{caller.clinic.user.pk}").json()["permissions"]
    assert shown["manage_permissions"]
    assert shown["manage_accounts"]
    assert not _slugs(caller) & {"manage_permissions", "manage_accounts"}


def test_user_groups(caller: Caller) -> None:
    clinic = caller.clinic
    other = make_user(clinic.practice, doctor=make_doctor(clinic.practice))
    with tenancy.within(clinic.id):
        desk, empty = (
            UserGroup.objects.create(practice=clinic.practice, name=name) for name in ("Desk", "Empty")
        )
        for user in (other, caller.user):
            UserGroupMember.objects.create(practice=clinic.practice, group=desk, user=user)
    first, second = caller.http.get("/api/user_groups").json()["results"]
    assert (first["name"], first["members"]) == ("Desk", sorted([caller.user.pk, other.pk]))
    assert (second["id"], second["members"]) == (empty.pk, [])
    assert caller.ids("user_groups", doctor=other.doctor_id) == [desk.pk]
    assert Caller().ids("user_groups") == []


# -- offices ----------------------------------------------------------------------------------------------------


def test_offices(caller: Caller) -> None:
    office = make_office(caller.clinic, state="OH", tax_id_number_professional="12-3")
    early = make_office(caller.clinic, name="Early", start_hour=7, end_hour=15)
    gone = make_office(caller.clinic, archived=True)
    assert caller.ids("offices") == [office.pk, early.pk]
    assert caller.ids("offices", show_archived="1") == [office.pk, early.pk, gone.pk]
    assert caller.ids("offices", doctor=caller.doctor.pk) == [office.pk, early.pk]
    shown = caller.http.get(f"/api/offices/{office.pk}").json()
    assert (shown["start_time"], shown["end_time"], shown["exam_rooms"]) == ("00:00:00", "24:00", [])
    assert (shown["online_scheduling"], shown["country"], shown["archived"]) == (False, "US", False)
    assert "online_timeslots" not in shown
    shown = caller.http.get(f"/api/offices/{early.pk}").json()
    assert (shown["start_time"], shown["end_time"]) == ("07:00:00", "15:00:00")
    assert caller.http.get(f"/api/offices/{gone.pk}").json()["archived"] is True


def test_online_booking_of_an_office(caller: Caller) -> None:
    office = make_office(caller.clinic)
    slots = [{"day": 0, "hour": 9, "minute": 30}, {"day": 6, "hour": 23, "minute": 45}]
    changed = {"online_scheduling": True, "online_timeslots": slots, "name": "Not mine to change"}
    assert caller.patch(office.pk, "offices", **changed).status_code == 204
    shown = caller.get(office.pk, "offices")
    assert (shown["online_scheduling"], shown["online_timeslots"], shown["name"]) == (
        True,
        slots,
        "Main Street",
    )
    assert caller.http.put(f"/api/offices/{office.pk}", json={}).status_code == 204
    assert caller.get(office.pk, "offices")["online_scheduling"] is False
    assert caller.get(office.pk, "offices")["online_timeslots"] == slots  # a plain GET doesn't show them
    whole = {"day": 0, "hour": 9, "minute": 30}
    for wrong in (
        {"day": 7},
        {"hour": 24},
        {"minute": 10},
        {"minute": None},
        {"day": "Monday"},
        {"hour": -1},
    ):
        response = caller.patch(office.pk, "offices", online_timeslots=[whole, whole | wrong])
        assert response.status_code == 400, wrong
        assert list(response.json()["online_timeslots"]) == ["1"]
    assert caller.patch(office.pk, "offices", online_timeslots=[{"day": 1}]).status_code == 400
    assert caller.post("offices", {}).status_code == 405


def test_add_exam_room(caller: Caller) -> None:
    office = make_office(caller.clinic)
    url = f"offices/{office.pk}/add_exam_room"
    response = caller.post(url, {"name": "Blue"})
    assert response.status_code == 201
    assert response.json() == caller.get(office.pk, "offices")
    assert response.json()["exam_rooms"] == [{"index": 1, "name": "Blue", "online_scheduling": False}]
    assert caller.post(url, {"name": "Red", "online_scheduling": True}).json()["exam_rooms"][1] == {
        "index": 2, "name": "Red", "online_scheduling": True,
    }  # fmt: skip
    for wrong in ({}, {"name": ""}, {"name": None}, {"name": "x" * 201}, {"name": "\0"}, {"name": {}}, []):
        assert caller.post(url, wrong).status_code == 400, wrong
    assert caller.http.get(f"/api/{url}").status_code == 405
    assert Caller().post(url, {"name": "Green"}).status_code == 404
    assert Caller(caller.clinic, scopes=("patients",)).post(url, {"name": "Green"}).status_code == 403
    assert len(caller.get(office.pk, "offices")["exam_rooms"]) == 2


def test_rooms_added_concurrently_get_different_indexes(caller: Caller) -> None:
    office = make_office(caller.clinic)

    def add(index: int) -> int:
        return caller.post(f"offices/{office.pk}/add_exam_room", {"name": f"Room {index}"}).status_code

    assert at_once(8, add) == [201] * 8
    rooms = caller.get(office.pk, "offices")["exam_rooms"]
    assert [room["index"] for room in rooms] == list(range(1, 9))


# -- what the database keeps true -------------------------------------------------------------------------------


def _user_of_a_strange_doctor(mine: Clinic, theirs: Clinic) -> None:
    User.objects.filter(pk=mine.user.pk).update(doctor_id=theirs.doctor.pk)


def _office_of_a_strange_doctor(mine: Clinic, theirs: Clinic) -> None:
    make_office(mine, doctor=theirs.doctor)


def _group_with_a_strange_user(mine: Clinic, theirs: Clinic) -> None:
    group = UserGroup.objects.create(practice=mine.practice, name="x")
    UserGroupMember.objects.create(practice=mine.practice, group=group, user=theirs.user)


def _unheard_of_zone(mine: Clinic, theirs: Clinic) -> None:
    make_doctor(mine.practice, timezone="Mars/Olympus")


def _closing_before_opening(mine: Clinic, theirs: Clinic) -> None:
    make_office(mine, start_hour=9, end_hour=9)


def _room_zero(mine: Clinic, theirs: Clinic) -> None:
    ExamRoom.objects.create(practice=mine.practice, office=make_office(mine), index=0, name="x")


def _two_rooms_of_one_index(mine: Clinic, theirs: Clinic) -> None:
    office = make_office(mine)
    for _ in range(2):
        ExamRoom.objects.create(practice=mine.practice, office=office, index=1, name="x")


@pytest.mark.parametrize(
    "wrong",
    [
        _user_of_a_strange_doctor, _office_of_a_strange_doctor, _group_with_a_strange_user, _unheard_of_zone,
        _closing_before_opening, _room_zero, _two_rooms_of_one_index,
    ],
    ids=lambda wrong: wrong.__name__.strip("_"),
)  # fmt: skip
def test_the_database_refuses(wrong: Callable[[Clinic, Clinic], None]) -> None:
    mine, theirs = make_practice(), make_practice()
    with tenancy.within(mine.id), pytest.raises((DatabaseError, psycopg.Error)), transaction.atomic():
        wrong(mine, theirs)
