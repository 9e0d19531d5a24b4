"""What the hosted API has grown in billing since its v4 reference."""

from typing import Any

RESOURCES: list[Any] = []
