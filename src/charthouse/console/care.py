"""Pages of the people who care for patients, and their lines of the menu and of the chart."""

from django.urls import URLPattern, URLResolver, path

from charthouse.console import chart, chart_pages, patients, payments, visits
from charthouse.console.navigation import Entry, offer

offer("Care", Entry(name="Patients", view="patients", icon="users", permissions=("Manage Patients",)))
urlpatterns: list[URLPattern | URLResolver] = [
    path("patients", patients.patients, name="patients"),
    path("patients/new", patients.new, name="patient-new"),
    path("patients/<int:patient>", chart_pages.summary, name="patient"),
    path("patients/<int:patient>/edit", patients.edit, name="patient-edit"),
    path("patients/<int:patient>/visits", chart_pages.visits, name="chart-visits"),
    path("patients/<int:patient>/vitals", chart_pages.vitals, name="chart-vitals"),
    path("patients/<int:patient>/labs", chart_pages.labs, name="chart-labs"),
    path("patients/<int:patient>/billing", chart_pages.billing, name="chart-billing"),
    path("patients/<int:patient>/billing/payment", payments.new, name="payment-new"),
    path("visits/<int:visit>", visits.visit, name="visit"),
    path("visits/<int:visit>/note", visits.write, name="visit-write"),
    path("visits/<int:visit>/lock", visits.lock, name="visit-lock"),
    path("visits/<int:visit>/unlock", visits.unlock, name="visit-unlock"),
    *chart.urls(),
]
chart.tab("Summary", "patient")
chart.tab("Visits", "chart-visits", "Access Clinical Notes")
chart.tab("Vitals", "chart-vitals", "Access Clinical Notes")
for section in chart.SECTIONS:
    if section.place == "documents":
        chart.tab("Labs", "chart-labs")
    section.tab()
chart.tab("Billing", "chart-billing", "Access Billing", "Show Billing Tab", "Access Patients Payments")
