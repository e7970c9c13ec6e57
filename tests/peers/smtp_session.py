"""The server's side of one SMTP connection, with faults where the script says so."""

import asyncio
import ssl
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.peers.faults import NEVER, Cut, Script, Stage
from tests.peers.records import Received, Records
from tests.peers.smtp_answers import Answers

END = b"\r\n.\r\n"


@dataclass
class Offers:
    """What the server announces and asks for; may be changed while it runs.

    `gathers_replies` answers a pipelined group in one write, as many servers do.
    """

    keywords: list[str] = field(default_factory=lambda: ["SIZE 10485760", "8BITMIME", "SMTPUTF8"])
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    logins: str = "PLAIN LOGIN"
    gathers_replies: bool = False

    @property
    def is_pipelining(self) -> bool:
        return "PIPELINING" in self.keywords


class Session(asyncio.Protocol):
    """Answers one command after the other; takes pipelined ones, and complains if not offered."""

    def __init__(self, number: int, offers: Offers, script: Script, records: Records) -> None:
        self._number = number
        self._offers = offers
        self._script = script
        self._records = records
        self._answers = Answers(script, self._work)
        self._answer = self._answers.answer
        self._buffer = bytearray()
        self._searched = 0
        self._message: Received | None = None
        self._user: str | None = None
        self._take_secret: Callable[[bytes], None] | None = None
        self._is_in_body = self._is_secure = self._cuts_body = False
        self._upgrade: asyncio.Task[None] | None = None
        self._commands: dict[str, Callable[[str], None]] = {
            "EHLO": self._ehlo, "HELO": self._helo, "STARTTLS": self._starttls, "AUTH": self._auth,
            "MAIL": self._mail, "RCPT": self._rcpt, "DATA": self._data, "RSET": self._rset,
            "QUIT": self._quit,
        }  # fmt: skip

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._answers.transport = transport
        self._is_secure = transport.get_extra_info("ssl_object") is not None
        self._records.opened(self._number)
        self._answer(Stage.BANNER, 220, "peer.example ESMTP")

    def data_received(self, data: bytes) -> None:
        self._records.bytes_came(self._number, data)
        self._buffer += data
        self._work()

    def connection_lost(self, exc: Exception | None) -> None:
        self._answers.is_over = True
        if self._is_in_body and self._message:
            self._message.wire = bytes(self._buffer)
            self._records.broke(self._message)
        self._records.closed(self._number)

    def abort(self) -> None:
        """Hang up, as a server that is stopped does."""
        self._answers.abort()

    def _work(self) -> None:
        self._answers.gathers = self._offers.gathers_replies
        while not (self._answers.is_busy or self._answers.is_over) and self._step():
            pass
        self._answers.gathers = False
        self._answers.flush()

    def _step(self) -> bool:
        """Take one command, or the whole body; False when more bytes are needed."""
        if self._is_in_body:
            return self._take_body()
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self._check_command(line)
        self._command(line)
        return True

    def _check_command(self, line: bytes) -> None:
        if self._buffer and not self._offers.is_pipelining:
            self._records.complain(self._number, f"pipelined without an offer after {line!r}")
        if b"\n" in line or b"\r" in line or b"\0" in line:
            self._records.complain(self._number, f"a bare line end or NUL in {line!r}")

    def _command(self, line: bytes) -> None:
        if self._take_secret:
            take, self._take_secret = self._take_secret, None
            take(line)
            return
        verb, _, rest = line.decode("utf-8", "replace").partition(" ")
        action = self._commands.get(verb.upper())
        if action is None:
            self._answer(Stage.OTHER, 500, "unknown command")
        else:
            action(rest)

    def _ehlo(self, name: str) -> None:
        words = ["peer.example greets you", *self._offers.keywords]
        if self._offers.tls and not self._is_secure:
            words.append("STARTTLS")
        if self._offers.login:
            words.append(f"AUTH {self._offers.logins}")
        self._answer(Stage.EHLO, 250, "\n".join(words))

    def _helo(self, name: str) -> None:
        self._answer(Stage.HELO, 250, "peer.example")

    def _starttls(self, rest: str) -> None:
        if self._offers.tls is None:
            self._answer(Stage.OTHER, 502, "not offered")
        else:
            self._answer(Stage.STARTTLS, 220, "go ahead", done=self._start_tls)

    def _start_tls(self) -> None:
        self._answers.is_busy = True
        self._upgrade = asyncio.get_running_loop().create_task(self._upgraded())

    async def _upgraded(self) -> None:
        assert self._offers.tls is not None
        loop = asyncio.get_running_loop()
        plain = self._answers.transport
        try:
            secure = await loop.start_tls(plain, self, self._offers.tls, server_side=True)
        except OSError:
            plain.abort()
            self._records.closed(self._number)
            return
        assert secure is not None
        self._answers.transport, self._is_secure, self._answers.is_busy = secure, True, False
        self._work()

    def _auth(self, rest: str) -> None:
        mechanism, _, first = rest.partition(" ")
        if mechanism.upper() == "PLAIN":
            self._judge_login(*b64decode(first).decode().split("\0")[1:])
        else:
            self._take_secret = self._take_user
            self._answer(Stage.AUTH, 334, "VXNlcm5hbWU6")

    def _take_user(self, line: bytes) -> None:
        user = b64decode(line).decode()
        self._take_secret = lambda secret: self._judge_login(user, b64decode(secret).decode())
        self._answer(Stage.OTHER, 334, "UGFzc3dvcmQ6")

    def _judge_login(self, user: str, password: str) -> None:
        if (user, password) == self._offers.login:
            self._user = user
            self._answer(Stage.AUTH, 235, "welcome")
        else:
            self._answer(Stage.AUTH, 535, "wrong user or password")

    def _mail(self, rest: str) -> None:
        path, *parameters = rest.removeprefix("FROM:").split(" ")
        problem = self._mail_problem(path, parameters)
        if problem:
            self._answer(Stage.OTHER, *problem)
            return
        message = Received(
            self._number, path[1:-1], [], time.monotonic(), parameters, self._is_secure, self._user
        )
        self._answer(Stage.MAIL, 250, "ok", path[1:-1], lambda: self._begin(message))

    def _mail_problem(self, path: str, parameters: list[str]) -> tuple[int, str] | None:
        if self._message:
            return 503, "a message is already under way"
        if self._offers.login and not self._user:
            return 530, "authentication required"
        if not path.isascii() and "SMTPUTF8" not in parameters:
            return 553, "SMTPUTF8 is needed for this address"
        return None

    def _begin(self, message: Received) -> None:
        self._message = message
        self._records.mail(message)

    def _rcpt(self, rest: str) -> None:
        path = rest.removeprefix("TO:").split(" ")[0][1:-1]
        message = self._message
        if message is None:
            self._answer(Stage.OTHER, 503, "MAIL first")
        elif not path.isascii() and "SMTPUTF8" not in message.parameters:
            self._answer(Stage.OTHER, 553, "SMTPUTF8 is needed for this address")
        else:
            self._answer(Stage.RCPT, 250, "ok", path, lambda: message.recipients.append(path))

    def _data(self, rest: str) -> None:
        if self._message is None or not self._message.recipients:
            self._answer(Stage.OTHER, 503, "RCPT first")
        else:
            self._answer(Stage.DATA, 354, "go ahead", self._subject, self._enter_body)

    def _enter_body(self) -> None:
        self._is_in_body, self._searched = True, 0
        fault = self._script.pick(Stage.BODY, self._subject)
        self._cuts_body = fault is not None and fault.cut is not None
        loop = asyncio.get_running_loop()
        if fault and fault.wait:
            self._answers.transport.pause_reading()
            if fault.wait != NEVER:
                loop.call_later(fault.wait, self._answers.transport.resume_reading)
        if fault and (fault.code or fault.raw):
            # Only after the 354 that is about to be written.
            loop.call_soon(self._answers.say, fault.code or 451, fault.text, fault)

    def _take_body(self) -> bool:
        if self._buffer and self._cuts_body:
            self._answers.abort()
            return False
        if self._buffer.startswith(b".\r\n"):
            self._finish(b"", 3)
            return True
        found = self._buffer.find(END, max(0, self._searched - len(END)))
        self._searched = len(self._buffer)
        if found >= 0:
            self._finish(bytes(self._buffer[: found + 2]), found + len(END))
        return found >= 0

    def _finish(self, body: bytes, end: int) -> None:
        message, subject = self._message, self._subject
        assert message is not None
        message.dot_at = time.monotonic()
        message.raw = body[body.startswith(b".") :].replace(b"\r\n.", b"\r\n")
        message.wire = bytes(self._buffer[:end])
        self._check_body(message)
        del self._buffer[:end]
        self._is_in_body, self._message = False, None
        fault = self._script.pick(Stage.DOT, subject)
        message.code = fault.code if fault and fault.code else 250
        message.is_accepted = message.code < 400 and not (fault and fault.cut is Cut.BEFORE)
        self._records.dot(message)
        text = "queued"
        self._answers.reply(message.code, text, fault, lambda: self._records.replied(message))

    def _check_body(self, message: Received) -> None:
        pairs = message.wire.count(b"\r\n")
        if message.wire.count(b"\n") != pairs or message.wire.count(b"\r") != pairs:
            self._records.complain(self._number, "a bare CR or LF in a body")
        if not message.wire.isascii() and "BODY=8BITMIME" not in message.parameters:
            self._records.complain(self._number, "8-bit bytes without BODY=8BITMIME")

    def _rset(self, rest: str) -> None:
        self._message = None
        self._answer(Stage.RSET, 250, "ok")

    def _quit(self, rest: str) -> None:
        close = self._answers.transport.close
        self._answer(
            Stage.QUIT, 221, "bye", done=lambda: asyncio.get_running_loop().call_soon(close)
        )

    @property
    def _subject(self) -> str:
        return " ".join(self._message.recipients) if self._message else ""
