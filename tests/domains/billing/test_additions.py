"""Additions of the hosted API: remittances, billing notes, deletions, authorizations, fee schedules, day
sheets."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from charthouse import clock
from charthouse.domains.billing.models import (
    FeeSchedule,
    FeeScheduleItem,
    LineItem,
    PatientAuthorization,
    Transaction,
)
from charthouse.identity import tenancy
from tests.domains.billing.client import BillingClient


def test_line_item_deletions_list_deleted_line_items(billing: BillingClient) -> None:
    kept, gone = billing.charge(), billing.charge()
    before = clock.now().isoformat().replace("+00:00", "")
    assert billing.http.delete(f"/api/line_items/{gone['id']}").status_code == 204
    asked = {"since": before, "appointment_id": billing.visit["id"]}
    (told,) = billing.http.get("/api/line_item_deletions", params=asked).json()["results"]
    assert told["billing_line_item_id"] == gone["id"] != kept["id"]
    assert told["appointment_id"] == int(billing.visit["id"])
    later = (clock.now() + timedelta(minutes=1)).isoformat().replace("+00:00", "")
    for parameters in ({"since": later}, {"appointment_id": "999999999"}):
        assert billing.http.get("/api/line_item_deletions", params=parameters).json()["results"] == []


def test_appointment_shows_its_billing_notes(billing: BillingClient) -> None:
    made = billing.post(
        "claim_billing_notes", {"appointment": billing.visit["id"], "text": "Sent again"}
    ).json()
    assert made["created_by"] == billing.user.username
    assert billing.read_appointment(billing.visit)["billing_notes"] == [made]


def test_remittance_is_posted_today(billing: BillingClient) -> None:
    body = {"insurance_payer_name": "A", "insurance_payer_id": "B", "insurance_payer_trace_number": "C"}
    made = billing.post("eobs", body | {"doctor": billing.doctor.pk, "total_paid": 12.345}).json()
    assert made["posted_date"] == clock.now().date().isoformat()
    assert made["total_paid"] == 12.34
    assert made["scanned_eob"] is None


def test_authorization_expires(billing: BillingClient) -> None:
    today = clock.now().date()
    with tenancy.within(billing.clinic.id):
        for days in (-1, 0, 30):
            PatientAuthorization.objects.create(
                practice=billing.clinic.practice,
                doctor=billing.doctor,
                patient_id=billing.patient_id,
                start_date=today - timedelta(60 + days),
                end_date=today + timedelta(days),
                number_of_visits=10,
                visits_used=3,
            )
    listed = billing.http.get("/api/patient_authorizations").json()["results"]
    assert [row["expired"] for row in listed] == [True, False, False]
    assert {row["visits_remaining"] for row in listed} == {7}
    assert listed[0]["doctor"] == "Doris Doctor"
    first = (today - timedelta(60)).isoformat()
    assert billing.ids("patient_authorizations", date_range=f"{first}/{first}") == [listed[1]["id"]]


def test_fee_schedules_are_filtered(billing: BillingClient) -> None:
    with tenancy.within(billing.clinic.id):
        own = FeeSchedule.objects.create(
            practice=billing.clinic.practice,
            doctor=billing.doctor,
            assignees=[billing.doctor.pk],
            specialities=["Pediatrics"],
        )
        FeeSchedule.objects.create(practice=billing.clinic.practice, doctor=billing.doctor)
        FeeScheduleItem.objects.create(
            practice=billing.clinic.practice, schedule=own, code="99213", base_price=Decimal("145.5")
        )
    assert billing.ids("fee_schedules_v2", assignees=str(billing.doctor.pk)) == [own.pk]
    assert billing.ids("fee_schedules_v2", assignees="1000000") == []
    assert billing.ids("fee_schedules_v2", specialities="Pediatrics") == [own.pk]
    assert billing.ids("fee_schedules_v2", specialities="Ped") == []
    (item,) = billing.get(own.pk, "fee_schedules_v2")["items"]
    assert (item["code"], item["base_price"]) == ("99213", "145.50")


def test_day_sheets_show_postings_of_their_days(billing: BillingClient) -> None:
    item = billing.charge()
    credit = billing.answer(item, ins_paid=Decimal(80))
    payment = billing.pay("20", line_item=item["id"])
    charged = item["posted_date"][:10]
    for kind, row, office, today in (  # a payment's day is the doctor's, not that of UTC
        ("charges", item["id"], "office_id", charged),
        ("credits", credit, "office_id", charged),
        ("patient_payments", payment["id"], "office", payment["posted_date"]),
    ):
        yesterday = (date.fromisoformat(today) - timedelta(1)).isoformat()
        path = f"day_sheet_{kind}"
        days = {"start_date": today, "end_date": today}
        assert billing.ids(path, **days) == [row]
        assert billing.ids(path, **days, patient_id=billing.patient_id, **{office: billing.office.pk}) == [
            row
        ]
        assert billing.ids(path, **days, patient_id=billing.other_patient()) == []
        assert billing.ids(path, **days, **{office: 999_999_999}) == []
        assert billing.ids(path, start_date=yesterday, end_date=yesterday) == []
        assert billing.http.get(f"/api/{path}", params={"start_date": today}).status_code == 400


def test_day_sheets_select_by_kind_of_day(billing: BillingClient) -> None:
    """charges_date_type, credits_date_type: given on one day, posted on another, paid by the check of a
    third."""
    item = billing.charge(service_date="2026-02-10")
    visited = billing.charge()  # on the day of its visit
    credit = billing.answer(item, ins_paid=Decimal(80), check_date=date(2026, 2, 20))
    paid = billing.pay(
        "20", line_item=item["id"], received_date="2026-02-11", appointment=billing.visit["id"]
    )["id"]
    today = clock.now().date().isoformat()

    def shown(sheet: str, day: str, **parameters: str) -> list[int]:
        return billing.ids(f"day_sheet_{sheet}", start_date=day, end_date=day, **parameters)

    assert shown("charges", today) == shown("charges", today, charges_date_type="posted_date")
    assert shown("charges", today) == [item["id"], visited["id"]]
    assert shown("charges", "2026-02-10", charges_date_type="service_date") == [item["id"]]
    assert shown("charges", billing.visit["scheduled_time"][:10], charges_date_type="service_date") == [
        visited["id"]
    ]
    assert shown("credits", "2026-02-20", credits_date_type="check_date") == [credit]
    assert shown("credits", "2026-02-10", credits_date_type="service_date") == [credit]
    assert shown("credits", "2026-02-20") == []
    assert shown("patient_payments", "2026-02-11", charges_date_type="received_date") == [paid]
    assert shown(
        "patient_payments", billing.visit["scheduled_time"][:10], charges_date_type="service_date"
    ) == [paid]
    for sheet, name in (("charges", "charges_date_type"), ("credits", "credits_date_type")):
        asked = {"start_date": today, "end_date": today, name: "birthday"}
        answer = billing.http.get(f"/api/day_sheet_{sheet}", params=asked)
        assert (answer.status_code, list(answer.json())) == (400, [name])


def test_day_sheets_are_filtered(billing: BillingClient) -> None:
    """report_type, claim_type, examroom_id, pg_mode, legacy."""
    insured = billing.charge()
    billing.change_and_read(billing.visit, billing_status="Auto Accident Claim")
    other = billing.book("2026-03-04T09:00:00", exam_room=2, payment_profile="Cash")
    with tenancy.within(billing.clinic.id):
        LineItem.objects.filter(pk=insured["id"]).update(self_pay=False)
    own = billing.charge(appointment=other["id"])["id"]
    with tenancy.within(billing.clinic.id):
        LineItem.objects.filter(pk=own).update(self_pay=True)
    paid, off = (
        billing.answer(insured, ins_paid=Decimal(80)),
        billing.answer(insured, adjustment=Decimal(5), adjustment_group_code="CO"),
    )
    money, back = billing.pay("20", line_item=own)["id"], billing.pay("-5", line_item=own)["id"]
    unapplied = billing.pay("7")["id"]
    today = clock.now().date().isoformat()

    def shown(sheet: str, **parameters: object) -> list[int]:
        return billing.ids(f"day_sheet_{sheet}", start_date="2026-01-01", end_date=today, **parameters)

    assert shown("charges", report_type="all") == [insured["id"], own]
    assert shown("charges", report_type="insurance") == [insured["id"]]
    assert shown("charges", report_type="self_pay") == [own]
    assert shown("credits", report_type="payments") == [paid]
    assert shown("credits", report_type="adjustments") == [off]
    assert shown("patient_payments", report_type="payments") == [money, unapplied]
    assert shown("patient_payments", report_type="refunds") == [back]
    assert shown("patient_payments", legacy="true") == [money, back]
    assert shown("patient_payments", legacy="false") == [money, back, unapplied]
    assert shown("charges", claim_type="Auto Accident Claim") == [insured["id"]]
    assert shown("credits", claim_type="Auto Accident Claim") == [paid, off]
    assert shown("patient_payments", claim_type="Auto Accident Claim") == []
    assert shown("charges", examroom_id=2) == [own]
    assert shown("credits", examroom_id=1) == [paid, off]
    assert shown("patient_payments", examroom_id=2) == [money, back]
    colleague = BillingClient(clinic=billing.clinic, doctor=billing.add_colleague())
    for sheet in ("charges", "credits"):
        path, days = f"day_sheet_{sheet}", {"start_date": "2026-01-01", "end_date": today}
        assert colleague.ids(path, **days, pg_mode="false") == []
        assert colleague.ids(path, **days, pg_mode="true") == colleague.ids(path, **days) == shown(sheet)
        assert billing.ids(path, **days, pg_mode="false") == shown(sheet)


def test_totals_equal_sums_of_day_sheets(billing: BillingClient) -> None:
    """group_by, sub_group_by, tertiary_group_by, cash_view_type, report_type, pg_mode."""
    first = billing.charge(price="100.00", service_date="2026-02-10")
    visit = billing.book("2026-03-04T09:00:00", exam_room=2)
    second = billing.charge(price="50.50", appointment=visit["id"], code="99214")
    billing.answer(first, ins_paid=Decimal("60.25"), adjustment=Decimal("10.00"), adjustment_group_code="CO")
    billing.answer(first, adjustment=Decimal("29.75"), adjustment_group_code="PR", adjustment_reason="1")
    billing.pay("20", line_item=second["id"])
    billing.pay("-5.50", line_item=second["id"])
    billing.pay("7")
    today = clock.now().date().isoformat()

    def totals(**parameters: object) -> dict[str, Any]:
        asked = {"start_date": "2026-01-01", "end_date": today} | parameters
        answer = billing.http.get("/api/day_sheet_totals", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    whole = totals()
    assert whole["results"] == []
    assert whole["totals"] == {
        "charges": "150.50",
        "insurance_payments": "60.25",
        "adjustments": "10.00",
        "patient_payments": "21.50",
        "net": "58.75",
        "charges_count": 2,
        "credits_count": 2,
        "patient_payments_count": 3,
    }
    by_code = totals(group_by="code", sub_group_by="exam_room", tertiary_group_by="doctor")
    doctor = str(billing.doctor.pk)
    shown = [
        (r["group"], r["sub_group"], r["tertiary_group"], r["charges"], r["net"]) for r in by_code["results"]
    ]
    assert shown == [
        ("", "", doctor, "0.00", "-7.00"),
        ("99213", "1", doctor, "100.00", "29.75"),
        ("99214", "2", doctor, "50.50", "36.00"),
    ]
    assert by_code["totals"] == whole["totals"]
    assert by_code["grouped_by"] == ["code", "exam_room", "doctor"]
    for name in ("doctor", "office", "patient", "exam_room", "code", "claim_type", "day"):
        grouped = totals(group_by=name)
        assert sum(Decimal(r["net"]) for r in grouped["results"]) == Decimal("58.75")
    served = totals(group_by="day", charges_date_type="service_date", credits_date_type="service_date")
    assert [(r["group"], r["charges"]) for r in served["results"]] == [
        ("2026-02-10", "100.00"),
        ("2026-03-04", "50.50"),
    ]
    assert totals(cash_view_type="applied")["totals"]["patient_payments"] == "14.50"
    assert totals(cash_view_type="unapplied")["totals"]["patient_payments"] == "7.00"
    assert totals(report_type="credits")["totals"]["net"] == "-70.25"
    assert totals(examroom_id=2)["totals"]["charges"] == "50.50"
    assert totals(office_id=billing.office.pk)["totals"]["patient_payments"] == "14.50"
    assert totals(patient_id=billing.other_patient())["totals"]["net"] == "0.00"
    colleague = BillingClient(clinic=billing.clinic, doctor=billing.add_colleague())
    asked = {"start_date": "2026-01-01", "end_date": today, "pg_mode": "false"}
    assert colleague.http.get("/api/day_sheet_totals", params=asked).json()["totals"]["charges_count"] == 0
    assert totals(pg_mode="false")["totals"] == whole["totals"]
    for wrong in ({"sub_group_by": "day"}, {"group_by": "day", "tertiary_group_by": "code"}):
        assert "detail" in billing.http.get("/api/day_sheet_totals", params=asked | wrong).json()
    assert list(billing.http.get("/api/day_sheet_totals", params=asked | {"group_by": "color"}).json()) == [
        "group_by"
    ]


def test_a_credit_has_the_patient_of_its_charge(billing: BillingClient) -> None:
    """Also where a program of the version before writes it, which names none; the day sheet finds it by the patient."""
    item = billing.charge()
    posted = billing.answer(item, ins_paid=Decimal(80))
    with tenancy.within(billing.clinic.id):
        unnamed = Transaction.objects.create(practice_id=billing.clinic.id, line_item_id=item["id"]).pk
        patients = set(Transaction.objects.values_list("patient", flat=True))
    assert patients == {billing.patient_id}
    today = clock.now().date().isoformat()
    for patient, found in ((billing.patient_id, [posted, unnamed]), (billing.other_patient(), [])):
        days = {"start_date": today, "end_date": today}
        assert billing.ids("day_sheet_credits", patient_id=str(patient), **days) == found
