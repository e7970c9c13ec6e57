"""Letters: the message of one delivery, from the campaign and the person that it is for.

Whatever is the same for everybody is compiled once per campaign and language and kept for as
long as the process lives: the content of a campaign that has started never changes.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from mailing.base import clock
from mailing.base.languages import gettext_for
from mailing.base.operator import Operator, operator_of
from mailing.base.settings import Settings
from mailing.base.signing import signing_keys
from mailing.base.tokens import (
    AccountToken,
    AddressToken,
    ClaimToken,
    LeaveToken,
    LinkKeys,
    MailtoLeave,
    OptInToken,
    link_keys,
)
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import (
    account_mails,
    account_words,
    answer_words,
    answers,
    message,
    samples,
    trials,
)
from mailing.deliveries.account_mails import Why
from mailing.deliveries.answers import Answer, AnswerKind
from mailing.deliveries.deliveries import Kind as Delivered
from mailing.deliveries.deliveries import message_id
from mailing.deliveries.gate import Passed
from mailing.deliveries.message import (
    Compiled,
    ConfirmMail,
    Frame,
    Kind,
    Octets,
    Recipient,
    ReplyMail,
    SignedUp,
    Stamp,
)
from mailing.people import optins, topics
from mailing.people.optins import OptIn
from mailing.people.topics import Topic
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion

_COMPILED = 64


class Letters:
    """Writes the message of each delivery that has passed the gate."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys = link_keys(settings.secret_keys)
        self._campaign = lru_cache(maxsize=_COMPILED)(self._compile)
        self._declared = lru_cache(maxsize=_COMPILED)(_fields_of)

    def write(self, passed: Passed) -> Octets:
        """The whole message as it goes over the wire, the same octets for the same delivery.

        Raises message.UnsafeValue when a value of this person would break out of its line.
        """
        recipient = Recipient(passed.permit.recipient, self._covered(passed))
        if passed.optin_id is not None:
            return self._confirmation(passed, recipient)
        if passed.permit.kind == Delivered.ACCOUNT:
            return self._account(passed, recipient)
        if passed.permit.kind == Delivered.TEST:
            return self._trial(passed)
        if passed.campaign_id is None:
            return self._answer(passed, recipient)
        compiled = self._campaign(passed.campaign_id, passed.language)
        return compiled.render(recipient, stamp(self._settings, self._keys, passed))

    def _trial(self, passed: Passed) -> Octets:
        """A test: of an invented reader, in somebody's mailbox; its links belong to nobody."""
        trial = trials.find(passed.permit.delivery_id)
        if trial is None:
            raise message.UnsafeValue("What this message tests is gone.")
        own = campaign_frame(self._settings, campaigns.find(trial.campaign_id), trial.said.language)
        compiled = message.compile(trial.said, replace(own, reason=Kind.TEST))
        recipient = Recipient(passed.permit.recipient, dict(samples.reader(trial.sample).fields))
        return compiled.render(recipient, trial_stamp(self._settings, passed))

    def _covered(self, passed: Passed) -> dict[str, str]:
        """The fields that this person's yes covers: those that its policy version declares.

        Without a yes to the topic, as a notice may go out, that is none but the address.
        """
        declared = self._declared(passed.policy_id)
        return {name: value for name, value in passed.fields.items() if name in declared}

    def _compile(self, campaign_id: int, language: str) -> Compiled:
        campaign = campaigns.find(campaign_id)
        content = campaign.content_in(language)
        return message.compile(content, campaign_frame(self._settings, campaign, content.language))

    def _confirmation(self, passed: Passed, recipient: Recipient) -> Octets:
        optin = optins.find(passed.optin_id) if passed.optin_id else None
        if optin is None:
            raise message.UnsafeValue("The request of this confirmation is gone.")
        asked = [topic for topic in topics.all_topics() if topic.id in optin.topic_ids]
        token = OptInToken(optin.id, optin.subscriber_id)
        mail = ConfirmMail(
            language=optin.language,
            topics=[topics.name_in(topic, optin.language) for topic in asked],
            confirm_url=f"{self._settings.public_url}/confirm/"
            + token.text(self._keys, "confirm", passed.link_key),
            page=_site(optin.page),
            asked_at=optin.created_at.astimezone(ZoneInfo(self._settings.time_zone)),
            source=optin.source,
        )
        cancel = token.text(self._keys, "cancel", passed.link_key)
        fixed = replace(
            stamp(self._settings, self._keys, passed),
            leave_url=f"{self._settings.public_url}/u/{cancel}",
        )
        own = frame(self._settings, asked[0], optin.language, _feedback(optin))
        under = of_policy(own, self._settings, versions.find(optin.policy_id))
        signed = replace(under, keys=signing_keys(self._settings))
        return message.confirmation(signed, mail, recipient, fixed)

    def _answer(self, passed: Passed, recipient: Recipient) -> Octets:
        answer = answers.find(passed.permit.delivery_id)
        if answer is None:
            raise message.UnsafeValue("What this message answers is gone.")
        if answer.request_id is not None:
            return self._reply(answer, passed, recipient)
        url = f"{self._settings.public_url}{_path(answer, passed, self._keys)}"
        mail = answer_words.mail_of(AnswerKind(answer.kind), passed.language, url)
        signed = self._own_frame(passed.language)
        return message.answer(signed, mail, recipient, stamp(self._settings, self._keys, passed))

    def _account(self, passed: Passed, recipient: Recipient) -> Octets:
        mail = account_mails.find(passed.permit.delivery_id)
        if mail is None:
            raise message.UnsafeValue("The link of this message is gone.")
        token = AccountToken(mail.delivery_id).text(self._keys, passed.link_key)
        url = f"{self._settings.public_url}/studio/password/{token}?lang={mail.language}"
        said = account_words.mail_of(Why(mail.why), mail.language, url)
        signed = self._own_frame(mail.language)
        return message.answer(signed, said, recipient, stamp(self._settings, self._keys, passed))

    def _reply(self, answer: Answer, passed: Passed, recipient: Recipient) -> Octets:
        said = answers.said_in(answer)
        if said is None:
            raise message.UnsafeValue("The words of this answer are destroyed.")
        mail = ReplyMail(
            subject=said.subject,
            text=said.text,
            in_reply_to=said.in_reply_to,
            references=said.references,
            is_automatic=answer.kind == AnswerKind.RECEIPT,
        )
        signed = replace(self._own_frame(passed.language), sender=_desk(self._settings))
        return message.reply(signed, mail, recipient, stamp(self._settings, self._keys, passed))

    def _own_frame(self, language: str) -> Frame:
        topic = topics.find(topics.NOTICES)
        own = frame(self._settings, topic, language, "correspondence")
        return replace(own, keys=signing_keys(self._settings))


