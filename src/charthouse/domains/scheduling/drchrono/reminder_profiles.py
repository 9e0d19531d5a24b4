"""Reminder profiles as DrChrono shows them. Source: reference drchrono/resources.yaml."""

from django.db.models import Q

from charthouse.domains.scheduling.models import (
    Reminder,
    ReminderProfile,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

reminder_profiles = Resource(
    path="reminder_profiles",
    model=ReminderProfile,
    doc="Sets of patient reminders that can be applied to appointments.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("calendar",),
        permissions=("Access Scheduling",),
        sharing="share_reminder_profile",
        owner="doctor",
    ),
    rows=Q(archived=False),
    keys=(
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("name", Text(), REQUIRED),
        Key(
            "reminders",
            List(
                Object(
                    (
                        Key("amount", Integer(minimum=0, maximum=1000), REQUIRED),
                        Key("unit", Text(choices=Reminder.Unit.values), REQUIRED),
                        Key("type", Text(choices=Reminder.Type.values), REQUIRED),
                    )
                ),
                max_items=20,
            ),
            REQUIRED,
            doc="How long before the appointment to remind the patient.",
        ),
        Key("id", Id(), READ_ONLY),
    ),
    filters=(Filter("doctor", Reference("doctors"), addition=True),),
    example={
        "doctor": 1,
        "name": "Day before and hour before",
        "reminders": [{"amount": 1, "unit": "days", "type": "email"}],
    },
)

RESOURCES = [reminder_profiles]
