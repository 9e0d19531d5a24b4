"""The routes, where Charthouse has them."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from bench.plain import api

router = SimpleRouter(trailing_slash=False)
router.register("patients", api.Patients, "patients")
router.register("appointments", api.Appointments, "appointments")
urlpatterns = [path("api/", include(router.urls))]
