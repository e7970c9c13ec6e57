"""SMTP is spoken here and nowhere else: a client connection as a state machine. RFC 5321."""

from worker.smtp.blame import blames_the_address
from worker.smtp.connection import Connection
from worker.smtp.outcome import Outcome, Phase, Stage, Timeouts, Verdict
from worker.smtp.relay import Relay, Security

__all__ = [
    "Connection",
    "Outcome",
    "Phase",
    "Relay",
    "Security",
    "Stage",
    "Timeouts",
    "Verdict",
    "blames_the_address",
]
