"""URLs of the pages for the audit."""

from django.urls import URLPattern, path

from charthouse.console.audit import views

urlpatterns: list[URLPattern] = [
    path("audit", views.show_list, name="audit"),
    path("audit/export", views.export, name="audit-export"),
]
