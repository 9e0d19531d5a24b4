"""``python -m charthouse.web_server``: the server alone, over the database and the settings of the environment."""

import argparse
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")

from charthouse import processes
from charthouse.web_server.serving import serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m charthouse.web_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=4)
    options = parser.parse_args()
    serve(processes.bind(options.host, options.port, options.workers), options.threads)
