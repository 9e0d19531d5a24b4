"""``/metrics`` on an address of its own, in a process of its own that ``charthouse serve`` starts:
``python -m charthouse.operation.metrics_server HOST PORT PARENT``."""

import errno
import os
import signal
import sys
import threading

import django

from charthouse import processes

RETRY_SECONDS = 0.1


def main(host: str, port: int, parent: int) -> None:
    """Serve until SIGTERM, or the end of the process ``parent``."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
    django.setup()
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    from charthouse import logs
    from charthouse.operation.state_metrics import StateCollector

    logs.install_hooks()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(StateCollector())
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    processes.follow_process(parent)
    while not ending.is_set():
        try:
            server, thread = start_http_server(port, host, registry)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            ending.wait(RETRY_SECONDS)  # the web server that this one follows has not let the address go yet
            continue
        ending.wait()
        server.shutdown()
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
