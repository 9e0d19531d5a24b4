"""URLs and menu entries of the pages for patient care."""

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
    deleted_patients,
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
from charthouse.console.navigation import MenuEntry, add_menu_entries
from charthouse.console.resources.billing import ACCOUNT

add_menu_entries(
    "Care",
    MenuEntry(name="The day", view="day", icon="clipboard-heart", permissions=SCHEDULING),
    MenuEntry(name="Calendar", view="calendar", icon="calendar", permissions=SCHEDULING),
    MenuEntry(name="Patients", view="patients", icon="users", permissions=("Manage Patients",)),
)
LISTS = (*chart_lists.LISTS, chart_documents.DOCUMENTS, MESSAGES)
urlpatterns: list[URLPattern | URLResolver] = [
    path("day", day.show_day, name="day"),
    path("calendar", calendar.show_calendar, name="calendar"),
    path("calendar/events", calendar.list_events, name="calendar-events"),
    path("book", booking.choose_patient, name="book"),
    path("book/<id:patient>", booking.book_appointment, name="book-for"),
    path("patients", patients.show_list, name="patients"),
    path("patients/new", patients.add, name="patient-new"),
    path("patients/<id:patient>", chart_pages.show_summary, name="patient"),
    path("patients/deleted", deleted_patients.show_list, name="deleted-patients"),
    path("patients/deleted/<id:patient>", deleted_patients.restore, name="patient-restore"),
    path("patients/<id:patient>/delete", deleted_patients.delete, name="patient-delete"),
    path("patients/<id:patient>/edit", patients.edit, name="patient-edit"),
    path("patients/<id:patient>/visits", chart_pages.show_visits, name="chart-visits"),
    path("patients/<id:patient>/vitals", chart_pages.show_vitals, name="chart-vitals"),
    path("patients/<id:patient>/labs", chart_pages.show_labs, name="chart-labs"),
    path("patients/<id:patient>/billing", chart_pages.show_billing, name="chart-billing"),
    path("patients/<id:patient>/billing/payment", payments.add, name="payment-new"),
    path("patients/<id:patient>/questionnaires", chart_questionnaires.show_list, name="chart-questionnaires"),
    path(
        "patients/<id:patient>/questionnaires/ask",
        chart_questionnaires.assign,
        name="chart-questionnaires-ask",
    ),
    path(
        "patients/<id:patient>/questionnaires/asked/<id:row>/back",
        chart_questionnaires.withdraw,
        name="chart-questionnaires-back",
    ),
    path(
        "patients/<id:patient>/questionnaires/<id:row>",
        chart_questionnaires.show_answers,
        name="chart-answers",
    ),
    path("patients/<id:patient>/apps/<id:app>", chart_pages.show_app, name="chart-app"),
    path(
        "patients/<id:patient>/documents/<id:row>/share", chart_documents.share, name="chart-document-share"
    ),
    path(
        "patients/<id:patient>/documents/<id:row>/filing",
        chart_documents.edit_filing,
        name="chart-document-filing",
    ),
    path(
        "patients/<id:patient>/documents/<id:row>/sign",
        chart_documents.sign_off,
        name="chart-document-sign",
    ),
    path("reviews", chart_documents.show_reviews, name="reviews"),
    path("patients/<id:patient>/portal", portal_access.show_access, name="portal-access"),
    path("patients/<id:patient>/portal/invite", portal_access.invite, name="portal-invite"),
    path("patients/<id:patient>/portal/revoke", portal_access.revoke, name="portal-revoke"),
    path("queue", portal_requests.show_list, name="portal-requests"),
    path("queue/<id:row>", portal_requests.show_request, name="portal-request"),
    path("queue/<id:row>/accept", portal_requests.accept_request, name="portal-request-accept"),
    path("queue/<id:row>/dismiss", portal_requests.dismiss_request, name="portal-request-dismiss"),
    path("visits/<id:visit>", visits.edit_visit, name="visit"),
    path("visits/<id:visit>/status", day.set_status, name="visit-status"),
    path("visits/<id:visit>/move", calendar.move_appointment, name="visit-move"),
    path("visits/<id:visit>/delete", booking.delete_appointment, name="visit-delete"),
    path("visits/<id:visit>/note", visits.save_note, name="visit-write"),
    path("visits/<id:visit>/lock", visits.lock_note, name="visit-lock"),
    path("visits/<id:visit>/unlock", visits.unlock_note, name="visit-unlock"),
    *(pattern for section in LISTS for pattern in section.build_urls()),
    *chart_notes.NOTES.build_urls(),
    *patient_account.build_urls(),
    *TASKS.build_urls(),
    *INBOX.build_urls(),
]
QUEUE = MenuEntry(
    name="Portal queue",
    view="portal-requests",
    icon="file-upload",
    permissions=("Manage Patients",),
    count=portal_requests.count_open,
)
REVIEWS = MenuEntry(name="To review", view="reviews", icon="files", permissions=("Manage Patients",))
add_menu_entries("Care", QUEUE, REVIEWS, TASKS.menu_entry, INBOX.menu_entry)
CHART_TABS = (
    "problems", "medications", "supplements", "allergies", "vaccines", "maintenance", "labs", "notes", "documents",
    "images", "questionnaires", "messages", "calls", "facilities", "tags",
)  # fmt: skip
chart.add_tab("Summary", "patient")
chart.add_tab("Visits", "chart-visits", "Access Clinical Notes")
chart_notes.NOTES.add_tab()
chart.add_tab("Vitals", "chart-vitals", "Access Clinical Notes")
_BY_SEGMENT = {section.segment: section for section in LISTS}
for segment in CHART_TABS:
    if segment == "labs":
        chart.add_tab("Labs", "chart-labs")
    elif segment == "questionnaires":
        chart.add_tab("Questionnaires", "chart-questionnaires")
    else:
        _BY_SEGMENT[segment].add_tab()
chart.add_tab("Account", "chart-account", *ACCOUNT)
chart.add_tab("Billing", "chart-billing", "Access Billing", "Show Billing Tab", "Access Patients Payments")
chart.add_tab("Portal", "portal-access")
