"""One sentence about one person: what is mailed to them, what they left, what stands in the way."""

from collections.abc import Iterable
from datetime import datetime

from mailing.base import clock
from mailing.base.languages import day_text, gettext
from mailing.base.settings import current
from mailing.people.judged import Judged
from mailing.people.standings import Said
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Suppression, Why
from webapp.studio.shell import sentence_of, topic_name


def of(person: Subscriber, judged: Iterable[Judged], kept_out: Iterable[Suppression]) -> str:
    """The sentence; whoever has a withdrawal on everything is told so, and no more."""
    kept = {Why(one.reason): one.since for one in kept_out}
    topics = [one for one in judged if not one.is_notices]
    withdrawn = [at for why, at in kept.items() if why in (Why.WITHDRAWN, Why.DESTROYED)]
    if withdrawn:
        day = _day(min(withdrawn))
        return sentence_of([gettext("withdrew consent on %(day)s; nothing is mailed", day=day)])
    said = [_said(one) for one in topics] or [gettext("nothing said about any topic")]
    return sentence_of([*said, *_barred(person, kept)])


def _said(one: Judged) -> str:
    values = {"topic": topic_name(one.topic), "day": _day(one.since)}
    if one.reason is None:
        return gettext("mailed about “%(topic)s” since %(day)s", **values)
    if one.reason == "no_policy_consent":
        return gettext("the yes of %(day)s does not cover “%(topic)s”", **values)
    if one.quarantined:
        return gettext("imported to “%(topic)s” without evidence on %(day)s", **values)
    told = {
        Said.GIVEN: gettext("yes to “%(topic)s” of %(day)s", **values),
        Said.REQUESTED: gettext("asked for “%(topic)s” on %(day)s, not confirmed", **values),
        Said.UNSUBSCRIBED: gettext("left “%(topic)s” on %(day)s", **values),
        Said.WITHDRAWN: gettext("withdrew consent to “%(topic)s” on %(day)s", **values),
        Said.NONE: gettext("nothing said on “%(topic)s”", topic=values["topic"]),
    }
    return told[Said(one.standing)]


def _barred(person: Subscriber, kept: dict[Why, datetime]) -> list[str]:
    if kept:
        why, at = min(kept.items(), key=lambda one: one[1])
        return [_kept_out(why, _day(at))]
    if person.blocked_at is not None:
        day = _day(person.blocked_at)
        return [gettext("blocked since %(day)s, until a withdrawal is settled", day=day)]
    if person.paused_until is not None and person.paused_until > clock.now():
        return [gettext("paused by themselves until %(day)s", day=_day(person.paused_until))]
    return [gettext("blocked nowhere")]


def _kept_out(why: Why, day: str) -> str:
    if why is Why.COMPLAINT:
        return gettext("kept out since %(day)s: they complained about our mail", day=day)
    if why is Why.BOUNCE:
        return gettext("kept out since %(day)s: the mailbox does not exist", day=day)
    if why is Why.MOVED:
        return gettext("kept out since %(day)s: they moved to another address", day=day)
    return gettext("kept out by staff since %(day)s", day=day)


def _day(moment: datetime) -> str:
    return day_text(moment, current().time_zone)
