from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """The calendar: appointments, breaks and series, their settings, and what is measured at a visit."""

    name = "charthouse.domains.scheduling"
    label = "scheduling"

    def ready(self) -> None:
        from charthouse.domains.patients.signals import patient_deleting, patient_restored
        from charthouse.domains.scheduling import deleted_patients

        patient_deleting.connect(deleted_patients.cancel_visits)
        patient_restored.connect(deleted_patients.reinstate_visits)
