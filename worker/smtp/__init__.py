"""SMTP is spoken here and nowhere else: a client connection as a state machine. RFC 5321."""

from worker.smtp.connection import Connection
from worker.smtp.outcome import Outcome, Phase, Timeouts, Verdict
from worker.smtp.relay import Relay, Security

__all__ = ["Connection", "Outcome", "Phase", "Relay", "Security", "Timeouts", "Verdict"]
