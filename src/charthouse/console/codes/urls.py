"""URLs of the searches for codes."""

from django.urls import URLPattern, path

from charthouse.console.codes import views

urlpatterns: list[URLPattern] = [
    path("codes/icd10", views.list_icd10, name="codes-icd10"),
    path("codes/drugs", views.list_drugs, name="codes-drugs"),
    path("codes/allergens", views.list_allergens, name="codes-allergens"),
    path("codes/reactions", views.list_reactions, name="codes-reactions"),
]
