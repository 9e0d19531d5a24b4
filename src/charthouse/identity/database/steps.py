"""A call as steps: a generator that yields what it waits for, so that a thread need not wait with it.

A thread that has a call for itself does each step at once (``run_steps``). Reads of the APIs are also run by a thread
that serves many of them (``identity.database.pipeline``).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from charthouse.engine.sql.statements import BoundStatement

Returned = TypeVar("Returned")


@dataclass(slots=True, eq=False)
class Trip:
    """The statement that authenticates a call, and the read that is sent ahead with it; the step's value is the row, as
    ``DatabaseWrapper.establish`` returns it."""

    statement: bytes
    parameters: Sequence[bytes | None]
    ahead: BoundStatement | None = None


# What follows may wait, as for further statements. Its value is None.
MAY_WAIT = None

Step = Trip | None
Steps = Generator[Step, Any, Returned]


def run_steps(wrapper: Any, steps: Steps[Returned], first: Step | Any = ...) -> Returned:
    """Run a call to its end, on a connection (a ``DatabaseWrapper``). ``first``: the step that it is at, if it has
    begun."""
    try:
        step = next(steps) if first is ... else first
        while True:
            if step is None:
                step = next(steps)
                continue
            try:
                row = wrapper.establish(step.statement, step.parameters, step.ahead)
            except Exception as error:
                step = steps.throw(error)
            else:
                step = steps.send(row)
    except StopIteration as end:
        returned: Returned = end.value
        return returned
