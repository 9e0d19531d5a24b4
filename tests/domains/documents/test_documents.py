"""Documents and consent forms: uploads, links, soft deletion, forms applied to visits, signatures."""

import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from charthouse import clock
from charthouse.domains.documents.models import AppliedConsentForm
from charthouse.identity import tenancy
from tests import bombs
from tests.domains.scheduling.calendar import DAY, Calendar
from tests.support import client

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


def make_picture() -> bytes:
    made = BytesIO()
    Image.new("RGB", (8, 6), "navy").save(made, "PNG")
    return made.getvalue()


class Files(Calendar):
    def upload(self, content: bytes = PDF, **values: Any) -> httpx.Response:
        body = {
            "doctor": str(self.doctor.pk),
            "patient": str(self.patient_id),
            "date": "2026-03-02",
            "description": "Consult note",
        } | values
        return self.http.post("/api/documents", data=body, files={"document": ("note.pdf", content)})

    def form(self, **values: str) -> int:
        data = {"doctor": str(self.doctor.pk), "title": "Consent to treatment"} | values
        made = self.http.post("/api/consent_forms", data=data, files={"uri": ("form.pdf", PDF)})
        assert made.status_code == 201, made.text
        return int(made.json()["id"])

    def list_applied(self, form: int) -> list[tuple[str, bool]]:
        with tenancy.within(self.clinic.id):
            rows = AppliedConsentForm.objects.filter(consent_form=form).order_by("pk")
            return [(str(row.appointment_id), row.archived) for row in rows]


@pytest.fixture
def files() -> Files:
    return Files()


def test_an_upload_with_metatags_and_its_link(files: Files) -> None:
    made = files.upload(metatags=json.dumps(["cardiology", "it's"]))
    assert made.status_code == 201, made.text
    row = made.json()
    assert row["metatags"] == ["cardiology", "it's"]
    assert row["archived"] is False
    opened = client().get(row["document"])
    assert (opened.status_code, opened.content) == (200, PDF)
    assert opened.headers["content-type"] == "application/pdf"


@pytest.mark.parametrize("tags", ["['a', 'b']", "a,b", '{"a": 1}', '["a", {}]', "[", '["' + "x" * 201 + '"]'])
def test_invalid_metatags_are_refused(files: Files, tags: str) -> None:
    answer = files.upload(metatags=tags)
    assert answer.status_code == 400
    assert list(answer.json()) == ["metatags"]


def test_a_link_expires_after_an_hour(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    link = files.upload().json()["document"]
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=59))
    assert client().get(link).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=61))
    assert client().get(link).status_code in (403, 404, 410)


@pytest.mark.parametrize("content", [b"", bombs.make_png(60_000, 60_000, data=b"x")])
def test_files_that_are_refused(files: Files, content: bytes) -> None:
    answer = files.upload(content)
    assert answer.status_code == 400
    assert list(answer.json()) == ["document"]


def test_a_document_needs_its_file(files: Files) -> None:
    body = {"doctor": files.doctor.pk, "patient": files.patient_id, "date": "2026-03-02", "description": "x"}
    assert list(files.post("documents", body).json()) == ["document"]


def test_images_are_documents_and_can_be_replaced(files: Files) -> None:
    row = files.upload(make_picture()).json()["id"]
    changed = files.http.patch(f"/api/documents/{row}", files={"document": ("b.pdf", PDF)})
    assert changed.status_code == 204
    assert client().get(files.get(row, "documents")["document"]).content == PDF
    assert files.patch(row, "documents", description="Other").status_code == 204
    assert client().get(files.get(row, "documents")["document"]).content == PDF


def test_delete_archives_and_the_change_is_found(files: Files) -> None:
    row = files.upload().json()
    assert files.http.delete(f"/api/documents/{row['id']}").status_code == 204
    assert files.get(row["id"], "documents")["archived"] is True
    assert files.ids("documents", since=row["updated_at"], patient=files.patient_id) == [row["id"]]
    assert files.http.delete(f"/api/documents/{row['id']}").status_code == 204


# -- consent forms ----------------------------------------------------------------------------------------------


def test_a_new_form_comes_last(files: Files) -> None:
    orders = [files.get(files.form(), "consent_forms")["order"] for _ in range(3)]
    assert orders == [1, 2, 3]


def test_a_form_is_applied_to_a_visit_and_removed(files: Files) -> None:
    form, visit = files.form(), files.book()["id"]

    def act(name: str, **body: Any) -> int:
        answer = files.post(f"consent_forms/{form}/{name}", body)
        assert answer.status_code != 204 or not answer.content
        return answer.status_code

    for name, archived in (("apply_to_appointment", False), ("unapply_from_appointment", True)):
        for _ in range(2):
            assert act(name, appointment=visit) == 204
            assert files.list_applied(form) == [(visit, archived)]
    assert act("apply_to_appointment", appointment=visit) == 204
    assert files.list_applied(form) == [(visit, False)]
    assert act("apply_to_appointment") == 400
    assert act("apply_to_appointment", appointment=Files().book()["id"]) == 400


def test_a_form_assigned_by_default_can_be_removed_from_a_visit(files: Files) -> None:
    form, visit = files.form(assign_by_default="true"), files.book()["id"]
    answer = files.post(f"consent_forms/{form}/unapply_from_appointment", {"appointment": visit})
    assert answer.status_code == 204
    assert files.list_applied(form) == [(visit, True)]


