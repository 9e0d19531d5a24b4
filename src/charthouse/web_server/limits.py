"""What a caller may take of a server process: connections, bytes, seconds."""

import resource
from dataclasses import dataclass

KIB, MIB, GIB = 1024, 1024**2, 1024**3


@dataclass(frozen=True)
class Limits:
    """Bounds of one process. Bytes, seconds, bytes a second."""

    connections: int = 10_000
    head: int = 32 * KIB  # request line and headers
    headers: int = 100  # number of header lines
    head_seconds: float = 20  # from the first byte of a head to its last
    idle_seconds: float = 75  # more than proxies keep idle connections for (nginx: 60)
    grace_seconds: float = 20  # of a body or an answer, until its speed counts
    least_speed: int = 1 * KIB  # of a body or an answer
    transfer_seconds: float = 3600  # of a body or an answer, in all
    linger_seconds: float = 10  # for what still arrives after a request was refused
    body_in_memory: int = 256 * KIB  # of one body; a larger one goes to disk
    memory: int = 64 * MIB  # of all bodies, unfinished heads and unsent answers
    disk: int = 2 * GIB  # of all bodies and unsent answers
    free_disk: int = 256 * MIB  # left to others on the disk
    queue: int = 64  # requests that wait for a thread
    queue_seconds: float = 10

    def is_slow(self, seconds: float, transferred: int, announced: int) -> bool:
        """Return whether a transfer, ``seconds`` after its start, is slower than allowed. ``announced``: its length, 0
        if unknown; it has to be on the way to end within ``transfer_seconds``."""
        if seconds > self.transfer_seconds:
            return True
        least = max(self.least_speed, announced / self.transfer_seconds)
        return seconds > self.grace_seconds and transferred < least * (seconds - self.grace_seconds / 2)


DEFAULT = Limits()


def allow_open_files() -> int:
    """Let this process open as many files as it may. Return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return most if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most
