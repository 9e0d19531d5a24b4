"""The queries of a block of code."""

from django.test.utils import CaptureQueriesContext


def list_queries(caught: CaptureQueriesContext) -> list[str]:
    """The SQL of what was caught, without the question whether the database is a copy, which pages ask once in some
    seconds."""
    return [query["sql"] for query in caught.captured_queries if "identity_incarnation" not in query["sql"]]
