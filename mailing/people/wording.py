"""Wording: the exact sentences beside a box, kept once for each text that anybody has seen.

They stand here and in no catalogue of translations: what somebody agreed to changes by a
decision in this file, never by a translator's correction.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from sqlalchemy import DateTime, Text, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Missing
from mailing.base.languages import SOURCE
from mailing.people.topics import Frequency, Topic, name_in
from mailing.policies.versions import PolicyVersion

# Russian: «Даю согласие» has no gender. Kazakh: «бас тарту» would read as "cancel".
_CONSENT = {
    "kk": (
        "{operator} ұйымына дербес деректерді өңдеу саясатының {label} нұсқасы бойынша"
        " электрондық пошта мекенжайымды «{topic}» хабарламаларын{often} және осы саясаттың"
        " өзгерістері туралы хабарламаларды жіберу үшін пайдалануға келісім беремін."
        " Кез келген уақытта тоқтата аламын."
    ),
    "ru": (
        "Даю согласие {operator} использовать мой адрес электронной почты по политике обработки"
        " персональных данных в редакции {label} для рассылки «{topic}»{often} и сообщений"
        " об изменениях этой политики. Отказаться можно в любой момент."
    ),
    "en": (
        "I agree that {operator} may use my e-mail address, under version {label} of its personal"
        " data processing policy, to send me “{topic}”{often} and notices of changes to that"
        " policy. I can stop at any time."
    ),
}

# A promise is a part of what is agreed to, so it stands here too; a topic without one says nothing.
_OFTEN = {
    "kk": {
        Frequency.DAILY: "күніне бір реттен жиі емес",
        Frequency.WEEKLY: "аптасына бір реттен жиі емес",
        Frequency.TWICE_A_MONTH: "айына екі реттен жиі емес",
        Frequency.MONTHLY: "айына бір реттен жиі емес",
        Frequency.SELDOM: "жылына бірнеше рет",
    },
    "ru": {
        Frequency.DAILY: "не чаще раза в день",
        Frequency.WEEKLY: "не чаще раза в неделю",
        Frequency.TWICE_A_MONTH: "не чаще двух раз в месяц",
        Frequency.MONTHLY: "не чаще раза в месяц",
        Frequency.SELDOM: "несколько раз в год",
    },
    "en": {
        Frequency.DAILY: "at most once a day",
        Frequency.WEEKLY: "at most once a week",
        Frequency.TWICE_A_MONTH: "at most twice a month",
        Frequency.MONTHLY: "at most once a month",
        Frequency.SELDOM: "a few times a year",
    },
}


class Wording(Table):
    """A text that was shown. The database refuses to change or delete it."""

    __tablename__ = "wordings"

    hash: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    language: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    text: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info=OPERATIONAL
    )


def tongue(language: str) -> str:
    """The language that the sentences are in for whoever reads `language`: what nobody has decided
    the words of in their own is said, and kept, in English."""
    return language if language in _CONSENT else SOURCE


def sentence(topic: Topic, policy: PolicyVersion, language: str) -> str:
    """What stands beside the topic's box, on whichever page, in `tongue(language)`.

    It names the operator whom the version declares (else the settings' own): the yes is a yes to
    that text, so both must speak of the same operator.
    """
    return _CONSENT[tongue(language)].format(
        operator=policy.declared_operator,
        topic=name_in(topic, language),
        often=_often(topic, language),
        label=policy.label,
    )


def keep_sentences(shown: Iterable[Topic], policy: PolicyVersion, language: str) -> dict[int, str]:
    """Keep what stood beside the boxes of these topics; the hashes by topic."""
    said = tongue(language)
    return {topic.id: keep(said, sentence(topic, policy, language)) for topic in shown}


def hash_of(language: str, text: str) -> str:
    """The SHA-256 (hex) of the language, a line end and the text: the wording's name."""
    return sha256(f"{language}\n{text}".encode()).hexdigest()


def keep(language: str, text: str) -> str:
    """Keep a text, once; its hash."""
    name = hash_of(language, text)
    row = {"hash": name, "language": language, "text": text}
    db.session.execute(insert(Wording).values(row).on_conflict_do_nothing())
    return name


def text_of(name: str) -> Wording:
    """The wording of that hash. Raises `Missing`."""
    kept = db.session.get(Wording, name)
    if kept is None:
        raise Missing("No wording of that hash is kept.")
    return kept


def _often(topic: Topic, language: str) -> str:
    said = _OFTEN[tongue(language)]
    return f" ({said[Frequency(topic.frequency)]})" if topic.frequency else ""
