"""Review: what an officer should know about a version before it is published, in words."""

from mailing.base.languages import OWN_NAMES
from mailing.base.languages import gettext as _
from mailing.policies import findings, versions
from mailing.policies.findings import Code, Declared, Finding
from mailing.policies.versions import PolicyVersion


def review(policy: PolicyVersion) -> list[Finding]:
    """The findings of a version's texts as they are kept; nothing is mended."""
    declared = Declared(policy.declared_operator, policy.declared_mailbox, policy.declared_marks)
    texts = {text.language: text.words for text in versions.texts(policy)}
    return findings.of_texts(texts, declared)


def review_of(policy: PolicyVersion, language: str) -> list[Finding]:
    """Those of one language's text, and those in which another language's differs from it."""
    return [one for one in review(policy) if language in (one.language, _other(one))]


def _other(finding: Finding) -> str | None:
    return finding.said if finding.code == Code.NUMBERING_DIFFERS else None


def sentence(finding: Finding) -> str:
    """The finding as one sentence in the language spoken."""
    values = {"clause": finding.clause, "said": _said(finding)}
    return _words(finding.code) % values


def _said(finding: Finding) -> str:
    if finding.code == Code.NUMBERING_DIFFERS:
        return OWN_NAMES[finding.said]
    return finding.said


def _words(code: Code) -> str:
    return _of_numbers(code) or _of_duties(code) or _of_declared(code)


def _of_numbers(code: Code) -> str:
    said = {
        Code.NUMBER_MISSING: _("The number %(clause)s is missing: the numbering jumps over it."),
        Code.NUMBER_REPEATED: _("The number %(clause)s stands %(said)s times."),
        Code.NUMBERING_DIFFERS: _(
            "The number %(clause)s stands more often in another language: %(said)s."
        ),
        Code.LOST_WORDS: _("Clause %(clause)s seems to have lost words: %(said)s"),
        Code.OTHER_LANGUAGE: _("The text does not look like the language that it was kept under."),
    }
    return said.get(code, "")


def _of_duties(code: Code) -> str:
    said = {
        Code.BIN_MISSING: _("No BIN stands in it; the law wants it in a consent."),
        Code.UNLIMITED_TERM: _(
            "Clause %(clause)s sets no end to the processing; the law allows no longer than the"
            " purpose needs: %(said)s"
        ),
        Code.THIRD_PARTY_NAMED: _("Clause %(clause)s names services of third parties: %(said)s."),
        Code.THIRD_PARTY_AGAINST_PROMISE: _(
            "Clause %(clause)s names services of third parties, and another clause promises that"
            " data are never handed to any: %(said)s."
        ),
        Code.PLAIN_HTTP: _("It names addresses without encryption: %(said)s"),
    }
    return said.get(code, "")


def _of_declared(code: Code) -> str:
    said = {
        Code.OPERATOR_MISSING: _("The declared operator does not stand in it: %(said)s"),
        Code.MAILBOX_MISSING: _("The declared mailbox does not stand in it: %(said)s"),
        Code.WITHDRAWAL_MARK_MISSING: _("No declared mark for withdrawing stands in it: %(said)s"),
        Code.RECTIFICATION_MARK_MISSING: _(
            "No declared mark for correcting data stands in it: %(said)s"
        ),
    }
    return said[code]
