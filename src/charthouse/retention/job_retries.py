"""Jobs that fail because of the database are run again: it was away, or asked for the transaction to be tried again."""

from collections.abc import Iterable

from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.tasks import Task

from charthouse.engine.sql.failures import Failure, classify

MAX_ATTEMPTS = 12
FIRST_DELAY, LONGEST_DELAY = 2, 300  # seconds; doubled each time: half an hour in all


class RetryAfterOutage(BaseRetryStrategy):
    """Retries a job whose exception is a failure of the database, and no other."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        failure = classify(exception)
        if failure in (None, Failure.VALUE) or job.attempts >= MAX_ATTEMPTS:
            return None
        return RetryDecision(retry_in={"seconds": min(LONGEST_DELAY, FIRST_DELAY * 2**job.attempts)})


def set_retry_strategy(tasks: Iterable["Task"]) -> None:  # type: ignore[type-arg]
    """Give each task the strategy, apart from periodic ones that wait for themselves: these are due again anyway."""
    for task in tasks:
        if task.queueing_lock is None and task.retry_strategy is None:
            task.retry_strategy = RetryAfterOutage()
