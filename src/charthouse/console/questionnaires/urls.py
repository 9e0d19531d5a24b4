"""URLs of the pages for questionnaires of a patient."""

from django.urls import URLPattern, path

from charthouse.console.questionnaires import views

urlpatterns: list[URLPattern] = [
    path("patients/<id:patient>/questionnaires", views.show_list, name="chart-questionnaires"),
    path(
        "patients/<id:patient>/questionnaires/ask",
        views.assign,
        name="chart-questionnaires-ask",
    ),
    path(
        "patients/<id:patient>/questionnaires/asked/<id:row>/back",
        views.withdraw,
        name="chart-questionnaires-back",
    ),
    path(
        "patients/<id:patient>/questionnaires/<id:row>",
        views.show_answers,
        name="chart-answers",
    ),
]
