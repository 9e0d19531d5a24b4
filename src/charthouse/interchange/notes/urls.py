from django.urls import path

from charthouse.interchange.notes import views

urlpatterns = [path("notes/<str:token>", views.show_note, name="note")]
