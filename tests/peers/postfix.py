"""A real Postfix (Debian's) for tests: its own configuration, queue and ports, started by root.

What an operator writes down is `OPERATORS` and a line of the transport map for each domain of ours,
as docs/operating.md has them.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.daemons import free_port
from tests.road import wait_for
from tests.worker.postbox import is_open

# A domain whose server, a second Postfix service, knows no mailbox at all.
GONE = "gone.example"

OPERATORS = """
relay_domains = bounce.glazik.example, glazik.example
transport_maps = texthash:{place}/transport
"""
_MAIN = """
compatibility_level = 3.6
myhostname = mx.glazik.example
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_dns_support_level = disabled
smtp_host_lookup = native
append_dot_mydomain = no
queue_directory = {place}/queue
data_directory = {place}/data
maillog_file_prefixes = {place}
maillog_file = {place}/log
# A test does not wait for minutes.
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 4s
"""
_MASTER = """
{port} inet n - n - - smtpd
{world} inet n - n - - smtpd
  -o smtpd_relay_restrictions=reject_unauth_destination
{refusing} inet n - n - - smtpd
  -o myhostname=mx.gone.example
  -o {{ smtpd_recipient_restrictions = check_recipient_access texthash:{place}/nobody, permit }}
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
"""


@dataclass(frozen=True)
class Postfix:
    """One that runs: where we hand our mail over, where the world does, and its queue."""

    place: Path
    port: int
    world: int

    @property
    def url(self) -> str:
        """The relay, as a setting names it."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def waiting(self) -> int:
        """The messages that it has taken and not delivered yet."""
        places = ("maildrop", "incoming", "active", "deferred")
        files = (path for name in places for path in (self.place / "queue" / name).rglob("*"))
        return sum(path.is_file() for path in files)

    @property
    def log(self) -> str:
        """All that it wrote down."""
        path = self.place / "log"
        return path.read_text() if path.exists() else ""


@contextmanager
def running(lmtp: dict[str, int], others: int) -> Iterator[Postfix]:
    """Postfix for the time of the block, a skip where there is none or nobody may start it.

    `lmtp` says for each domain of ours at which port Kelisim listens; whatever else there is goes
    by SMTP to the port `others`.
    """
    program = shutil.which("postfix", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or os.geteuid() != 0:
        pytest.skip("needs Debian's postfix, started by root")
    place = Path(tempfile.mkdtemp(prefix="kelisim-postfix-"))
    one = Postfix(place, free_port(), free_port())
    _write(one, lmtp, others)
    try:
        with _started(program, one):
            yield one
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _started(program: str, one: Postfix) -> Iterator[None]:
    command = [program, "-c", str(one.place / "etc"), "start-fg"]
    with (one.place / "out").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: is_open(one.port) and is_open(one.world))
        yield
    finally:
        process.terminate()
        process.wait(90)


def _write(one: Postfix, lmtp: dict[str, int], others: int) -> None:
    place, refusing = one.place, free_port()
    place.chmod(0o755)
    for name in ("etc", "queue", "data"):
        (place / name).mkdir()
    shutil.chown(place / "data", "postfix")
    (place / "nobody").write_text(f"{GONE} 550 5.1.1 User unknown\n")
    stated = {"place": place, "port": one.port, "world": one.world, "refusing": refusing}
    (place / "etc" / "main.cf").write_text((_MAIN + OPERATORS).format(**stated))
    (place / "etc" / "master.cf").write_text(_MASTER.format(**stated))
    routes = {domain: f"lmtp:inet:127.0.0.1:{port}" for domain, port in lmtp.items()}
    routes |= {GONE: f"smtp:[127.0.0.1]:{refusing}", "*": f"smtp:[127.0.0.1]:{others}"}
    lines = [f"{domain} {route}\n" for domain, route in routes.items()]
    (place / "transport").write_text("".join(lines))
