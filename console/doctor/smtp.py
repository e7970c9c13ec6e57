"""Does the relay greet us? Connects, says EHLO and QUIT; no message is begun."""

import socket
import ssl
from io import BufferedRWPair
from urllib.parse import urlsplit

from console.doctor.finding import Finding, fine, wrong

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
PATIENCE_SECONDS = 10


class Refused(Exception):
    """The relay answered something else than what goes on."""


def relay(url: str) -> Finding:
    """How the relay of this address (KELISIM_SMTP_URL) answers; passwords are never shown."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        return wrong("smtp", "KELISIM_SMTP_URL must be smtp://, smtp+starttls:// or smtps://")
    name = f"{host}:{port}"
    try:
        said = _converse(parts.scheme, host, port)
    except (OSError, Refused) as error:
        return wrong("smtp", f"{name}: {_words(error)}")
    return fine("smtp", f"{name} greets us{said}")


def _words(error: OSError | Refused) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _converse(scheme: str, host: str, port: int) -> str:
    """Greeting and EHLO (RFC 5321 3.1, 3.2), over TLS where the scheme asks for it."""
    with socket.create_connection((host, port), timeout=PATIENCE_SECONDS) as bare:
        line: socket.socket = _secured(bare, host) if scheme == "smtps" else bare
        with line, line.makefile("rwb") as wire:
            _reply(wire, "220")
            offered = _ask(wire, "EHLO localhost", "250")
            if scheme == "smtp+starttls":
                if "STARTTLS" not in offered.upper():
                    raise Refused("offers no STARTTLS")
                _ask(wire, "STARTTLS", "220")
                _secured(line, host).close()
                return ", TLS in order"
            _ask(wire, "QUIT", "221")
    return ", TLS in order" if scheme == "smtps" else ""


def _secured(line: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(line, server_hostname=host)


def _ask(wire: BufferedRWPair, command: str, code: str) -> str:
    wire.write(command.encode() + b"\r\n")
    wire.flush()
    return _reply(wire, code)


def _reply(wire: BufferedRWPair, code: str) -> str:
    """The lines of one reply (RFC 5321 4.2.1). Raises Refused unless it begins with `code`."""
    lines = [_line(wire)]
    while lines[-1][3:4] == "-" and len(lines) < 100:
        lines.append(_line(wire))
    if not lines[0].startswith(code):
        raise Refused(f"answers {lines[0]!r}")
    return "\n".join(lines)


def _line(wire: BufferedRWPair) -> str:
    line = wire.readline(2000)
    if not line:
        raise Refused("ends the connection")
    return line.decode("ascii", "replace").rstrip("\r\n")
