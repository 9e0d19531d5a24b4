"""Resources and operations of documents in Cerbo's API."""

from charthouse.domains.documents.filing import accept_document
from charthouse.domains.documents.images import accept_image

# How staff accept a portal request into the chart, by its type.
ACCEPT = {"image": accept_image, "document": accept_document}
