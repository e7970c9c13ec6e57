"""Whom a refusal blames: this one address, or the message, the sender, the relay."""

import re

from worker.smtp.outcome import Outcome, Stage, Verdict

# "There is no such mailbox, domain or route", and nothing else (RFC 3463 3.2, 3.3, RFC 7505).
BAD_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
# Mailbox unavailable, not local, name not allowed (RFC 5321 4.2.3).
BAD_MAILBOX = frozenset({550, 551, 553})
# Says no more than the code does (RFC 3463 3.1).
VAGUE = frozenset({None, "5.0.0"})
# Words of a relay that has something against us: `550 relay not permitted` goes to everybody.
AGAINST_US = re.compile(
    r"relay|spam|polic[iy]|reputation|black ?list|block|banned|dns[bw]l|rbl|spf|dkim|dmarc"
    r"|authenti|permi|prohibit|denied|reverse|ptr\b|sender|rate|too many|https?:",
    re.IGNORECASE,
)


def blames_the_address(outcome: Outcome) -> bool:
    """True when the relay said that nothing can ever be delivered to this recipient.

    Such an address is suppressed, perhaps for years, so every doubt speaks for the address. Only
    a final refusal of RCPT or of the dot counts, never one of MAIL. An enhanced status code
    decides where there is one: policy (5.7.x) and full mailboxes (5.2.2) are no fault of the
    address. A bare 550, 551 or 553 counts at RCPT only, and not in words of policy: at the dot
    it is mostly said of the content, and would suppress everybody who was written to.
    """
    if outcome.verdict is not Verdict.REFUSED or outcome.code is None:
        return False
    if outcome.stage not in (Stage.RCPT, Stage.DOT):
        return False
    if outcome.status not in VAGUE:
        return outcome.status in BAD_ADDRESS
    is_bare = outcome.stage is Stage.RCPT and outcome.code in BAD_MAILBOX
    return is_bare and not AGAINST_US.search(outcome.text)
