"""`kelisim destroy`: destroys what has been decided, and prints the certificate."""

import click

from console.destroying_view import certified
from console.frame import actor, verb
from console.output import Answer
from mailing.requests import by_hand
from mailing.requests.requests import named


@click.command()
@click.argument("email")
@click.option("--request", "id", required=True, help="The request that was granted (2026-0042).")
@click.option("--expedite", metavar="REASON", help="Why it does not wait for the cooling-off.")
@verb
def destroy(email: str, id: str, expedite: str | None) -> Answer:
    """Destroy what a request asks for and what has been decided; print the certificate.

    EMAIL has to be the request's person. Exit 4 while a decision or an approval is missing, 5 for
    another person's address and under a legal hold. The same again prints the same certificate.
    """
    done = by_hand.destroy(email, named(id).id, actor(), expedite)
    return Answer(done.document, certified(done))
