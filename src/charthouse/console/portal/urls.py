"""URLs of the pages for the patients' portal."""

from django.urls import URLPattern, path

from charthouse.console.portal import access, proxies, requests

urlpatterns: list[URLPattern] = [
    path("patients/<id:patient>/portal", access.show_access, name="portal-access"),
    path("patients/<id:patient>/portal/invite", access.invite, name="portal-invite"),
    path("patients/<id:patient>/portal/revoke", access.revoke, name="portal-revoke"),
    path("patients/<id:patient>/portal/proxies", proxies.add_proxy, name="portal-proxy-add"),
    path("patients/<id:patient>/portal/proxies/<id:row>", proxies.end_proxy, name="portal-proxy-end"),
    path("queue", requests.show_list, name="portal-requests"),
    path("queue/<id:row>", requests.show_request, name="portal-request"),
    path("queue/<id:row>/accept", requests.accept_request, name="portal-request-accept"),
    path("queue/<id:row>/dismiss", requests.dismiss_request, name="portal-request-dismiss"),
]
