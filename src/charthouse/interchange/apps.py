from django.apps import AppConfig


class InterchangeConfig(AppConfig):
    """Exchange formats of the record: C-CDA, QRDA, PDF and reports."""

    name = "charthouse.interchange"
    label = "interchange"

    def ready(self) -> None:
        from charthouse.domains.clinical.signals import note_locked
        from charthouse.domains.labs.signals import order_sent
        from charthouse.interchange import tasks
        from charthouse.interchange.notes import pdf

        order_sent.connect(tasks.defer_requisition)
        note_locked.connect(pdf.store_pdf_of_locked_note)
