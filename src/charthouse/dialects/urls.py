"""The reference pages. API calls do not pass here: ``wsgi`` hands them to their dialect."""

from django.urls import path

from charthouse.dialects import pages

urlpatterns = [
    path("openapi/drchrono.json", pages.openapi, name="openapi-drchrono"),
    path("openapi/cerbo.json", pages.openapi, {"dialect": "cerbo"}, name="openapi-cerbo"),
    path("docs", pages.overview, name="docs"),
    path("docs/<slug:path>", pages.resource, name="docs-resource"),
]
