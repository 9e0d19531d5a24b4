"""Messages and calls in the DrChrono API."""

from charthouse.domains.messaging.drchrono.calls import comm_logs
from charthouse.domains.messaging.drchrono.messages import messages
from charthouse.domains.messaging.drchrono.patient_messages import patient_messages

RESOURCES = [messages, patient_messages, comm_logs]
