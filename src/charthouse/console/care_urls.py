"""Pages of the people who care for patients, and their lines of the menu and of the chart."""

from django.urls import URLPattern, URLResolver, path

from charthouse.console import (
    booking,
    calendar,
    chart,
    chart_documents,
    chart_lists,
    chart_notes,
    chart_pages,
    chart_questionnaires,
    day,
    patient_account,
    patients,
    payments,
    portal_access,
    portal_requests,
    visits,
)
from charthouse.console.chart_messages import MESSAGES
from charthouse.console.day import SCHEDULING
from charthouse.console.inbox import INBOX, TASKS
from charthouse.console.navigation import Entry, offer
from charthouse.console.resources.billing import ACCOUNT

offer(
    "Care",
    Entry(name="The day", view="day", icon="clipboard-heart", permissions=SCHEDULING),
    Entry(name="Calendar", view="calendar", icon="calendar", permissions=SCHEDULING),
    Entry(name="Patients", view="patients", icon="users", permissions=("Manage Patients",)),
)
urlpatterns: list[URLPattern | URLResolver] = [
    path("day", day.day, name="day"),
    path("calendar", calendar.calendar, name="calendar"),
    path("calendar/events", calendar.events, name="calendar-events"),
    path("book", booking.choose, name="book"),
    path("book/<int:patient>", booking.book, name="book-for"),
    path("patients", patients.patients, name="patients"),
    path("patients/new", patients.new, name="patient-new"),
    path("patients/<int:patient>", chart_pages.summary, name="patient"),
    path("patients/<int:patient>/edit", patients.edit, name="patient-edit"),
    path("patients/<int:patient>/visits", chart_pages.visits, name="chart-visits"),
    path("patients/<int:patient>/vitals", chart_pages.vitals, name="chart-vitals"),
    path("patients/<int:patient>/labs", chart_pages.labs, name="chart-labs"),
    path("patients/<int:patient>/billing", chart_pages.billing, name="chart-billing"),
    path("patients/<int:patient>/billing/payment", payments.new, name="payment-new"),
    path("patients/<int:patient>/questionnaires", chart_questionnaires.listing, name="chart-questionnaires"),
    path(
        "patients/<int:patient>/questionnaires/ask", chart_questionnaires.ask, name="chart-questionnaires-ask"
    ),
    path(
        "patients/<int:patient>/questionnaires/asked/<int:row>/back",
        chart_questionnaires.take_back,
        name="chart-questionnaires-back",
    ),
    path(
        "patients/<int:patient>/questionnaires/<int:row>", chart_questionnaires.answers, name="chart-answers"
    ),
    path("patients/<int:patient>/apps/<int:app>", chart_pages.framed, name="chart-app"),
    path(
        "patients/<int:patient>/documents/<int:row>/share", chart_documents.share, name="chart-document-share"
    ),
    path(
        "patients/<int:patient>/documents/<int:row>/filing",
        chart_documents.file,
        name="chart-document-filing",
    ),
    path("patients/<int:patient>/documents/<int:row>/sign", chart_documents.sign, name="chart-document-sign"),
    path("reviews", chart_documents.reviews, name="reviews"),
    path("patients/<int:patient>/portal", portal_access.one, name="portal-access"),
    path("patients/<int:patient>/portal/invite", portal_access.invite, name="portal-invite"),
    path("patients/<int:patient>/portal/revoke", portal_access.revoke, name="portal-revoke"),
    path("queue", portal_requests.listing, name="queue"),
    path("queue/<int:row>", portal_requests.one, name="queued"),
    path("queue/<int:row>/accept", portal_requests.accept, name="queued-accept"),
    path("queue/<int:row>/dismiss", portal_requests.dismiss, name="queued-dismiss"),
    path("visits/<int:visit>", visits.visit, name="visit"),
    path("visits/<int:visit>/status", day.set_status, name="visit-status"),
    path("visits/<int:visit>/move", calendar.move, name="visit-move"),
    path("visits/<int:visit>/delete", booking.cancel, name="visit-delete"),
    path("visits/<int:visit>/note", visits.write, name="visit-write"),
    path("visits/<int:visit>/lock", visits.lock, name="visit-lock"),
    path("visits/<int:visit>/unlock", visits.unlock, name="visit-unlock"),
    *chart.urls(*chart_lists.SECTIONS, chart_documents.DOCUMENTS, MESSAGES),
    *chart_notes.NOTES.urls(),
    *patient_account.urls(),
    *TASKS.urls(),
    *INBOX.urls(),
]
QUEUE = Entry(
    name="Portal queue",
    view="queue",
    icon="file-upload",
    permissions=("Manage Patients",),
    count=portal_requests.waiting,
)
REVIEWS = Entry(name="To review", view="reviews", icon="files", permissions=("Manage Patients",))
offer("Care", QUEUE, REVIEWS, TASKS.entry, INBOX.entry)
PLACES = (
    "problems", "medications", "supplements", "allergies", "vaccines", "maintenance", "labs", "notes", "documents",
    "images", "questionnaires", "messages", "calls", "facilities", "tags",
)  # fmt: skip
SECTIONS = {
    section.place: section
    for section in (*chart.SECTIONS, *chart_lists.SECTIONS, chart_documents.DOCUMENTS, MESSAGES)
}
chart.tab("Summary", "patient")
chart.tab("Visits", "chart-visits", "Access Clinical Notes")
chart_notes.NOTES.tab()
chart.tab("Vitals", "chart-vitals", "Access Clinical Notes")
for place in PLACES:
    if place == "labs":
        chart.tab("Labs", "chart-labs")
    elif place == "questionnaires":
        chart.tab("Questionnaires", "chart-questionnaires")
    else:
        SECTIONS[place].tab()
chart.tab("Account", "chart-account", *ACCOUNT)
chart.tab("Billing", "chart-billing", "Access Billing", "Show Billing Tab", "Access Patients Payments")
chart.tab("Portal", "portal-access")