def test_a_signature_is_changed_on_the_lists_own_url(files: Files) -> None:
    form, visit = files.form(), files.book()["id"]
    body = {"patient": files.patient_id, "appointment": visit, "consent_form": form}
    row = files.post("signed_consent_forms", body).json()["id"]
    url = "/api/signed_consent_forms"
    assert files.http.patch(url, json={"id": row, "archived": True}).status_code == 204
    assert files.get(row, "signed_consent_forms")["archived"] is True
    assert files.http.patch(url, params={"id": row}, json={"archived": False}).status_code == 204
    signed = {"signature_file": ("signature.png", make_picture())}
    assert files.http.patch(url, params={"id": row}, files=signed).status_code == 204
    shown = files.get(row, "signed_consent_forms")
    assert shown["archived"] is False
    assert client().get(shown["signature_file"]).content == make_picture()
    assert list(files.http.patch(url, json={"archived": True}).json()) == ["id"]
    assert list(files.http.patch(url, json={"id": 2**40}).json()) == ["id"]
    assert list(files.http.patch(url, json={"id": row, "patient": "x"}).json()) == ["patient"]
    assert files.http.patch(url, params={"id": 2**40}, json={}).status_code == 404
    stranger = Files()
    assert list(stranger.http.patch(url, json={"id": row}).json()) == ["id"]
    assert stranger.http.patch(url, params={"id": row}, json={}).status_code == 404


def test_forms_assigned_by_default_apply_to_new_visits(files: Files) -> None:
    before = files.book(time=f"{DAY}T08:00:00")["id"]
    form, other = files.form(assign_by_default="true"), files.form()
    visit = files.book(time=f"{DAY}T09:00:00")["id"]
    assert files.list_applied(form) == [(visit, False)]
    assert files.list_applied(other) == []
    files.http.delete(f"/api/appointments/{before}")
    assert (
        files.post(f"consent_forms/{form}/unapply_from_appointment", {"appointment": visit}).status_code
        == 204
    )
    assert files.patch(visit, "appointments", reason="Other").status_code == 204
    assert files.list_applied(form) == [(visit, True)]


def test_a_break_has_no_forms_until_it_is_a_visit(files: Files) -> None:
    form = files.form(assign_by_default="true")
    row = files.book(patient=None)["id"]
    assert files.list_applied(form) == []
    assert files.patch(row, "appointments", patient=files.patient_id).status_code == 204
    assert files.list_applied(form) == [(row, False)]


@pytest.mark.parametrize("status", ["Checked In", "Checked In Online"])
def test_check_in_is_refused_before_mandatory_forms_are_signed(files: Files, status: str) -> None:
    form = files.form(assign_by_default="true", is_mandatory="true", title="Privacy")
    files.form(assign_by_default="true")
    visit, another = files.book()["id"], files.book(time=f"{DAY}T11:00:00")["id"]
    assert files.patch(visit, "appointments", status="Arrived").status_code == 204
    refused = files.patch(visit, "appointments", status=status)
    assert refused.status_code == 400
    assert refused.json() == {"status": ["These consent forms must be signed before check-in: Privacy."]}
    body = {"patient": files.patient_id, "appointment": another, "consent_form": form}
    files.new("signed_consent_forms", **body)  # at another visit
    assert files.patch(visit, "appointments", status=status).status_code == 400
    files.new("signed_consent_forms", **body | {"appointment": visit})
    assert files.patch(visit, "appointments", status=status).status_code == 204


def test_a_mandatory_form_that_was_removed_does_not_prevent_check_in(files: Files) -> None:
    form = files.form(assign_by_default="true", is_mandatory="true")
    visit = files.book()["id"]
    assert files.patch(visit, "appointments", status="Checked In").status_code == 400
    files.post(f"consent_forms/{form}/unapply_from_appointment", {"appointment": visit})
    assert files.patch(visit, "appointments", status="Checked In").status_code == 204


def test_a_new_visit_can_not_be_checked_in_either(files: Files) -> None:
    files.form(is_mandatory="true")
    assert files.book(status="Checked In", time=f"{DAY}T08:00:00")["status"] == "Checked In"
    files.form(assign_by_default="true", is_mandatory="true", title="Privacy")
    with pytest.raises(AssertionError, match="Privacy"):
        files.book(status="Checked In", time=f"{DAY}T09:00:00")


def test_signatures(files: Files) -> None:
    form, visit = files.form(), files.book()["id"]
    body = {"patient": files.patient_id, "appointment": visit, "consent_form": form}
    made = files.http.post(
        "/api/signed_consent_forms",
        params=body,
        files={"signature_file": ("signature.png", make_picture())},
    )
    assert made.status_code == 201, made.text
    row = made.json()
    assert client().get(row["signature_file"]).content == make_picture()
    assert row["date_signed"][:10] == clock.now().date().isoformat()
    assert files.ids("signed_consent_forms", doctor=files.doctor.pk) == [row["id"]]
    assert files.patch(row["id"], "signed_consent_forms", archived=True).status_code == 204
    stranger = files.new()["id"]
    refused = files.post("signed_consent_forms", body | {"patient": stranger})
    assert list(refused.json()) == ["appointment"]
