"""What a spam filter said of a campaign, as lines of the last look. It never stops a start."""

from collections.abc import Iterator

from mailing.base import rspamd
from mailing.base.filtering import Rule, Verdict
from mailing.base.languages import gettext as _
from mailing.base.languages import number_text
from mailing.base.rspamd import Trouble
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import spam_checks
from mailing.deliveries.checks import Check, Fix, Level, Quoted
from mailing.deliveries.spam_checks import SpamCheck
from mailing.deliveries.tongues import tongue

NOTHING = "no action"
_FOR_NOW = ("greylist", "soft reject")
_MARKS = ("add header", "rewrite subject", "quarantine")
_REFUSES = ("reject", "discard")
_SIGNED = "+#,##0.##;-#,##0.##"


def of(campaign: Campaign) -> Iterator[Check]:
    """A line for each language that is written; nothing at all where there is no filter."""
    if spam_checks.is_configured():
        for body in campaign.written:
            yield from _of_language(campaign, body.language)


def _of_language(campaign: Campaign, language: str) -> Iterator[Check]:
    said = spam_checks.said_in(campaign, language)
    if said is None:
        return
    row = spam_checks.known(campaign, language)
    verdict = row.verdict if row and not row.is_waited_for and row.counts_for(said) else None
    if verdict is None:
        yield _check(language, Level.WARN, _why_none(row, said), Fix.READY)
    elif verdict.action == NOTHING:
        yield _check(language, Level.FINE, _of(verdict), Fix.NOWHERE, verdict)
    else:
        yield _check(language, Level.WARN, _of(verdict), Fix.WRITE, verdict)


def _check(
    language: str, level: Level, detail: str, fix: Fix, verdict: Verdict | None = None
) -> Check:
    quoted = tuple(map(_quoted, verdict.rules)) if verdict else ()
    told = f"{tongue(language)}: {detail}"
    return Check(f"spam-{language}", level, _("Spam filter"), told, fix, quoted)


def _why_none(row: SpamCheck | None, said: str) -> str:
    if row is not None and row.is_waited_for:
        return _waiting()
    if row is not None and row.trouble and row.counts_for(said):
        return _of_trouble(Trouble(row.trouble))
    return _unjudged()


def _unjudged() -> str:
    return _("the spam filter has not judged it since the last change, or within a day.")


def _waiting() -> str:
    return _(
        "the spam filter was asked and has not answered yet. Check again in a moment; if it stays"
        " like this, no worker runs, or it does not know KELISIM_RSPAMD_URL."
    )


def _of_trouble(trouble: Trouble) -> str:
    return {
        Trouble.AWAY: _(
            "it could not be judged: no rspamd answers at KELISIM_RSPAMD_URL. It may be sent all"
            " the same; whoever runs this server looks with kelisim doctor."
        ),
        Trouble.SLOW: _(
            "it could not be judged: rspamd took longer than %(num)s seconds. Ask it once more; it"
            " may be sent all the same.",
            num=number_text(rspamd.SECONDS),
        ),
        Trouble.LOCKED: _(
            "it could not be judged: rspamd wants a password, or another one. Whoever runs this"
            " server sets KELISIM_RSPAMD_PASSWORD; it may be sent all the same."
        ),
        Trouble.NONSENSE: _(
            "it could not be judged: what answers at KELISIM_RSPAMD_URL does not speak as rspamd"
            " does. Whoever runs this server looks with kelisim doctor; it may be sent all the"
            " same."
        ),
        Trouble.SKIPPED: _(
            "rspamd let it pass without a look, as its own settings say for mail from here: this"
            " says nothing of what others would do."
        ),
    }[trouble]


def _of(verdict: Verdict) -> str:
    return " ".join(_sentences(verdict))


def _sentences(verdict: Verdict) -> Iterator[str]:
    yield _("%(score)s points.", score=number_text(verdict.score))
    yield _of_action(verdict.action)
    yield from _of_limits(verdict)
    if verdict.rules:
        yield _("What weighs most, in its words:")


def _of_action(action: str) -> str:
    if action == NOTHING:
        return _("rspamd would let it through.")
    if action in _FOR_NOW:
        return _("rspamd would turn it away for now (“%(action)s”).", action=action)
    if action in _MARKS:
        return _("rspamd would mark it as spam (“%(action)s”).", action=action)
    if action in _REFUSES:
        return _("rspamd would refuse it (“%(action)s”).", action=action)
    return _("What rspamd would do: “%(action)s”.", action=action)


def _of_limits(verdict: Verdict) -> Iterator[str]:
    if verdict.marks_from is not None:
        limit = number_text(verdict.marks_from)
        yield _("It marks as spam from %(num)s points on.", num=limit)
    if verdict.refuses_from is not None:
        limit = number_text(verdict.refuses_from)
        yield _("It refuses from %(num)s points on.", num=limit)


def _quoted(rule: Rule) -> Quoted:
    words = f"{rule.name}: {rule.words}" if rule.words else rule.name
    return Quoted(number_text(rule.points, _SIGNED), words)
