"""``charthouse check``: all checks of an installation."""

from charthouse.operation import configuration_checks, database_checks
from charthouse.operation.findings import Finding


def list_findings() -> list[Finding]:
    """Run every check."""
    return [*(check() for check in configuration_checks.CHECKS), *database_checks.list_findings()]
