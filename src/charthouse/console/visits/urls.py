"""URLs of the pages for visits."""

from django.urls import URLPattern, path

from charthouse.console.visits import views

urlpatterns: list[URLPattern] = [
    path("visits/<id:visit>", views.edit_visit, name="visit"),
    path("visits/<id:visit>/note", views.save_note, name="visit-write"),
    path("visits/<id:visit>/lock", views.lock_note, name="visit-lock"),
    path("visits/<id:visit>/unlock", views.unlock_note, name="visit-unlock"),
]
