"""Reports as mail systems send them, about one message of ours."""

from itertools import count

from tests.inbound.reading.letters import feedback, report

_NUMBERS = count(1)


def bounced(recipient: str, status: str = "5.1.1", said: str = "no such user here") -> bytes:
    """The octets of a bounce (RFC 3464); no two are the same message."""
    number = next(_NUMBERS)
    block = (
        f"Final-Recipient: rfc822; {recipient}\nAction: failed\n"
        f"Status: {status}\nDiagnostic-Code: smtp; 550 {status} <{recipient}>: {said}"
    )
    return report(block, Message_ID=f"<bounce{number}@mx.mail.example>")


def complained(kind: str = "abuse") -> bytes:
    """The octets of a complaint (RFC 5965)."""
    return feedback(kind, Message_ID=f"<complaint{next(_NUMBERS)}@provider.example>")
