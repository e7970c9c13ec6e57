"""What really left: the messages that the mail catcher wrote down, byte for byte."""

import email
import email.policy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

LINK = re.compile(r"https?://[^\s<>\"')\]]+")


@dataclass(frozen=True)
class Letter:
    """One message as it came over the wire, with its envelope."""

    raw: bytes
    sender: str
    recipients: tuple[str, ...]

    @cached_property
    def message(self) -> EmailMessage:
        """The message as a mail program reads it."""
        read = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(read, EmailMessage)  # noqa: S101 - that is what this policy makes
        return read

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def recipient(self) -> str:
        """The one envelope recipient; empty where there is not exactly one."""
        return self.recipients[0] if len(self.recipients) == 1 else ""

    def part(self, kind: str) -> str:
        """The text of the `plain` or `html` part; empty where there is none."""
        found = self.message.get_body((kind,))
        return str(found.get_content()) if found is not None else ""

    def one_click(self) -> str:
        """The web address of List-Unsubscribe (RFC 2369 3.2), read from the raw header."""
        header = _raw_header(self.raw, b"list-unsubscribe")
        found = re.search(r"<(https?://[^>]+)>", header)
        return found.group(1) if found else ""

    def link_to(self, path: str) -> str:
        """The first link in the text part whose path begins so; empty where there is none."""
        links = LINK.findall(self.part("plain"))
        return next((link for link in links if path in link), "")


@dataclass(frozen=True)
class Postbox:
    """The catcher's directory."""

    directory: Path

    def letters(self, is_meant: Callable[[Letter], bool] = lambda letter: True) -> list[Letter]:
        """Every message so far, in the order of arrival."""
        files = sorted(self.directory.glob("*.eml"))
        return [letter for letter in map(_letter, files) if is_meant(letter)]

    def to(self, address: str) -> list[Letter]:
        """Every message to this address."""
        return self.letters(lambda letter: address in letter.recipients)


def _letter(path: Path) -> Letter:
    envelope = json.loads(path.with_suffix(".json").read_bytes())
    return Letter(path.read_bytes(), envelope["mail_from"], tuple(envelope["rcpt_tos"]))


def _raw_header(raw: bytes, name: bytes) -> str:
    """One header's unfolded value as it stood on the wire; empty unless it stood there once."""
    head = re.sub(rb"\r?\n[ \t]+", b" ", raw.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0])
    values = [
        line.partition(b":")[2].strip()
        for line in head.split(b"\n")
        if line.partition(b":")[0].lower() == name
    ]
    return values[0].decode("ascii", "replace") if len(values) == 1 else ""
