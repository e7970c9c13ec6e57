"""Reading: what a message that came in says. Pure functions over octets; no table, no clock."""

from mailing.inbound.reading.read import read as read
from mailing.inbound.reading.values import Action as Action
from mailing.inbound.reading.values import Kind as Kind
from mailing.inbound.reading.values import Reading as Reading
from mailing.inbound.reading.values import Report as Report
from mailing.inbound.reading.values import Traces as Traces
from mailing.inbound.reading.values import Trust as Trust
