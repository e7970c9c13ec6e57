"""A real rspamd (Debian's) for tests: its own configuration and directory, no network, no fuzzy
hashes, and a list of top-level domains short enough for it to start within two seconds.

`normal` and `controller` are its two workers; the controller asks for `PASSWORD`.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

from console.daemons import free_port
from tests.parts import demand
from tests.road import wait_for

PASSWORD = "correct horse battery"
_MODULES = ("chartable", "dkim", "dmarc", "forged_recipients", "hfilter", "maillist", "mid")
_CONFIGURATION = """
options {{
  filters = "chartable,dkim,regexp";
  url_tld = "{place}/tlds";
  # Nobody listens there: every look-up fails at once.
  dns {{ nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; sockets = 1; }}
  pidfile = "{place}/pid";
  tempdir = "{place}";
  hs_cache_dir = "{place}/";
  control_socket = "{place}/control mode=0600";
  disable_hyperscan = true;
}}
lua = "$RULESDIR/rspamd.lua"
modules {{ path = "$PLUGINSDIR"; }}
{included}
logging {{ type = "file"; filename = "{place}/log"; level = "warning"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{normal}"; count = 1; mime = true; }}
worker "controller" {{
  bind_socket = "127.0.0.1:{controller}"; count = 1;
  # Whoever comes from elsewhere than there is asked for the password.
  password = "{password}"; secure_ip = "192.0.2.1";
}}
"""


@dataclass(frozen=True)
class Rspamd:
    """The addresses of its workers."""

    normal: str
    controller: str


@contextmanager
def running() -> Iterator[Rspamd]:
    """While the block lasts; a named skip where it is not installed."""
    program = demand("rspamd", is_installed=False)
    with tempfile.TemporaryDirectory(prefix="rspamd-") as folder:
        place, ports = Path(folder), (free_port(), free_port())
        path = _configured(place, *ports)
        with (place / "out").open("wb") as out:
            own = [
                f"--var={name}={place}" for name in ("DBDIR", "RUNDIR", "LOGDIR", "LOCAL_CONFDIR")
            ]
            command = [program, "--insecure", "--no-fork", "--config", str(path), *own]
            process = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            for port in ports:
                wait_for(partial(_has_begun, process, port), 30)
            assert process.poll() is None, (place / "out").read_text()
            yield Rspamd(*(f"http://127.0.0.1:{port}" for port in ports))
        finally:
            process.terminate()
            process.wait(30)


def _configured(place: Path, normal: int, controller: int) -> Path:
    (place / "tlds").write_text("com\nexample\nkz\ntest\n")
    parts = ["metrics", "actions", "groups", "composites", *(f"modules.d/{m}" for m in _MODULES)]
    told = _CONFIGURATION.format(
        place=place,
        normal=normal,
        controller=controller,
        password=PASSWORD,
        included="\n".join(f'.include "$CONFDIR/{part}.conf"' for part in parts),
    )
    path = place / "rspamd.conf"
    path.write_text(told)
    return path


def _has_begun(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it answers, or has ended already."""
    with suppress(OSError), closing(HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
        connection.request("GET", "/ping")
        with connection.getresponse() as answer:
            return answer.status == 200
    return process.poll() is not None
