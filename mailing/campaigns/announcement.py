"""The words of a policy-change notice: what changes, from when, where to read it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from mailing.base.languages import date_text
from mailing.base.operator import Operator
from mailing.campaigns.content import Content

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A material version; `summary` is the officer's own Markdown, may be empty.

    `agree_url` ends in the merge tag of the personal link, `mailbox` and `mark` are those that
    the version declares; `before` is the label of the version that it follows;
    `purposes` and `fields` are what it adds to that one, as the reader's language calls them.
    """

    label: str
    effective_on: date
    policy_url: str
    agree_url: str
    mailbox: str
    mark: str
    summary: str = ""
    before: str = ""
    compare_url: str = ""
    purposes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    @property
    def adds(self) -> bool:
        """Whether it declares anything that an earlier yes does not cover."""
        return bool(self.purposes or self.fields)


def notice_content(
    language: str,
    operator: Operator,
    change: PolicyChange,
    gettext: Callable[[str], str],
) -> Content:
    """Write the notice in `language`; `gettext` is that language's catalogue."""
    day = date_text(change.effective_on, language)
    return Content(
        language=language,
        subject=_subject(operator, day, gettext),
        body="\n\n".join(_paragraphs(operator, change, day, gettext)),
    )


def _subject(operator: Operator, day: str, gettext: Callable[[str], str]) -> str:
    _ = gettext
    subject = _("%(operator)s: our personal data policy changes on %(date)s")
    return subject % {"operator": operator.name.replace("{", "("), "date": day}


def _paragraphs(
    operator: Operator, change: PolicyChange, day: str, gettext: Callable[[str], str]
) -> list[str]:
    _ = gettext
    says = {
        "operator": _literal(operator.name),
        "label": _literal(change.label),
        "date": day,
        "contact": _literal(change.mailbox),
        "mark": _literal(change.mark),
        "before": _literal(change.before),
    }
    paragraphs = [
        "# " + _("Our personal data policy is changing"),
        _("%(operator)s publishes version “%(label)s” of its policy. It applies from %(date)s.")
        % says,
        change.summary.strip(),
        _new(change, gettext),
        _link(_("Read the new policy"), change.policy_url),
        _link(_("What has changed since version “%(before)s”") % says, change.compare_url),
        _("What is new in it needs a new yes from you. From %(date)s you can give it here:") % says
        if change.adds
        else _("From %(date)s you can agree to it here:") % says,
        _link(_("See what you would agree to"), change.agree_url),
        _(
            "You need not do anything. If you do nothing, everything stays as it was: we write to"
            " you only about what you have agreed to."
        ),
        _(
            "You can withdraw your consent at any time: write to %(contact)s with the mark"
            " “%(mark)s”."
        )
        % says,
    ]
    return [paragraph for paragraph in paragraphs if paragraph]


def _new(change: PolicyChange, gettext: Callable[[str], str]) -> str:
    """What the version adds, a line each; empty where that is nothing."""
    _ = gettext
    purpose = _("New purpose: %(name)s. It applies to you only after you agree.")
    data = _("New data: %(name)s. This applies to you only after you agree.")
    lines = [
        *(purpose % {"name": _literal(name)} for name in change.purposes),
        *(data % {"name": _literal(name)} for name in change.fields),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _link(words: str, url: str) -> str:
    """A paragraph with a link in it; empty where it would lead nowhere."""
    return f"[{words}]({url})" if url else ""


def _literal(text: str) -> str:
    """A value inside Markdown stands for itself: no emphasis, no link, no merge tag."""
    return PUNCTUATION.sub(r"\\\1", text)
