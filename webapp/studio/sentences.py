"""What the domain says in English to programs and logs, in the language spoken."""

import re

from mailing.base.languages import gettext

N_ = str  # Marks a text for the catalogues.

_SAID = (
    N_("The file is not UTF-8 (about line %(line)s); save it as CSV UTF-8 and try again."),
    N_("The file is not UTF-8; save it as CSV UTF-8 and try again."),
    N_("The first line cannot be read as the names of columns; check its quotes."),
    N_("The file's first line is no header of columns; it holds a NUL."),
    N_("The file is empty. Choose the file that holds the people."),
    N_("The file is no longer here. Upload it again."),
    N_("An uploaded file is cut. Upload it again."),
    N_("Two columns are %(field)s; leave one of them."),
    N_("The policy does not declare the field %(field)s; take the column out."),
    N_("Nobody is imported for notices: they come with every topic."),
    N_("It failed several times at the same place. Tell whoever looks after this."),
    # What a campaign waits for.
    N_("the holding window, until %(time)s UTC"),
    N_("sending to be switched on again: %(reason)s"),
    N_("the sending hours, which begin at %(time)s (%(zone)s)"),
    N_("the mail relay: %(trouble)s"),
    N_("the next try of %(number)s deferred messages, at %(time)s UTC"),
    N_("its turn under the limits on messages a second, or a worker to take it up"),
    N_("a worker to take it up; is one running, and does the queue answer?"),
)


def spoken_sentence(said: str) -> str:
    """The same sentence, its values kept; one that is not known stays as it is."""
    for text, pattern in _PATTERNS.items():
        found = pattern.fullmatch(said)
        if found:
            return gettext(text, **found.groupdict())
    return said


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(text)))


_PATTERNS = {text: _pattern(text) for text in _SAID}
