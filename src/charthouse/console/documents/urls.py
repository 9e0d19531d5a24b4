"""URLs of the pages for documents."""

from django.urls import URLPattern, path

from charthouse.console.documents import views

urlpatterns: list[URLPattern] = [
    path("patients/<id:patient>/documents/<id:row>/share", views.share, name="chart-document-share"),
    path(
        "patients/<id:patient>/documents/<id:row>/filing",
        views.edit_filing,
        name="chart-document-filing",
    ),
    path(
        "patients/<id:patient>/documents/<id:row>/sign",
        views.sign_off,
        name="chart-document-sign",
    ),
    path("reviews", views.show_reviews, name="reviews"),
    *views.DOCUMENTS.build_urls(),
]