def _desk(settings: Settings) -> str:
    """Who signs an answer to a message: the mailbox that it came to, so that they can go on."""
    name = operator_of(settings).name.replace("<", "").replace(">", "")
    return f"{name} <{settings.helpdesk_address}>"


def _path(answer: Answer, passed: Passed, keys: LinkKeys) -> str:
    if answer.kind == AnswerKind.CLAIM:
        claim = ClaimToken(passed.subscriber_id, answer.delivery_id)
        return f"/claim/{claim.text(keys, passed.link_key)}"
    if answer.change_id is not None:
        end = "new" if answer.kind == AnswerKind.NEW_ADDRESS else "old"
        return f"/address/{AddressToken(answer.change_id, end).text(keys, passed.link_key)}"
    fresh = LeaveToken(passed.subscriber_id, passed.topic_id, answer.delivery_id)
    return f"/preferences/{fresh.text(keys, passed.link_key)}"


def stamp(settings: Settings, keys: LinkKeys, passed: Passed) -> Stamp:
    """What is fixed for one delivery: its ids, date and links."""
    delivery_id = passed.permit.delivery_id
    leave = LeaveToken(passed.subscriber_id, passed.topic_id, delivery_id)
    token = leave.text(keys, passed.link_key)
    mailto = MailtoLeave(passed.subscriber_id, passed.topic_id)
    return Stamp(
        delivery=delivery_id.hex,
        message_id=message_id(delivery_id, domain_of(settings)),
        date=passed.dated_at.astimezone(UTC),
        leave_url=f"{settings.public_url}/u/{token}",
        leave_mailto=mailto.address(keys, settings.bounce_domain, passed.link_key),
        preferences_url=f"{settings.public_url}/preferences/{token}",
        signed_up=passed.signed_up,
    )


