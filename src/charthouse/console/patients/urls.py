"""URLs of the pages for the patients."""

from django.urls import URLPattern, path

from charthouse.console.patients import deleted, merging, pairs, registration, views

urlpatterns: list[URLPattern] = [
    path("patients", views.show_list, name="patients"),
    path("patients/new", registration.register, name="patient-new"),
    path("patients/new/duplicates", registration.show_duplicates, name="patient-duplicates"),
    path("lookups/payers", registration.list_payers, name="payers"),
    path("patients/duplicates", pairs.show_pairs, name="duplicate-pairs"),
    path("patients/<id:patient>/not-duplicate-of/<id:other>", pairs.mark_distinct, name="patients-distinct"),
    path("patients/deleted", deleted.show_list, name="deleted-patients"),
    path("patients/deleted/<id:patient>", deleted.restore, name="patient-restore"),
    path("patients/<id:patient>/delete", deleted.delete, name="patient-delete"),
    path("patients/<id:patient>/merge", merging.choose, name="patient-merge"),
    path("patients/<id:patient>/merge/<id:merged>", merging.compare, name="patient-compare"),
    path("patients/<id:patient>/merges/<id:merge>/undo", merging.undo_merge, name="patient-unmerge"),
    path("patients/<id:patient>/edit", registration.edit, name="patient-edit"),
]
