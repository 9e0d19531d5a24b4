"""Conditions of synthetic patients, a module for each part of medicine. Texts are this project's own."""

from charthouse.sandbox.data.conditions import (
    cardiovascular,
    endocrine,
    nervous,
    other,
    pregnancy,
    respiratory,
)
from charthouse.sandbox.data.conditions.condition import Condition

CONDITIONS: tuple[Condition, ...] = (
    *cardiovascular.CONDITIONS,
    *endocrine.CONDITIONS,
    *respiratory.CONDITIONS,
    *nervous.CONDITIONS,
    *other.CONDITIONS,
    *pregnancy.CONDITIONS,
)
CONDITIONS_BY_CODE = {condition.code: condition for condition in CONDITIONS}
# Those that patients who are not described one by one have.
COMMON = tuple(
    CONDITIONS_BY_CODE[code]
    for code in (
        "I10", "E11.9", "E78.5", "J45.909", "F41.1", "K21.9", "M17.9", "G43.909", "E03.9", "M54.50", "J30.9", "E66.9",
        "L20.9", "N40.1", "D50.9",
    )
)  # fmt: skip
