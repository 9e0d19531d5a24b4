"""Paging of lists from the latest row backwards (keyset pagination)."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

PAGE_SIZE = 20


def paginate_latest(
    request: HttpRequest, rows: "QuerySet[Any]", column: str = "pk", size: int = PAGE_SIZE
) -> tuple[list[Any], str]:
    """Return the latest rows by ``column``, and the query of the page before them, "" for none.

    The query parameter ``before`` names the row where the page begins; a malformed one is ignored.
    """
    given = request.GET.get("before", "")
    cut = (
        rows.filter(pk=int(given)).first()
        if given.isascii() and given.isdigit() and len(given) < 19
        else None
    )
    if cut is not None:
        at = getattr(cut, column)
        rows = rows.filter(Q(**{f"{column}__lt": at}) | Q(**{column: at}, pk__lt=cut.pk))
    found = list(rows.order_by(f"-{column}", "-pk")[: size + 1])
    if len(found) <= size:
        return found, ""
    return found[:size], f"?before={found[size - 1].pk}"
