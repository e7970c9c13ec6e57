"""The DKIM signature of a message (RFC 6376): relaxed/relaxed, oversigned, without `l=`."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from mailing.base.signing import SigningKey
from mailing.deliveries.message.canonical import relaxed_field

# Named once more than they stand there, so that none of these can be added (RFC 6376 5.4.2).
OVERSIGNED = (
    "From", "To", "Cc", "Subject", "Date", "Reply-To", "Message-ID", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post",
    "List-Id",
)  # fmt: skip
FOLD_AT = 76


class Unmade(NamedTuple):
    """A signature that is still to be made: its key, its field up to the value, and the digest."""

    key: SigningKey
    begun: str
    digest: bytes

    def field(self) -> str:
        """Make it; the whole field, folded, without the last CRLF."""
        return f"{self.begun}{_wrapped(self.key.sign(self.digest))}"


class Signer:
    """What is to be signed in the messages of a campaign and language; what is the same in them is
    prepared."""

    __slots__ = ("_common", "_keys")

    def __init__(
        self, keys: Sequence[SigningKey], common: Sequence[str], personal: Sequence[str]
    ) -> None:
        """`common` are whole fields; `personal` are the names of the others, in their order."""
        self._common = b"".join(relaxed_field(field) + b"\r\n" for field in common)
        names = [*(field.partition(":")[0] for field in common), *personal, *OVERSIGNED]
        # The same for all as well: the field up to its time, as it is written and as it is hashed.
        begun = [(key, _beginning(key, names)) for key in keys]
        self._keys = [(key, text, relaxed_field(text)) for key, text in begun]

    def unmade(
        self, personal: Sequence[str], body: bytes | memoryview, moment: datetime
    ) -> list[Unmade]:
        """One for each key, over the common fields, these, and a body in relaxed form.

        `moment` is the delivery's own, never the clock's, so that a retry is byte-identical.
        """
        fields = self._common + b"".join(relaxed_field(field) + b"\r\n" for field in personal)
        body_hash = b64encode(sha256(body).digest()).decode("ascii")
        end = f"t={int(moment.timestamp())}; bh={body_hash};"
        hashed = f" {end} b=".encode()
        return [
            Unmade(key, f"{text}\r\n {end}\r\n b=", sha256(fields + relaxed + hashed).digest())
            for key, text, relaxed in self._keys
        ]


def _beginning(key: SigningKey, names: Sequence[str]) -> str:
    signed = _folded([f"{name}:" for name in names[:-1]] + [f"{names[-1]};"])
    return (
        f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n"
        f" d={key.domain};\r\n s={key.selector};\r\n h={signed}"
    )


def _folded(words: Sequence[str]) -> str:
    """Words without blanks between them, in lines that keep the limit (RFC 5322 2.1.1)."""
    lines, column = "", len(" h=")
    for word in words:
        if column + len(word) > FOLD_AT:
            lines, column = lines + "\r\n ", 1
        lines, column = lines + word, column + len(word)
    return lines


def _wrapped(signature: bytes) -> str:
    letters = b64encode(signature).decode("ascii")
    return "\r\n ".join(letters[at : at + 72] for at in range(0, len(letters), 72))
