"""Lists that go back in time, a page at a time. A page is cut at a row that its address names."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

SIZE = 20


def latest(
    request: HttpRequest, rows: "QuerySet[Any]", column: str = "pk", size: int = SIZE
) -> tuple[list[Any], str]:
    """The latest rows by ``column``, or those before the one that the request names, and the address of those before
    them, "" where there are none. A name that makes no sense is as good as none."""
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
