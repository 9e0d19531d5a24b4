"""What the hosted API has grown: remittances, notes, deletions, authorizations, whole price lists."""

from datetime import timedelta
from decimal import Decimal

from charthouse import clock
from charthouse.domains.billing.models import FeeSchedule, FeeScheduleItem, PatientAuthorization
from charthouse.identity import tenancy
from tests.domains.billing.desk import Desk


def test_deletions_tell_which_line_items_are_gone(desk: Desk) -> None:
    kept, gone = desk.charge(), desk.charge()
    before = clock.now().isoformat().replace("+00:00", "")
    assert desk.http.delete(f"/api/line_items/{gone['id']}").status_code == 204
    asked = {"since": before, "appointment_id": desk.visit["id"]}
    (told,) = desk.http.get("/api/line_item_deletions", params=asked).json()["results"]
    assert told["billing_line_item_id"] == gone["id"] != kept["id"]
    assert told["appointment_id"] == int(desk.visit["id"])
    later = (clock.now() + timedelta(minutes=1)).isoformat().replace("+00:00", "")
    for parameters in ({"since": later}, {"appointment_id": "999999999"}):
        assert desk.http.get("/api/line_item_deletions", params=parameters).json()["results"] == []


def test_a_billing_note_is_shown_with_its_appointment(desk: Desk) -> None:
    made = desk.post("claim_billing_notes", {"appointment": desk.visit["id"], "text": "Sent again"}).json()
    assert made["created_by"] == desk.user.username
    assert desk.shown(desk.visit)["billing_notes"] == [made]


def test_a_remittance_is_posted_today(desk: Desk) -> None:
    body = {"insurance_payer_name": "A", "insurance_payer_id": "B", "insurance_payer_trace_number": "C"}
    made = desk.post("eobs", body | {"doctor": desk.doctor.pk, "total_paid": 12.345}).json()
    assert made["posted_date"] == clock.now().date().isoformat()
    assert made["total_paid"] == 12.34
    assert made["scanned_eob"] is None


def test_authorizations_run_out(desk: Desk) -> None:
    today = clock.now().date()
    with tenancy.within(desk.clinic.id):
        for days in (-1, 0, 30):
            PatientAuthorization.objects.create(
                practice=desk.clinic.practice,
                doctor=desk.doctor,
                patient_id=desk.patient_id,
                start_date=today - timedelta(60 + days),
                end_date=today + timedelta(days),
                number_of_visits=10,
                visits_used=3,
            )
    listed = desk.http.get("/api/patient_authorizations").json()["results"]
    assert [row["expired"] for row in listed] == [True, False, False]
    assert {row["visits_remaining"] for row in listed} == {7}
    assert listed[0]["doctor"] == "Doris Doctor"
    first = (today - timedelta(60)).isoformat()
    assert desk.ids("patient_authorizations", date_range=f"{first}/{first}") == [listed[1]["id"]]


def test_price_lists_by_whom_they_are_for(desk: Desk) -> None:
    with tenancy.within(desk.clinic.id):
        own = FeeSchedule.objects.create(
            practice=desk.clinic.practice,
            doctor=desk.doctor,
            assignees=[desk.doctor.pk],
            specialities=["Pediatrics"],
        )
        FeeSchedule.objects.create(practice=desk.clinic.practice, doctor=desk.doctor)
        FeeScheduleItem.objects.create(
            practice=desk.clinic.practice, schedule=own, code="99213", base_price=Decimal("145.5")
        )
    assert desk.ids("fee_schedules_v2", assignees=str(desk.doctor.pk)) == [own.pk]
    assert desk.ids("fee_schedules_v2", assignees="1000000") == []
    assert desk.ids("fee_schedules_v2", specialities="Pediatrics") == [own.pk]
    assert desk.ids("fee_schedules_v2", specialities="Ped") == []
    (item,) = desk.get(own.pk, "fee_schedules_v2")["items"]
    assert (item["code"], item["base_price"]) == ("99213", "145.50")


def test_day_sheets_show_what_was_posted_on_their_days(desk: Desk) -> None:
    item = desk.charge()
    credit = desk.answer(item, ins_paid=Decimal(80))
    paid = desk.pay("20", line_item=item["id"])["id"]
    today = item["posted_date"][:10]
    yesterday = (clock.now() - timedelta(1)).date().isoformat()
    for kind, row, office in (
        ("charges", item["id"], "office_id"),
        ("credits", credit, "office_id"),
        ("patient_payments", paid, "office"),
    ):
        path = f"day_sheet_{kind}"
        days = {"start_date": today, "end_date": today}
        assert desk.ids(path, **days) == [row]
        assert desk.ids(path, **days, patient_id=desk.patient_id, **{office: desk.office.pk}) == [row]
        assert desk.ids(path, **days, patient_id=desk.other_patient()) == []
        assert desk.ids(path, **days, **{office: 999_999_999}) == []
        assert desk.ids(path, start_date=yesterday, end_date=yesterday) == []
        assert desk.http.get(f"/api/{path}", params={"start_date": today}).status_code == 400
