"""A deployment as the README shows it: nginx, with TLS, before the server; both run here."""

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from tests.conftest import find_free_port, run_server, wait_for_port

README = Path(__file__).parents[1] / "README.md"
HOST, PRACTICE_HOST = "ehr.example", "alder.ehr.example"
NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {servers}
}}
"""


@dataclass(frozen=True)
class Deployment:
    """``port`` and ``plain_port``: where the proxy takes HTTPS and HTTP; ``server_port``: the server behind it."""

    port: int
    plain_port: int
    server_port: int
    context: ssl.SSLContext

    def client(self, **options: Any) -> httpx.Client:
        """A client to which every host name is this proxy."""
        named: dict[str, Any] = {"base_url": f"https://{HOST}", "headers": {}} | options
        return httpx.Client(transport=_ProxyTransport(self), **named)


class _ProxyTransport(httpx.BaseTransport):
    """Sends requests for port 443 and 80 of any host to the proxy. The certificate must be good for the host."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._inner = httpx.HTTPTransport(verify=deployment.context)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        tls = request.url.scheme == "https"
        port = self._deployment.port if tls else self._deployment.plain_port
        sent = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=port),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions | ({"sni_hostname": request.url.host} if tls else {}),
        )
        return self._inner.handle_request(sent)

    def close(self) -> None:
        self._inner.close()


@contextmanager
def run_deployment(folder: Path, practice: int) -> Iterator[Deployment]:
    """Run server and proxy. PRACTICE_HOST is the host of ``practice``. Nothing but the base URL says that there is
    TLS, or a proxy."""
    environment = {
        "CHARTHOUSE_BASE_URL": f"https://{HOST}",
        "CHARTHOUSE_PRACTICE_HOSTS": f"{PRACTICE_HOST}={practice}",
        "CHARTHOUSE_HOSTS": "",
    }
    certificate = _make_certificate(folder)
    with run_server(**environment) as server_port:
        deployment = Deployment(
            find_free_port(), find_free_port(), server_port, ssl.create_default_context(cafile=certificate)
        )
        with _run_nginx(folder, deployment):
            yield deployment


@contextmanager
def _run_nginx(folder: Path, deployment: Deployment) -> Iterator[None]:
    binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert binary, "This test runs nginx: `make proxy` installs it, or: apt install nginx"
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, servers=_adapt_readme(folder, deployment)))
    with (folder / "nginx.log").open("w+") as log:
        command = [binary, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)]
        proxy = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for_port(deployment.port, proxy, log)
            yield
        finally:
            proxy.terminate()
            proxy.wait()


def _adapt_readme(folder: Path, deployment: Deployment) -> str:
    """Return the README's configuration with the ports and files of this deployment, and a second host."""
    (shown,) = re.findall(r"```nginx\n(.*?)```", README.read_text(), re.DOTALL)
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{deployment.plain_port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{deployment.port} ssl;"),
        ("http://127.0.0.1:8000", f"http://127.0.0.1:{deployment.server_port}"),
        ("/etc/letsencrypt/live/ehr.example", str(folder)),
        ("server_name ehr.example;", f"server_name {HOST} {PRACTICE_HOST};"),
    ):
        assert old in shown, old
        shown = shown.replace(old, new)
    return shown


def _make_certificate(folder: Path) -> Path:
    """Write a self-signed certificate and its key where the configuration names them. Returns the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = timezone.now()
    hosts = x509.SubjectAlternativeName([x509.DNSName(host) for host in (HOST, PRACTICE_HOST)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(hosts, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(private)
    made = folder / "fullchain.pem"
    made.write_bytes(certificate.public_bytes(pem))
    return made
