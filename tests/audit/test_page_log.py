"""Every page of console and portal that shows a patient's details is in the request log with that patient, and asks
the database few times.

A browser follows the links of all pages, from the menu on, in a practice that has rows of everything. Each patient
there has a name of their own, which is searched for in the pages.
"""

import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from django.db import IntegrityError, connections, transaction
from django.urls import Resolver404, resolve

from charthouse import clock
from charthouse.audit import captured_bodies, request_log, subjects, trail
from charthouse.audit.models import ApiCall
from charthouse.changes.models import Delivery, Webhook
from charthouse.console.urls import urlpatterns as console_patterns
from charthouse.domains.patients import merges
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.domains.scheduling.models import Appointment
from charthouse.gateway.cerbo import registry as cerbo_registry
from charthouse.gateway.drchrono import registry as drchrono_registry
from charthouse.identity import tenancy
from charthouse.identity.sealed_secrets import seal
from charthouse.outbox import queue
from tests.contract.cerbo_world import CerboWorld, make_cerbo
from tests.contract.test_log_subjects import CANARY, name_patients
from tests.identity.oauth_flow import open_signed_in_browser
from tests.portal.portal_patients import PortalPatient, make_portal_patient
from tests.queries import MOST_QUERIES, caught_queries
from tests.support import PASSWORD, client, issue_token, make_app, make_user

MOST = 1  # URLs of one pattern that are followed
# Patterns whose answers may make more queries than a page.
ALLOWED = {"portal/health/record.xml": 40}  # a C-CDA has some twenty sections, each of rows of its own
SKIPPED = re.compile(r"/(static|docs|openapi|catalogues/[^/]+/)")  # these have no patients
LINK = re.compile(r'(?:href|src|action|data-[a-z-]+)="(/[^"#]*)"')


