"""Columns that several tables of scheduling have."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

MAX_DURATION = 24 * 60  # minutes of an appointment; the search for overlaps looks no further back


WEEKDAY_VALIDATORS = (MinValueValidator(0), MaxValueValidator(6))


def make_minutes_field(**options: Any) -> "models.PositiveSmallIntegerField[int, int]":
    """Make the column of a length in minutes, from one to ``MAX_DURATION``."""
    return models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MAX_DURATION)], **options
    )
