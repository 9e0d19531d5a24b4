"""Portal requests settled by staff: each type, concurrently, and when something was deleted."""

from typing import Any

import httpx
import pytest
from django.db.models.signals import pre_save

from charthouse.domains.medications.models import Drug, Medication, PatientSupplement, Supplement
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.domains.patients.models.portal_requests import REQUEST_TYPES
from charthouse.domains.patients.portal_requests import load_acceptors, settle
from charthouse.engine.errors import Conflict, NotFound
from charthouse.identity import tenancy
from tests.contract.values import PIXEL
from tests.domains.caller import Caller, at_once

LETTER = {"subject": "A question", "note": "May I take it with food?"}
SAID = {"html_content": "<p>No.</p>", "raw_data": {}}


class Desk:
    """A practice with a request of each type, and somebody who settles them."""

    def __init__(self, caller: Caller, program: httpx.Client, patient: int) -> None:
        self.caller, self.program, self.patient = caller, program, patient
        practice = caller.clinic.practice
        with tenancy.within(practice.pk):
            self.drug = Drug.objects.create(practice=practice, name="Metformin 500 mg tablet")
            self.supplement = Supplement.objects.create(practice=practice, name="Magnesium")

    def request(self, kind: str) -> PortalRequest:
        image = {"pt_id": self.patient, "mime_type": "image/png", "base64_content": PIXEL}
        path, body = {
            "image": ("images", image),
            "document": ("documents", image | {"name": "Referral"}),
            "rx": ("rxs", {"drug_id": self.drug.pk}),
            "rx_refill": ("rxs/refill", {"original_prescription_id": self.prescription()}),
            "supplement": ("supplements", {"supplement_id": self.supplement.pk}),
            "questionnaire": ("questionnaires", SAID),
            "secure_message": ("portal/secure_messages", LETTER),
        }[kind]
        answer = self.program.post(f"patients/{self.patient}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        with tenancy.within(self.caller.clinic.practice.pk):
            return PortalRequest.objects.get(pk=answer.json()["portal_queue_id"])

    def prescription(self) -> int:
        with tenancy.within(self.caller.clinic.practice.pk):
            made = Medication.objects.filter(request=None).first()
        return (
            made.pk
            if made
            else int(self.caller.new("medications", patient=self.patient, name="Lisinopril")["id"])
        )

    def settle(self, request: PortalRequest, accept: bool = True) -> Any:
        with tenancy.within(self.caller.clinic.practice.pk):
            return settle(request, self.caller.user.pk, accept)

    def status(self, request: PortalRequest) -> str:
        with tenancy.within(self.caller.clinic.practice.pk):
            request.refresh_from_db()
        return request.status


@pytest.fixture
def desk(caller: Caller, program: httpx.Client, patient: int) -> Desk:
    return Desk(caller, program, patient)


each_type = pytest.mark.parametrize("kind", REQUEST_TYPES)


def test_every_type_can_be_accepted() -> None:
    assert set(load_acceptors()) == set(REQUEST_TYPES)


@each_type
def test_accepted_concurrently_it_is_one_row(desk: Desk, kind: str) -> None:
    request = desk.request(kind)

    def one(_: int) -> Any:
        try:
            return desk.settle(request)
        except Conflict:
            return None

    made = [row for row in at_once(3, one) if row is not None]
    assert len(made) == 1
    assert desk.status(request) == "accepted"
    assert (request.settled_by_id, request.settled_at is None) == (desk.caller.user.pk, False)
    with tenancy.within(desk.caller.clinic.practice.pk):
        rows = type(made[0])._default_manager.filter(request=request)
        assert [row.pk for row in rows] == [made[0].pk]
    with pytest.raises(Conflict, match="accepted already"):
        desk.settle(request, accept=False)


@each_type
def test_a_dismissed_request_makes_no_row(desk: Desk, kind: str) -> None:
    request = desk.request(kind)
    assert desk.settle(request, accept=False) is None
    assert desk.status(request) == "dismissed"
    with pytest.raises(Conflict, match="dismissed already"):
        desk.settle(request)


@each_type
def test_requests_of_a_deleted_patient_are_refused(desk: Desk, kind: str) -> None:
    request = desk.request(kind)
    assert desk.program.delete(f"patients/{desk.patient}").status_code == 200
    with pytest.raises(Conflict, match="patient was deleted"):
        desk.settle(request)
    assert desk.status(request) == "open"
    desk.settle(request, accept=False)
    assert desk.status(request) == "dismissed"


@pytest.mark.parametrize(
    ("kind", "gone"), [("rx", Drug), ("supplement", Supplement), ("rx_refill", Medication)]
)
def test_a_product_that_was_deleted_is_a_conflict(desk: Desk, kind: str, gone: Any) -> None:
    request = desk.request(kind)
    with tenancy.within(desk.caller.clinic.practice.pk):
        gone.objects.update(archived=True)
    with pytest.raises(Conflict, match="no longer exists"):
        desk.settle(request)
    assert desk.status(request) == "open"
    with tenancy.within(desk.caller.clinic.practice.pk):
        assert not Medication.objects.filter(request=request).exists()
        assert not PatientSupplement.objects.filter(request=request).exists()


@pytest.mark.parametrize(
    ("path", "gone"), [("rxs", Drug), ("supplements", Supplement)], ids=["rx", "supplement"]
)
def test_a_product_deleted_during_the_call_is_a_conflict(desk: Desk, path: str, gone: Any) -> None:
    """Something is deleted between the check of the call and its write: the call writes nothing."""

    def put_away(**_: Any) -> None:
        gone.objects.update(archived=True)

    practice = desk.caller.clinic.practice.pk
    body = {"drug_id": desk.drug.pk} if gone is Drug else {"supplement_id": desk.supplement.pk}
    pre_save.connect(put_away, sender=PortalRequest)
    try:
        answer = desk.program.post(f"patients/{desk.patient}/{path}", params={"enqueue": "false"}, json=body)
    finally:
        pre_save.disconnect(put_away, sender=PortalRequest)
    assert answer.status_code == 409, answer.text
    assert "no longer exists" in answer.json()["error"]["message"]
    with tenancy.within(practice):
        assert not PortalRequest.objects.exists()


def test_what_was_discontinued_is_not_refilled(desk: Desk) -> None:
    request = desk.request("rx_refill")
    row = request.payload["original_prescription_id"]
    url = f"patients/{desk.patient}/rxs/{row}/discontinue"
    assert desk.program.patch(url, json={"discontinued_reason": "Rash"}).status_code == 200
    with pytest.raises(Conflict, match="discontinued"):
        desk.settle(request)
    assert desk.status(request) == "open"


def test_a_deleted_request_and_one_of_another_practice(desk: Desk) -> None:
    request = desk.request("image")
    other = Caller()
    with tenancy.within(other.clinic.practice.pk), pytest.raises(NotFound):
        settle(request, other.user.pk, accept=True)
    url = f"patients/{desk.patient}/portal/enqueued/{request.pk}"
    assert desk.program.delete(url).status_code == 200
    with pytest.raises(Conflict, match="deleted already"):
        desk.settle(request)
    with tenancy.within(desk.caller.clinic.practice.pk):
        assert Patient.objects.filter(pk=desk.patient).exists()
