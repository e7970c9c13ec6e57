"""Letters: the message of one delivery, from the campaign and the person that it is for.

Whatever is the same for everybody is compiled once per campaign and language and kept for as
long as the process lives: the content of a campaign that has started never changes.
"""

from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from mailing.base.operator import operator_of
from mailing.base.settings import Settings
from mailing.base.signing import signing_keys
from mailing.base.tokens import (
    AccountToken,
    AddressToken,
    BundleToken,
    ClaimToken,
    LeaveToken,
    LinkKeys,
    OptInToken,
    link_keys,
)
from mailing.campaigns import campaigns
from mailing.deliveries import (
    account_mails,
    account_words,
    answer_words,
    answers,
    counted_links,
    frames,
    message,
    samples,
    stamps,
    trials,
)
from mailing.deliveries.account_mails import AccountMail, Why
from mailing.deliveries.answers import Answer, AnswerKind
from mailing.deliveries.deliveries import Kind as Delivered
from mailing.deliveries.gate import Passed
from mailing.deliveries.message import (
    Compiled,
    Composed,
    ConfirmMail,
    Frame,
    Kind,
    Octets,
    Recipient,
    ReplyMail,
)
from mailing.people import optins, topics
from mailing.people.optins import OptIn
from mailing.policies import versions

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
        return self.compose(passed).signed()

    def compose(self, passed: Passed) -> Composed:
        """What `write` gives; a campaign's signatures are still to be made.

        Raises message.UnsafeValue as well.
        """
        recipient = Recipient(passed.permit.recipient, self._covered(passed))
        if passed.campaign_id is None:
            return Composed(self._letter(passed, recipient))
        compiled = self._campaign(passed.campaign_id, passed.language)
        return compiled.compose(recipient, stamps.stamp(self._settings, self._keys, passed))

    def _letter(self, passed: Passed, recipient: Recipient) -> Octets:
        """What is written to one person alone."""
        if passed.optin_id is not None:
            return self._confirmation(passed, recipient)
        if passed.permit.kind == Delivered.ACCOUNT:
            return self._account(passed, recipient)
        if passed.permit.kind == Delivered.TEST:
            return self._trial(passed)
        return self._answer(passed, recipient)

    def _trial(self, passed: Passed) -> Octets:
        """A test: of an invented reader, in somebody's mailbox; its links belong to nobody."""
        trial = trials.find(passed.permit.delivery_id)
        if trial is None:
            raise message.UnsafeValue("What this message tests is gone.")
        own = frames.campaign_frame(
            self._settings,
            campaigns.find(trial.campaign_id),
            trial.said.language,
            looks_as_of=trial.sent_at,
        )
        compiled = message.compile(trial.said, replace(own, reason=Kind.TEST, is_counted=False))
        recipient = Recipient(passed.permit.recipient, dict(samples.reader(trial.sample).fields))
        return compiled.render(recipient, stamps.trial_stamp(self._settings, passed))

    def _covered(self, passed: Passed) -> dict[str, str]:
        """The fields that this person's yes covers: those that its policy version declares.

        Without a yes to the topic, as a notice may go out, that is none but the address.
        """
        fields, declared = passed.fields, self._declared(passed.policy_id)
        if fields.keys() <= declared:
            return fields
        return {name: value for name, value in fields.items() if name in declared}

    def _compile(self, campaign_id: int, language: str) -> Compiled:
        campaign = campaigns.find(campaign_id)
        content = campaign.content_in(language)
        own = frames.campaign_frame(self._settings, campaign, content.language)
        links = counted_links.addresses(self._settings, campaign_id, content.language)
        return message.compile(content, replace(own, links=links))

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
        fixed = stamps.stamp(self._settings, self._keys, passed)._replace(
            leave_url=f"{self._settings.public_url}/u/{cancel}",
        )
        own = frames.frame(self._settings, asked[0], optin.language, _feedback(optin))
        under = frames.of_policy(own, self._settings, versions.find(optin.policy_id))
        signed = replace(under, keys=signing_keys(self._settings))
        return message.confirmation(signed, mail, recipient, fixed)

    def _answer(self, passed: Passed, recipient: Recipient) -> Octets:
        answer = answers.find(passed.permit.delivery_id)
        if answer is None:
            raise message.UnsafeValue("What this message answers is gone.")
        if answer.request_id is not None:
            return self._reply(answer, passed, recipient)
        url = f"{self._settings.public_url}{_path(answer, passed, self._keys)}"
        said = answers.said_in(answer)
        mail = answer_words.mail_of(AnswerKind(answer.kind), passed.language, url)
        if said is not None:
            mail = replace(mail, after=[said.text, *mail.after])
        signed = self._own_frame(passed.language)
        return message.answer(
            signed, mail, recipient, stamps.stamp(self._settings, self._keys, passed)
        )

    def _account(self, passed: Passed, recipient: Recipient) -> Octets:
        mail = account_mails.find(passed.permit.delivery_id)
        if mail is None:
            raise message.UnsafeValue("The link of this message is gone.")
        said = account_words.mail_of(mail, self._studio(mail, passed.link_key))
        signed = self._own_frame(mail.language)
        return message.answer(
            signed, said, recipient, stamps.stamp(self._settings, self._keys, passed)
        )

    def _studio(self, mail: AccountMail, link_key: str | None) -> str:
        """Where the button leads. A digest holds no link that opens anything by itself."""
        page = "requests"
        if mail.why != Why.DIGEST:
            page = f"password/{AccountToken(mail.delivery_id).text(self._keys, link_key)}"
        return f"{self._settings.public_url}/studio/{page}?lang={mail.language}"

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
        return message.reply(
            signed, mail, recipient, stamps.stamp(self._settings, self._keys, passed)
        )

    def _own_frame(self, language: str) -> Frame:
        topic = topics.find(topics.NOTICES)
        own = frames.frame(self._settings, topic, language, "correspondence")
        return replace(own, keys=signing_keys(self._settings))


def _desk(settings: Settings) -> str:
    """Who signs an answer to a message: the mailbox that it came to, so that they can go on."""
    name = operator_of(settings).name.replace("<", "").replace(">", "")
    return f"{name} <{settings.helpdesk_address}>"


def _path(answer: Answer, passed: Passed, keys: LinkKeys) -> str:
    if answer.kind == AnswerKind.CLAIM:
        claim = ClaimToken(passed.subscriber_id, answer.delivery_id)
        return f"/claim/{claim.text(keys, passed.link_key)}"
    if answer.kind == AnswerKind.BUNDLE:
        return f"/bundle/{BundleToken(answer.delivery_id).text(keys, passed.link_key)}"
    if answer.change_id is not None:
        end = "new" if answer.kind == AnswerKind.NEW_ADDRESS else "old"
        return f"/address/{AddressToken(answer.change_id, end).text(keys, passed.link_key)}"
    fresh = LeaveToken(passed.subscriber_id, passed.topic_id, answer.delivery_id)
    return f"/preferences/{fresh.text(keys, passed.link_key)}"


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
