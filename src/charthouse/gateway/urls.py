"""The reference pages. API calls do not pass here: ``wsgi`` hands them to their dialect."""

from django.urls import path

from charthouse.gateway.docs import pages

urlpatterns = [
    path("openapi/drchrono.json", pages.openapi, name="openapi-drchrono"),
    path("openapi/cerbo.json", pages.openapi, {"dialect": "cerbo"}, name="openapi-cerbo"),
    path("docs", pages.overview, name="docs"),
    path("docs/cerbo", pages.overview, {"dialect": "cerbo"}, name="docs-cerbo"),
    path("docs/cerbo/<slug:path>", pages.resource, {"dialect": "cerbo"}, name="docs-group"),
    path("docs/<slug:path>", pages.resource, name="docs-resource"),
]
