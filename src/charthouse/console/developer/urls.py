"""URLs of the pages for app developers."""

from django.urls import URLPattern, path

from charthouse.console.developer import api_explorer, apps, request_log, webhooks

urlpatterns: list[URLPattern] = [
    path("developer/apps", apps.show_list, name="apps"),
    path("developer/apps/new", apps.register, name="app-new"),
    path("developer/apps/<id:row>", apps.show_app, name="app"),
    path("developer/apps/<id:row>/edit", apps.edit, name="app-edit"),
    path("developer/apps/<id:row>/secret", apps.rotate_secret, name="app-rotate"),
    path("developer/apps/<id:row>/deauthorize", apps.deauthorize, name="app-stop-all"),
    path("developer/apps/<id:row>/deauthorize/<id:user>", apps.deauthorize, name="app-stop"),
    path("developer/apps/<id:row>/switch", apps.switch_app, name="app-switch"),
    path("developer/apps/<id:row>/bodies", apps.switch_capture, name="app-capture"),
    path("developer/apps/<id:row>/webhooks", webhooks.show_list, name="webhooks"),
    path("developer/apps/<id:row>/webhooks/new", webhooks.add, name="webhook-new"),
    path("developer/webhooks/<id:row>", webhooks.show_webhook, name="webhook"),
    path("developer/webhooks/<id:row>/edit", webhooks.edit, name="webhook-edit"),
    path("developer/webhooks/<id:row>/verify", webhooks.verify_receiver, name="webhook-verify"),
    path("developer/webhooks/<id:row>/delete", webhooks.delete, name="webhook-delete"),
    path("developer/webhooks/<id:row>/resend", webhooks.resend, name="webhook-resend"),
    path("developer/webhooks/<id:row>/ping", webhooks.send_ping, name="webhook-ping"),
    path("developer/deliveries/<id:row>", webhooks.show_delivery, name="delivery"),
    path("developer/requests", request_log.show_list, name="requests"),
    path("developer/requests/<id:row>", request_log.show_call, name="request"),
    path("developer/explorer", api_explorer.show_list, name="explorer"),
    path("developer/explorer/<slug:api>", api_explorer.show_list, name="explorer-api"),
    path("developer/explorer/<slug:api>/<slug:name>", api_explorer.show_operation, name="operation"),
]