@dataclass
class Walk:
    """What a browser found: patterns that it opened, and those that showed patients."""

    browser: httpx.Client
    opened: Counter[str] = field(default_factory=Counter)
    shown: dict[str, set[int]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    queries: dict[str, list[str]] = field(default_factory=dict)  # the most that a page of the pattern made

    def find_costly(self) -> dict[str, tuple[int, list[str]]]:
        """List the patterns whose pages make more queries than they may, with these."""
        return {
            route: (len(made), made)
            for route, made in self.queries.items()
            if len(made) > ALLOWED.get(route, MOST_QUERIES)
        }

    def follow(self, *starts: str) -> None:
        """Open pages and follow their links, breadth first."""
        waiting, seen = list(starts), set(starts)
        while waiting:
            url = waiting.pop(0)
            try:
                match = resolve(urlsplit(url).path)
            except Resolver404:
                continue
            if self.opened[match.route] >= MOST and url not in starts:
                continue
            self.opened[match.route] += 1
            with caught_queries() as made:
                answer = self.browser.get(url)
            self.queries[match.route] = max(made, self.queries.get(match.route, []), key=len)
            if answer.status_code != 200 or "sign-out" in url:
                continue
            self.check(match.route, url, answer)
            for link in LINK.findall(answer.text):
                link = link.replace("&amp;", "&")
                if link not in seen and not SKIPPED.match(link):
                    seen.add(link)
                    waiting.append(link)

    def check(self, route: str, url: str, answer: httpx.Response) -> None:
        found = {int(number) for number in CANARY.findall(answer.text)}
        request_log.flush()
        last = (
            ApiCall.objects.using("owner")
            .filter(dialect__in=("console", "portal", "link"))
            .order_by("-id")
            .first()
        )
        is_of_page = last is not None and last.resource == resolve(urlsplit(url).path).url_name
        logged = set(last.patients) if last and is_of_page else set()
        if found - logged:
            self.missing.append(f"{url}: {sorted(found - logged)[:5]} of {len(found)}")
        if found:
            self.shown.setdefault(route, set()).update(found)


@dataclass
class Site:
    """A practice with rows of everything, as far as possible of one patient, who uses the portal."""

    world: CerboWorld
    guest: PortalPatient
    starts: list[str]


@pytest.fixture(scope="module")
def site(database: None) -> Site:
    world = make_cerbo("Pages")
    for resource in drchrono_registry.get_registry():
        world.other.row(resource.path)
    for resource in cerbo_registry.get_registry():
        world.row(resource.path)
    clinic = world.other.clinic
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    guest = make_portal_patient(clinic, gender="Other")
    give_all_rows_to(guest.patient)
    name_patients(world.practice)
    starts = [*make_starts(world, guest), *merge_patients(world, guest)]
    return Site(world, guest, [*starts, f"/patients/deleted/{delete_patient(world)}"])


def merge_patients(world: CerboWorld, guest: PortalPatient) -> list[str]:
    """Merge a patient into the one who uses the portal; return the pages of that, and of merging another."""
    other, merged = (world.other.new("patients") for _ in range(2))
    name_patients(world.practice)
    with tenancy.within(world.practice), transaction.atomic():
        done = merges.merge(world.practice, guest.patient.pk, merged, world.other.clinic.user.pk)
    chart = f"/patients/{guest.patient.pk}"
    return [f"{chart}/merge/{other}", f"{chart}/merges/{done.pk}/undo"]


def delete_patient(world: CerboWorld) -> int:
    """Delete a patient who has a name of their own; return the id."""
    patient = world.other.new("patients")
    name_patients(world.practice)
    assert world.other.client.delete(f"/api/patients/{patient}").status_code == 204
    return patient


def give_all_rows_to(patient: Patient) -> None:
    """Make rows of other patients this one's, where a patient may have several."""
    for table, path in subjects.find_patient_paths().items():
        if [step.column for step in path] == ["patient_id"] and table != "patients_portalaccess":
            with (
                suppress(IntegrityError),
                transaction.atomic("owner"),
                connections["owner"].cursor() as cursor,
            ):
                cursor.execute(
                    f"update {table} set patient_id = %s where practice_id = %s and patient_id is not null",  # noqa: S608
                    [patient.pk, patient.practice_id],
                )


def make_starts(world: CerboWorld, guest: PortalPatient) -> list[str]:
    """Make rows that show patients outside of charts, and list pages that no page links to."""
    clinic, patient = world.other.clinic, guest.patient.pk
    user = clinic.user
    item = {"type": "Patient", "value": patient}
    task = world.other.new("tasks", associated_items=[item], assignee_user=user.pk)
    app = make_app(user=user)
    captured_bodies.start_capture(app.row, timedelta(hours=1), user)
    with client(issue_token(user, app)) as caller:
        called = caller.get(f"/api/patients/{patient}").headers["X-Request-Id"]
    request_log.flush()
    call = ApiCall.objects.using("owner").get(request=called).pk
    tenancy.clear_tenant()
    body = f'{{"object": {{"last_name": "Canary{patient}x"}}}}'.encode()
    tenancy.set_tenant(clinic.id)
    own = Webhook.objects.create(
        application=app.row, callback_url="https://a.example", sealed_secret=seal("s")
    )
    ours = Webhook.objects.create(
        practice=clinic.practice, callback_url="https://b.example", sealed_secret=seal("{}")
    )
    with tenancy.within(clinic.id):
        visit = Appointment.objects.filter(patient=patient).order_by("-pk")[0]
        sent = [
            Delivery.objects.create(
                practice_id=clinic.id,
                webhook=hook,
                event=event,
                row_id=patient,
                user_id=user.pk,
                body=body,
                at=clock.now(),
            ).pk
            for hook, event in ((own, "PATIENT_CREATE"), (ours, "patient.created"))
        ]
        queue.queue_email(
            clinic.id,
            f"Canary{patient}x@example.org",
            "Visit",
            "See you.",
            purpose="reminder",
            patient=patient,
        )
    day = visit.scheduled_time.date()
    days = f"office={visit.office_id}&start={day - timedelta(days=1)}&end={day + timedelta(days=2)}"
    return [
        f"/patients/{patient}", "/", f"/day?office={visit.office_id}&date={day}", f"/calendar/events?{days}",
        f"/appointments/{visit.pk}", "/patients?q=Canary", "/tasks", f"/tasks/{task}", "/queue", "/reviews",
        "/inbox", "/outbox", "/audit?since=2000-01-01", "/developer/requests",
        f"/developer/requests/{call}", f"/developer/deliveries/{sent[0]}", f"/settings/webhooks/deliveries/{sent[1]}",
    ]  # fmt: skip


# Patterns of a patient's pages that show no details of the patient, or that only a form of another page posts to.
OTHERS = {
    "patients/<id:patient>/account/invoices/<id:row>/pay",
    "patients/<id:patient>/account/invoices/<id:row>/payments/<id:payment>",
    "patients/<id:patient>/allergies/none-known",
    "patients/<id:patient>/apps/<id:app>",
    "patients/<id:patient>/documents/<id:row>/share",
    "patients/<id:patient>/documents/<id:row>/sign",
    "patients/<id:patient>/encounters/<id:row>/lock",
    "patients/<id:patient>/encounters/<id:row>/unlock",
    "patients/<id:patient>/labs/<id:row>/review",
    "patients/<id:patient>/medications/none-known",
    "patients/<id:patient>/medications/reconcile",
    "patients/<id:patient>/not-duplicate-of/<id:other>",
    "patients/<id:patient>/portal/invite",
    "patients/<id:patient>/portal/proxies",
    "patients/<id:patient>/portal/proxies/<id:row>",
    "patients/<id:patient>/portal/revoke",
    "patients/<id:patient>/problems/none-known",
    "patients/<id:patient>/questionnaires/asked/<id:row>/back",
}
OUTSIDE_OF_CHARTS = {
    "appointments/<id:visit>", "calendar/events", "day", "developer/deliveries/<id:row>", "developer/requests/<id:row>",
    "inbox",
    "inbox/<id:row>", "outbox", "outbox/<id:row>", "patients", "queue", "queue/<id:row>", "reviews",
    "settings/webhooks/deliveries/<id:row>", "visits/<id:visit>",
}  # fmt: skip


def test_of_the_console(site: Site) -> None:
    walk = Walk(open_signed_in_browser(site.world.other.clinic.user.username))
    walk.follow(*site.starts)
    assert walk.missing == []
    assert walk.find_costly() == {}
    routes = {str(pattern.pattern) for pattern in console_patterns}
    of_patients = {route for route in routes if "<id:patient>" in route}
    assert (of_patients | OUTSIDE_OF_CHARTS) - walk.shown.keys() - OTHERS == set()


def test_the_audit_says_which_page(site: Site) -> None:
    browser = open_signed_in_browser(site.world.other.clinic.user.username)
    patient = site.guest.patient.pk
    browser.get(f"/patients/{patient}/problems?q=secret7431")
    request_log.flush()
    with tenancy.within(site.world.practice):
        newest = trail.list_patient_entries(site.world.practice, patient, action="Read")[0]
    assert newest.description == f"Opened the page chart problems {patient}"
    assert (newest.user_id, newest.patient_id) == (site.world.other.clinic.user.pk, patient)
    assert newest.path == f"/patients/{patient}/problems"


def test_refused_pages_are_logged_with_who_it_was(site: Site) -> None:
    clinic, patient = site.world.other.clinic, site.guest.patient.pk
    user = make_user(clinic.practice, permissions=(), password=PASSWORD)
    browser = open_signed_in_browser(user.username)
    for url, status, gate in ((f"/patients/{patient}", 403, "permission"), ("/audit", 403, "permission")):
        assert browser.get(url).status_code == status
        request_log.flush()
        row = ApiCall.objects.using("owner").filter(practice_id=clinic.id).order_by("-id")[0]
        assert (row.user_id, row.status, row.gate, row.patients) == (user.pk, status, gate, [])
        assert row.path == url


def test_no_token_of_a_link_is_written(site: Site) -> None:
    browser = client()
    browser.get("/portal/invitations/secret7431")
    browser.get("/files/secret7431")
    open_signed_in_browser(site.world.other.clinic.user.username).get("/files/secret7431")
    request_log.flush()
    assert not ApiCall.objects.using("owner").filter(path__contains="7431").exists()


def test_of_the_portal(site: Site) -> None:
    walk = Walk(site.guest.browser())
    walk.follow("/portal")
    assert walk.missing == []
    assert walk.find_costly() == {}
    request_log.flush()
    seen = ApiCall.objects.using("owner").filter(practice_id=site.world.practice, dialect="portal")
    with tenancy.within(site.world.practice):
        of_guest = PortalRequest.objects.filter(patient=site.guest.patient, proxy__isnull=False)
        proxies = set(of_guest.values_list("proxy", flat=True))  # who are named as the senders
    assert all(site.guest.patient.pk in row.patients for row in seen)
    assert {pk for row in seen for pk in row.patients} == {site.guest.patient.pk} | proxies
    assert walk.opened.keys() >= {"portal", "portal/appointments"}
