"""What a fixture holds in addition to a sandbox: calls, a photo and documents, webhooks with deliveries, a second
factor, a bulk list, an e-mail, seals."""

import io
from datetime import timedelta
from typing import Any

import httpx
from django.core.mail import send_mail
from django.db import transaction
from django_otp.oath import totp
from PIL import Image

from charthouse import clock
from charthouse.audit import captured_bodies, request_log, seals
from charthouse.audit.models import Mark, Seal
from charthouse.changes import actions
from charthouse.changes.models import Delivery, Webhook
from charthouse.domains.patients import merges
from charthouse.domains.patients.models import DistinctPatients, Patient, PortalWording
from charthouse.domains.scheduling.models import Appointment, FreedSlot, WaitingListEntry
from charthouse.identity import second_factor, tenancy
from charthouse.identity.models import Application, User
from tests.changes.receiver import SECRET, run_receiver, run_sender, subscribe
from tests.jobs.worker import work_off
from tests.support import client
from tests.waiting import until

WEBHOOK_HEADERS = {"X-Fixture": "of a practice"}
PDF = b"%PDF-1.7\n% a document of the upgrade fixture\n%%EOF\n"


def add_content(sandbox: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Add rows to a sandbox and return the callers whose credentials have to work after every upgrade.

    ``sandbox``: the description that ``description.write`` returns.
    """
    practice = sandbox["practices"][0]
    app, api_user, user = practice["oauth_apps"][-1], practice["api_users"][0], practice["users"][0]
    with client(app["access_token"]) as caller:
        patient = _fill_patient(caller, user)
        _call_apis(caller, api_user, app["client_id"], user["id"])
        _deliver_webhooks(caller, practice["id"], app["client_id"], patient)
    with tenancy.within(practice["id"]):
        PortalWording.objects.create(practice_id=practice["id"], invitation_subject="Welcome to {practice}")
        _merge_patients(practice["id"], user["id"])
        _wait(practice["id"])
        send_mail("Closed on Friday", "The office is closed on Friday.", None, ["someone@example.com"])
    other = practice["users"][1]
    recovery_code = _enable_second_factor(other["id"])
    _seal_audit()
    return {
        "app": {name: app[name] for name in ("client_id", "client_secret", "refresh_token")},
        "api_user": {name: api_user[name] for name in ("username", "secret")},
        "user": {name: user[name] for name in ("username", "password")},
        "second_factor": {"user": other["id"], "recovery_code": recovery_code},
        "portal_user": next(
            found["portal_users"][0] for found in sandbox["practices"] if found["portal_users"]
        ),
        "patient": {"practice": practice["id"], "id": patient},
        "webhooks": {"app": SECRET, "practice": WEBHOOK_HEADERS},
    }


def _merge_patients(practice: int, user: int) -> None:
    """Merge the two patients who were added last, and note of two others that they are not the same."""
    rows = (
        Patient.objects.filter(practice=practice, archived=False).order_by("-pk").values_list("pk", flat=True)
    )
    kept, merged, second, first = rows[:4]
    DistinctPatients.objects.create(practice_id=practice, first_id=first, second_id=second)
    with transaction.atomic():
        merges.merge(practice, kept, merged, user, reason="Registered twice")


def _wait(practice: int) -> None:
    """Put a patient on the waiting list, and note a slot that was freed."""
    visit = Appointment.objects.filter(practice=practice, patient__archived=False, archived=False).order_by(
        "-pk"
    )[0]
    WaitingListEntry.objects.create(
        practice_id=practice,
        patient_id=visit.patient_id,
        doctor_id=visit.doctor_id,
        duration=30,
        week_days=[0, 2],
    )
    slot = {
        name: getattr(visit, name)
        for name in ("doctor_id", "office_id", "exam_room", "scheduled_time", "duration")
    }
    FreedSlot.objects.create(practice_id=practice, **slot)


def _fill_patient(caller: httpx.Client, user: dict[str, Any]) -> int:
    """Give the first patient a photo, documents, and the insurances that no seeder adds; return the patient's id."""
    patient = _get_rows(caller, "patients")[0]["id"]
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(picture, "PNG")
    photo = {"patient_photo": ("photo.png", picture.getvalue(), "image/png")}
    path = f"/api/patients/{patient}"
    _require(caller.patch(path, data={"patient_photo_date": "2026-02-01"}, files=photo))
    insurances = {
        "auto_accident_insurance": {"auto_accident_notes": "Hit from behind"},
        "workers_comp_insurance": {"workers_comp_notes": "Fell from a ladder"},
    }
    _require(caller.patch(path, json=insurances))
    document = {"patient": patient, "doctor": user["doctor"], "date": "2026-03-02", "description": "Letter"}
    for _ in range(2):
        _require(caller.post("/api/documents", data=document, files={"document": ("letter.pdf", PDF)}))
    return int(patient)


def _call_apis(caller: httpx.Client, api_user: dict[str, Any], client_id: str, user: int) -> None:
    """Make calls of both APIs, with captured bodies, a bulk list, an app on the doctor's pages and a deleted row."""
    captured_bodies.start_capture(
        Application.objects.get(client_id=client_id), timedelta(hours=1), User.objects.get(pk=user)
    )
    _require(caller.post("/api/iframe_integration"))
    _require(caller.post("/api/patients_list"))
    work_off()
    _require(caller.delete(f"/api/documents/{_get_rows(caller, 'documents')[0]['id']}"))
    start, end = (f"{clock.now() - timedelta(days=days):%Y-%m-%d %H:%M:%S}" for days in (1, 0))
    with client(auth=(api_user["username"], api_user["secret"])) as program:
        _require(program.get("/api/v1/patients"))
        _require(program.get("/api/v1/delta/patients", params={"start_date": start, "end_date": end}))
    with client("no token") as stranger:
        stranger.get("/api/patients")


def _deliver_webhooks(caller: httpx.Client, practice: int, client_id: str, patient: int) -> None:
    """Deliver events to a webhook of the app and one of the practice, then one that the receiver answers with 503."""
    app = Application.objects.get(client_id=client_id)
    with run_receiver() as receiver, run_sender():
        subscribe(app, receiver, "PATIENT_MODIFY")
        with tenancy.within(practice):
            actions.create_practice_webhook(
                app.user.practice, receiver.url, WEBHOOK_HEADERS, ["patient.modified"]
            )
        for count, status in ((2, 200), (4, 503)):
            receiver.status = status
            _require(caller.patch(f"/api/patients/{patient}", json={"nick_name": f"Called {status}"}))
            tenancy.clear_tenant()
            deliveries = Delivery.objects.using("owner").filter(leased_until=None).exclude(attempts=[])
            until(lambda deliveries=deliveries, count=count: deliveries.count() >= count)
    assert Webhook.objects.using("owner").count() == 2


def _enable_second_factor(user_id: int) -> str:
    """Enable the second factor of a user and return a recovery code."""
    user = User.objects.get(pk=user_id)
    device = second_factor.get_pending_device(user)
    codes = second_factor.confirm(user, f"{totp(device.bin_key):06}")
    assert codes
    return codes[0]


def _seal_audit() -> None:
    """Seal what was logged so far, and log some more."""
    tenancy.clear_tenant()
    request_log.flush()
    until(
        lambda: (
            not seals.seal()
            and Mark.objects.using("owner").filter(sealed__gt=0).count() == len(seals.FORMS[seals.FORM])
        )
    )
    assert Seal.objects.using("owner").exists()
    with client("no token") as stranger:
        stranger.get("/api/doctors")
    request_log.flush()


def _get_rows(caller: httpx.Client, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _require(caller.get(f"/api/{path}")).json()["results"]
    return rows


def _require(response: httpx.Response) -> httpx.Response:
    assert response.is_success or response.has_redirect_location, f"{response.request.url}: {response.text}"
    return response
