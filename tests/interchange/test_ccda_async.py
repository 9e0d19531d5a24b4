"""C-CDA in the background: started, polled by uuid and read by a link, for an hour, by the same caller."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from charthouse import clock
from charthouse.files.models import StoredFile
from charthouse.files.tasks import sweep as sweep_files
from charthouse.identity import tenancy
from charthouse.interchange.ccda import document
from charthouse.jobs.models import Job
from charthouse.jobs.tasks import sweep
from tests.domains.caller import Caller
from tests.interchange.chart import DAY, Record
from tests.interchange.documents import Document
from tests.jobs.worker import work_off
from tests.support import client

INVALID = {"detail": "Invalid uuid specified"}


def url(record: Record, patient: int | None = None) -> str:
    return f"/api/patients/{patient or record.patient_id}/ccda_async"


def begin(record: Record, **asked: str) -> str:
    answer = record.http.get(url(record), params=asked)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["status"] == "In progress"
    where = next(word for word in body["description"].split() if word.startswith("http")).rstrip(",")
    assert urlsplit(where).path == url(record)
    assert parse_qs(urlsplit(where).query) == {"uuid": [body["uuid"]]}
    return str(body["uuid"])


def ask(record: Record, uuid: str) -> dict[str, str]:
    answer = record.http.get(url(record), params={"uuid": uuid})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_document_equals_that_of_ccda(record: Record) -> None:
    record.fill()
    uuid = begin(record)
    assert ask(record, uuid) == {"status": "In progress", "uuid": uuid}
    work_off()
    done = ask(record, uuid)
    assert (done["status"], done["uuid"]) == ("Complete", uuid)
    file = client().get(urlsplit(done["document"]).path)
    assert (file.status_code, file.headers["content-type"]) == (200, "application/xml")
    made, plain = Document(file.content), record.document()
    path = "//h:structuredBody//h:id/@extension"
    assert made.all(path) == plain.all(path)
    assert made.all(path)


def test_days_filter_the_document(record: Record) -> None:
    record.visit(DAY, status="Complete")
    found = {}
    for asked in (DAY, "2026-03-03"):
        uuid = begin(record, date=asked)
        work_off()
        content = client().get(urlsplit(ask(record, uuid)["document"]).path).content
        found[asked] = len(Document(content).entries("46240-8"))
    assert found == {DAY: 1, "2026-03-03": 0}
    assert record.http.get(url(record), params={"date": "soon"}).status_code == 400
    assert record.http.get(url(record), params={"first_name": "Grace"}).status_code == 404
    assert record.http.get(url(record), params={"created_at": "2050-01-01"}).status_code == 404


def test_uuid_is_valid_for_its_patient_and_caller_only(record: Record) -> None:
    uuid = begin(record)
    work_off()
    other = record.new(first_name="Grace", last_name="Hopper")["id"]
    for answer in (
        record.http.get(url(record, other), params={"uuid": uuid}),
        Caller(record.clinic).http.get(url(record), params={"uuid": uuid}),
        record.http.get(url(record), params={"uuid": "0f8fad5b-d9cb-469f-a165-70867728950e"}),
        record.http.get(url(record), params={"uuid": "nonsense"}),
    ):
        assert (answer.status_code, answer.json()) == (400, INVALID)
    assert Caller().http.get(url(record), params={"uuid": uuid}).status_code == 404


def test_job_expires_after_an_hour(record: Record) -> None:
    uuid = begin(record)
    work_off()
    tenancy.set_tenant(record.clinic.id)
    file = Job.objects.get(uuid=uuid).file_id
    with clock.shift(timedelta(hours=1, seconds=1)):
        assert record.http.get(url(record), params={"uuid": uuid}).json() == INVALID
        sweep()
    sweep_files(timedelta(0), [record.clinic.id])
    sweep_files(timedelta(0), [record.clinic.id])
    tenancy.set_tenant(record.clinic.id)
    assert not Job.objects.filter(uuid=uuid).exists()
    assert StoredFile.objects.get(pk=file).archived


def test_failed_document_is_reported(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise ValueError

    monkeypatch.setattr(document, "render", broken)
    uuid = begin(record)
    work_off()
    tenancy.set_tenant(record.clinic.id)
    assert Job.objects.get(uuid=uuid).status == "Failed"
    from charthouse.interchange.ccda import jobs

    tenancy.clear_tenant()
    raw = client(
        record.token,
    )
    raw.event_hooks = {}  # the one 500 that is meant
    answer = raw.get(url(record), params={"uuid": uuid})
    assert answer.status_code == 500
    assert answer.json() == {"status": "Failed", "uuid": uuid, "detail": jobs.FAILED}


def test_authorization(record: Record) -> None:
    assert Caller(record.clinic, permissions=("Settings",)).http.get(url(record)).status_code == 403
    assert Caller(record.clinic, scopes=("clinical",)).http.get(url(record)).status_code == 403
    assert record.http.post(url(record), json={}).status_code == 405
