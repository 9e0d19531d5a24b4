"""What an error of the database means for the request that ran into it."""

from enum import Enum, auto

import django.db
import psycopg

# Classes and codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
_CONNECTION = ("08", "57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "25P04", "53300")
_BUSY = (
    "53",
    "55P03",
    "57014",
    "58",
    "25006",
)  # resources, lock or statement timeout, input and output, read-only
_RETRY = ("40001", "40P01")  # serialization failure, deadlock
_VALUE = ("22",)
REPLACED_STATE = "CH001"  # raised by identity_require_same()
_WITHOUT_STATE = (psycopg.OperationalError, psycopg.InterfaceError)
_WRAPPED_WITHOUT_STATE = (django.db.OperationalError, django.db.InterfaceError)


class Failure(Enum):
    """The kinds of failure.

    CONNECTION  there is no database to talk to: not reached, shutting down, or lost on the way
    RETRY       PostgreSQL asks for the transaction to be tried again
    BUSY        it can't do this now: a timeout, or no resources
    REPLACED    the database has been restored, copied or promoted, and has not been taken note of (see identity)
    VALUE       a value that it can't store or compare, such as a number out of range or a text with NUL
    """

    CONNECTION = auto()
    RETRY = auto()
    BUSY = auto()
    REPLACED = auto()
    VALUE = auto()


class OutcomeUnknown(django.db.OperationalError):
    """The connection was lost while a transaction was committed: it may or may not have been."""


def classify(error: BaseException) -> Failure | None:
    """Return what an exception of psycopg or Django means; None for any other, and for a fault of a statement."""
    found = _find_database_error(error)
    if found is None:
        return None
    state = found.sqlstate if isinstance(found, psycopg.Error) else None
    if state is None:
        return _classify_without_state(found)
    for failure, prefixes in (
        (Failure.CONNECTION, _CONNECTION),
        (Failure.RETRY, _RETRY),
        (Failure.BUSY, _BUSY),
        (Failure.REPLACED, (REPLACED_STATE,)),
        (Failure.VALUE, _VALUE),
    ):
        if state.startswith(prefixes):
            return failure
    return None


def get_sqlstate(error: BaseException) -> str:
    """Return the SQLSTATE of an error or of its cause, "" without one."""
    found = _find_database_error(error)
    return (found.sqlstate or "") if isinstance(found, psycopg.Error) else ""


def _find_database_error(error: BaseException) -> psycopg.Error | django.db.Error | None:
    """Return psycopg's error where Django has wrapped one, else the error itself if it is the database's."""
    cause = error.__cause__
    if isinstance(error, django.db.Error) and cause is not None:
        return _find_database_error(cause) or error
    return error if isinstance(error, psycopg.Error | django.db.Error) else None


def _classify_without_state(error: psycopg.Error | django.db.Error) -> Failure | None:
    """An error of the client library: psycopg raises a bare DatabaseError when the server goes away within a query."""
    if isinstance(error, psycopg.DataError | django.db.DataError):
        return Failure.VALUE
    if isinstance(error, (*_WITHOUT_STATE, *_WRAPPED_WITHOUT_STATE)):
        return Failure.CONNECTION
    bare = type(error) in (psycopg.Error, psycopg.DatabaseError, django.db.DatabaseError, django.db.Error)
    return Failure.CONNECTION if bare else None
