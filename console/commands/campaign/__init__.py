"""`kelisim campaign`: one message to one topic, from draft to done."""

import click

from console.lazy import Lazy

# Verb and file, in the order of help. `stop` is no place to load what a draft needs.
VERBS = {
    "create": "drafting",
    "list": "course:list_",
    "check": "drafting",
    "audience": "people:audience_",
    "reasons": "people:reasons_",
    "links": "drafting",
    "spam": "drafting",
    "narrow": "drafting",
    "ledger": "people",
    "start": "starting",
    "pause": "halting",
    "resume": "halting",
    "stop": "halting",
    "status": "course:status_",
    "uncertain": "people",
    "resend": "course",
}


@click.group(cls=Lazy, package=__name__, modules=VERBS)
def campaign() -> None:
    """One message to one topic, from draft to done."""
