"""Rate limit of the OAuth endpoints: calls a minute of one app from one IP address, ten times as many from the address.

Exact across processes; a refused call is not counted.
"""

from datetime import timedelta

from django.conf import settings

from charthouse import clock
from charthouse.identity.attempt_limits import count_in_window, make_key

IP_FACTOR = 10  # limit of an IP address, as a multiple of that of an app


def count_call(client_ip: str, client_id: str) -> None:
    """Count a call. ``client_id`` is the unverified value of the request. Raises Throttled."""
    limit = settings.TOKEN_LIMIT
    if not limit:
        return
    minute = clock.now().replace(second=0, microsecond=0)
    for key, most in ((f"{client_ip} {client_id}", limit), (client_ip, limit * IP_FACTOR)):
        count_in_window(make_key(key), minute, timedelta(minutes=1), most)
