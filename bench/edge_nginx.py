"""nginx before one server, as little of it as passes requests on; a peer that may be absent."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection
from tempfile import TemporaryDirectory

from cluster import free_ports

PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_CONF = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream behind {{ server 127.0.0.1:{behind}; keepalive 128; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ''; }}
  }}
}}
"""


@contextmanager
def nginx(behind: int) -> Iterator[tuple[int, int] | None]:
    """Its port and process; None, with the reason printed, where there is no nginx."""
    if PROGRAM is None:
        print("edge: there is no nginx (Debian's package `nginx`), so its figures are left out", flush=True)
        yield None
        return
    port = free_ports(1)[0]
    with TemporaryDirectory(prefix="millrace-bench-nginx-") as folder:
        conf = Path(folder, "nginx.conf")
        conf.write_text(_CONF.format(folder=folder, behind=behind, port=port))
        process = subprocess.Popen([PROGRAM, "-p", folder, "-c", str(conf)])
        try:
            _answers(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(20)


def _answers(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError), create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("nginx does not answer")
