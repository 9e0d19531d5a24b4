"""Secure messages in the Cerbo API."""

from charthouse.domains.messaging.secure_messages import accept_message

# How staff accept a portal request into the chart, by its type.
ACCEPT = {"secure_message": accept_message}
