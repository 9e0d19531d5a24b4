"""What Cerbo shows of this room."""

from charthouse.domains.medications import cerbo_supplements, supplements

RESOURCES = [*cerbo_supplements.RESOURCES]
FUNCTIONS = [*cerbo_supplements.FUNCTIONS]
# What staff do when they take a request into the chart, by its type.
ACCEPT = {"supplement": supplements.accept}
