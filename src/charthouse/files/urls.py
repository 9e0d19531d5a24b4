from django.urls import path

from charthouse.files import views

urlpatterns = [
    path("files/<str:token>", views.show_file, name="file"),
    path("thumbnails/<str:token>", views.show_thumbnail, name="thumbnail"),
]
