"""Rate limit of the OAuth endpoints: calls a minute of one app from one IP address, ten times as many from the address.

Exact across processes; a refused call is not counted.
"""

from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.db import connection

from charthouse import clock
from charthouse.engine.errors import Throttled

IP_FACTOR = 10  # limit of an IP address, as a multiple of that of an app

_COUNT = """
insert into identity_tokencalls as t (key, minute, calls) values (%s, %s, 1)
on conflict (key, minute) do update set calls = t.calls + 1 where t.calls < %s returning calls
"""


def count_call(client_ip: str, client_id: str) -> None:
    """Count a call. ``client_id`` is the unverified value of the request. Raises Throttled."""
    limit = settings.TOKEN_LIMIT
    if not limit:
        return
    now = clock.now()
    minute = now.replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        for key, most in ((f"{client_ip} {client_id}", limit), (client_ip, limit * IP_FACTOR)):
            digest = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
            cursor.execute(_COUNT, [digest, minute, most])
            if cursor.fetchone() is None:
                left = minute + timedelta(minutes=1) - now
                raise Throttled(max(1, round(left.total_seconds())))
