"""What Cerbo shows of this room."""

from charthouse.domains.medications import cerbo_prescriptions, cerbo_supplements, prescriptions, supplements

RESOURCES = [*cerbo_supplements.RESOURCES, *cerbo_prescriptions.RESOURCES]
FUNCTIONS = [*cerbo_supplements.FUNCTIONS, *cerbo_prescriptions.FUNCTIONS]
# What staff do when they take a request into the chart, by its type.
ACCEPT = {
    "supplement": supplements.accept,
    "rx": prescriptions.accept,
    "rx_refill": prescriptions.accept_refill,
}
