"""Resources and operations of documents in Cerbo's API."""

from charthouse.domains.documents.cerbo import documents, images
from charthouse.domains.documents.filing import accept_document
from charthouse.domains.documents.images import accept_image

RESOURCES = [images.patient_images, documents.documents, documents.patient_documents]
OPERATIONS = [*documents.OPERATIONS, *images.OPERATIONS]
# How staff accept a portal request into the chart, by its type.
ACCEPT = {"image": accept_image, "document": accept_document}
