"""Secure messages in the Cerbo API."""

from charthouse.domains.messaging.cerbo.secure_messages import queue_message, secure_messages
from charthouse.domains.messaging.secure_messages import accept_message

RESOURCES = [secure_messages]
OPERATIONS = [queue_message]
# How staff accept a portal request into the chart, by its type.
ACCEPT = {"secure_message": accept_message}
