"""Claim mails: "was this letter from you?", with the number of the letter and its due date."""

from datetime import timedelta

from mailing.base import clock
from mailing.base.languages import gettext_for, time_text
from mailing.base.settings import current
from mailing.deliveries import answers
from mailing.deliveries.answers import Answer, AnswerKind, NewAnswer, Said
from mailing.deliveries.deliveries import Delivery
from mailing.people.subscribers import Subscriber
from mailing.requests.requests import Request

# So long the mail may wait for its relay; its link works for as long as the block lasts.
LASTS = timedelta(days=7)
A_DAY = timedelta(days=1)
MOST_A_DAY = 3


def ask(subscriber: Subscriber, request: Request) -> None:
    """Ask whose letter it was, once for each time that they are blocked, three times a day at most.

    Never commits.
    """
    sent = answers.since(subscriber.id, AnswerKind.CLAIM, clock.now() - A_DAY)
    since_blocked = [at for at in sent if subscriber.blocked_at and at >= subscriber.blocked_at]
    if len(sent) < MOST_A_DAY and not since_blocked:
        said = _about(request, subscriber.language)
        answers.write(NewAnswer(subscriber.id, AnswerKind.CLAIM, LASTS, said=said))


def sent_about(request: Request) -> list[tuple[Answer, Delivery]]:
    """All that was mailed about a request, the oldest first: receipts, answers, and the mails that
    asked whose letter it was."""
    asked = answers.of_kind(request.subscriber_id, AnswerKind.CLAIM)
    about = [one for one in asked if _is_about(one[0], request)]
    return sorted([*answers.of_request(request.id), *about], key=lambda one: one[0].created_at)


def _about(request: Request, language: str) -> Said:
    _ = gettext_for(language).gettext
    due = time_text(request.due_at, current().time_zone, language)
    named = _("With us the letter has the number %(number)s, and it is due by %(due)s.")
    told = named % {"number": request.number, "due": due}
    return Said(request.id, language, _("Was this letter from you?"), told)


def _is_about(answer: Answer, request: Request) -> bool:
    said = answers.said_in(answer)
    return said is not None and said.request_id == request.id