def sample_stamp(settings: Settings) -> Stamp:
    """The stamp of a preview: its links are well-formed and belong to nobody, and so does its day
    of signing up."""
    keys = link_keys(settings.secret_keys)
    nobody = UUID(int=0)
    leave = LeaveToken(nobody, 0, nobody).text(keys)
    return Stamp(
        delivery=nobody.hex,
        message_id=message_id(nobody, domain_of(settings)),
        date=datetime(2026, 1, 1, tzinfo=UTC),
        leave_url=f"{settings.public_url}/u/{leave}",
        leave_mailto=MailtoLeave(nobody, 0).address(keys, settings.bounce_domain),
        preferences_url=f"{settings.public_url}/preferences/{leave}",
        signed_up=SignedUp(date(2026, 1, 1), urlsplit(settings.public_url).netloc),
    )


def trial_stamp(settings: Settings, passed: Passed) -> Stamp:
    """The ids and the date of a delivery, with a preview's links."""
    return replace(
        sample_stamp(settings),
        delivery=passed.permit.delivery_id.hex,
        message_id=message_id(passed.permit.delivery_id, domain_of(settings)),
        date=passed.dated_at.astimezone(UTC),
    )


def campaign_frame(settings: Settings, campaign: Campaign, language: str) -> Frame:
    """What is the same for everybody who reads this campaign in one language."""
    own = frame(settings, campaign.topic, language, f"{campaign.kind}-{campaign.id}")
    under = of_policy(own, settings, _in_force(campaign.started_at or clock.now(), settings))
    keys = signing_keys(settings)
    return replace(under, reason=Kind(campaign.kind), fields=declared(), keys=keys)


def of_policy(frame: Frame, settings: Settings, policy: PolicyVersion | None) -> Frame:
    """The same, leading to this version of the policy and naming it."""
    if policy is None:
        return frame
    url = f"{settings.public_url}/policy/{policy.id}"
    return replace(frame, policy_url=url, policy_label=policy.label)


def frame(
    settings: Settings,
    topic: Topic,
    language: str,
    feedback: str,
    operator: Operator | None = None,
) -> Frame:
    """What is the same for everybody who reads about a topic in one language."""
    return Frame(
        operator=operator or operator_of(settings),
        sender=settings.from_,
        topic_slug=topic.slug,
        topic_name=topics.name_in(topic, language),
        list_domain=domain_of(settings),
        feedback=feedback,
        policy_url=f"{settings.public_url}/policy",
        help_url=f"mailto:{settings.helpdesk_address}",
        gettext=gettext_for(language).gettext,
        images_url=f"{settings.public_url}/images/",
    )


def domain_of(settings: Settings) -> str:
    """The domain of the From address."""
    return settings.from_.rpartition("@")[2].strip(" >")


def _in_force(at: datetime, settings: Settings) -> PolicyVersion | None:
    """The version that was in force, and known, at a moment: what is published after a campaign's
    start changes no octet of its messages."""
    day = at.astimezone(ZoneInfo(settings.time_zone)).date()
    known = (one for one in versions.published() if one.published_at and one.published_at <= at)
    return next((one for one in known if one.effective_on <= day), None)


def _feedback(optin: OptIn) -> str:
    return optin.source if optin.form_id is None else f"form-{optin.form_id}"


def _site(page: str) -> str:
    """The registered site of a page. Its path is not shown: whoever fills in the form may
    choose what stands there, and would be writing in a letter of ours. Empty where it is not
    known."""
    parts = urlsplit(page)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _fields_of(policy_id: int | None) -> frozenset[str]:
    return frozenset(versions.find(policy_id).fields) if policy_id else frozenset()


def declared() -> tuple[str, ...]:
    """The fields that may be merged: those that any published policy version declares."""
    declared = {name for version in versions.published() for name in version.fields}
    return tuple(name for name in message.FIELDS if name in declared)
