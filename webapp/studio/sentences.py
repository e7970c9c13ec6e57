"""What the domain says to staff, in the language spoken. It is written once and in English, as the
command line prints it and as it is kept; whoever reads it in the studio reads it in their own."""

import re

from mailing.base.languages import gettext
from webapp.studio.desk_sentences import OF_THE_DESK, RIGHT_NAMES

N_ = str  # Marks a text for the catalogues.

_OF_FILES = (
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
_OF_REQUESTS = (
    N_("There is no request %(number)s."),
    N_("There is no kept message %(number)s."),
    N_("No message is kept with request %(number)s."),
    N_("This request is closed; take it up again first."),
    N_("This request is closed; take it up again before you answer."),
    N_("This request is closed already."),
    N_("Say first what this message is; nobody has understood it yet."),
    N_("Say why it is closed; the reason is kept."),
    N_("A reason has %(most)s characters at the most."),
    N_("Nobody on the staff has the number %(number)s."),
    N_("The role %(role)s may not act on requests."),
    N_("The same message has opened request %(number)s of this kind."),
    N_("No address is known to which this could be answered by mail."),
    N_("Somebody has answered meanwhile; look at the answer before you send yours."),
    N_("Write what the answer says."),
    N_("An answer has %(most)s characters at the most."),
    N_("Enter plain text; a character in it cannot be sent."),
    N_("The operator's identity is missing; nothing is sent without it."),
    # Why a request was closed, where the person's own press closed it.
    N_("Confirmed by the link that was mailed."),
    N_("By the link that was mailed: it was not them."),
)
_OF_RETURNS = (
    N_("There is no storm %(number)s."),
    N_("This has been decided already."),
)
# By what a message was known that asks for nothing.
_OF_KEPT = (
    N_("written by a machine"),
    N_("a mailing of somebody else"),
    N_("marked as spam by the receiving server"),
    N_("it came back to no return path of ours"),
    N_("its return path was not signed by us"),
    N_("it leads to no message that was handed over"),
    N_("it leads to messages of more than one person"),
    N_("its message went to somebody who is not known here"),
    N_("its message left more than 14 days before"),
)

_OF_PASSKEYS = (
    N_("Give it a name of 1 to %(most)s characters."),
    N_("You have no passkey with this number."),
    N_("You have no passkey; enter a code."),
    N_("You have as many passkeys as there may be; remove one first."),
    N_(
        "Browsers allow no passkeys at this address: KELISIM_PUBLIC_URL has to be an https "
        "address with a name. Use an app that makes codes."
    ),
)


def spoken_sentence(said: str) -> str:
    """The same sentence, its values kept; one that is not known stays as it is."""
    for text, pattern in _PATTERNS.items():
        found = pattern.fullmatch(said)
        if found:
            values = found.groupdict()
            return gettext(text, **{name: _in_words(name, values[name]) for name in values})
    return said


def _in_words(name: str, value: str) -> str:
    """What the values name in one word each, acts, roles and rights, is named in the language, too;
    whatever was typed stays as it was."""
    if name not in _NAMES:
        return value
    return ", ".join(gettext(RIGHT_NAMES.get(one, one)) for one in value.split(", "))


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(text)))


_NAMES = frozenset({"role", "act", "able", "kind", "kinds"})
_SAID = (
    *(*_OF_FILES, *_OF_REQUESTS, *OF_THE_DESK),
    *(*_OF_RETURNS, *_OF_KEPT, *_OF_PASSKEYS),
)
_PATTERNS = {text: _pattern(text) for text in _SAID}
