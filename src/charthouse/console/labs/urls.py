"""URLs of the pages for labs."""

from django.urls import URLPattern, path

from charthouse.console.labs import orders, views

urlpatterns: list[URLPattern] = [
    path("patients/<id:patient>/labs", views.show_labs, name="chart-labs"),
    path("patients/<id:patient>/labs/order", orders.order, name="lab-order"),
    path("patients/<id:patient>/labs/<id:row>/review", orders.review, name="lab-review"),
    path("patients/<id:patient>/labs/<id:row>/send", orders.send_to_patient, name="lab-send"),
    path("results-to-review", orders.show_results_to_review, name="results-to-review"),
]
