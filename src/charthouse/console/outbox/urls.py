"""URLs of the pages for the outbox."""

from django.urls import URLPattern, path

from charthouse.console.outbox import views

urlpatterns: list[URLPattern] = [
    path("outbox", views.show_list, name="outbox"),
    path("outbox/<id:row>", views.show_message, name="outbox-message"),
]
