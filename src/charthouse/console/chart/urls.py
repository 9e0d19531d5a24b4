"""URLs of the pages for a patient's chart."""

from django.urls import URLPattern, path

from charthouse.console.chart import lists, notes, pages, summary, timeline, vitals

urlpatterns: list[URLPattern] = [
    path("patients/<id:patient>", summary.show_summary, name="patient"),
    path("patients/<id:patient>/visits", pages.show_visits, name="chart-visits"),
    path("patients/<id:patient>/vitals", vitals.show_vitals, name="chart-vitals"),
    path("patients/<id:patient>/timeline", timeline.show_timeline, name="chart-timeline"),
    path("patients/<id:patient>/billing", pages.show_billing, name="chart-billing"),
    path("patients/<id:patient>/apps/<id:app>", pages.show_app, name="chart-app"),
    *(pattern for section in lists.LISTS for pattern in section.build_urls()),
    *notes.NOTES.build_urls(),
]
