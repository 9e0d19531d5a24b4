"""The reference pages. API calls are not routed here: ``wsgi`` passes them to their API."""

from django.urls import path

from charthouse.gateway.docs import pages

urlpatterns = [
    path("openapi/drchrono.json", pages.openapi, name="openapi-drchrono"),
    path("openapi/cerbo.json", pages.openapi, {"api": "cerbo"}, name="openapi-cerbo"),
    path("docs", pages.overview, name="docs"),
    path("docs/guides", pages.guide, name="docs-guides"),
    path("docs/guides/<slug:name>", pages.guide, name="docs-guide"),
    path("docs/search", pages.search, name="docs-search"),
    path("docs/cerbo", pages.overview, {"api": "cerbo"}, name="docs-cerbo"),
    path("docs/cerbo/<slug:path>", pages.resource, {"api": "cerbo"}, name="docs-group"),
    path("docs/<slug:path>", pages.resource, name="docs-resource"),
]
