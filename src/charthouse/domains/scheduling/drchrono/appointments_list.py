"""Appointments at their second path in DrChrono's API. Source: reference drchrono/live_only.yaml, behaviour.md."""

from dataclasses import replace

from charthouse.domains.scheduling.drchrono.appointments import appointments

# Its list is a bulk list: gateway/drchrono/bulk_lists.py.
appointments_list = replace(
    appointments,
    path="appointments_list",
    doc="Same as appointments.",
    methods="GET PUT PATCH DELETE",
    lists=False,
    events=(),
    addition=True,
)

RESOURCES = [appointments_list]
