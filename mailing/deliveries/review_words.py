"""What the checks say: for each finding its level, its title and a sentence that says what to do.

Functions, because the sentences are spoken in the language of whoever reads them.
"""

from mailing.base.languages import gettext as _
from mailing.deliveries.checks import Level

Said = tuple[Level, str, str]


def words_of(finding: str) -> Said:
    """Level, title and sentence of a finding; `{what}` in it is its matter."""
    return {**_stopping(), **_of_the_subject(), **_of_links(), **_of_the_page(), **_of_its_looks()}[
        finding
    ]


def _stopping() -> dict[str, Said]:
    return {
        "unsigned_field": (
            Level.STOP,
            _("DKIM signature"),
            _("The signature does not cover {what}: mailbox providers will not offer one-click."),
        ),
        "policy_link": (
            Level.STOP,
            _("Footer"),
            _("The {what} part has no link to the policy."),
        ),
        "why_line": (
            Level.STOP,
            _("Footer"),
            _("The {what} part does not say why somebody gets it: it does not name the topic."),
        ),
        "placeholder": (
            Level.STOP,
            _("Left-over words"),
            _("“{what}” is still to be written."),
        ),
        "dead_link": (
            Level.STOP,
            _("Links"),
            _("A link leads to “{what}”, where nobody else gets: change it."),
        ),
        "alt_missing": (
            Level.STOP,
            _("Images"),
            _("The image {what} has no alternative text: say what it shows, or leave it empty."),
        ),
        "no_language": (
            Level.STOP,
            _("Accessibility"),
            _("Nothing in the body says its language, so a screen reader reads it in another."),
        ),
    }


def _of_the_subject() -> dict[str, Said]:
    subject = _("Subject")
    return {
        "subject_long": (
            Level.WARN,
            subject,
            _("It has {what} characters; a phone shows the first 40 or so."),
        ),
        "subject_capitals": (Level.WARN, subject, _("“{what}” is written in capitals only.")),
        "subject_shouts": (Level.WARN, subject, _("“{what}” has more than one “!”.")),
        "subject_pretends": (
            Level.WARN,
            subject,
            _("“{what}” begins as an answer does; people feel deceived by that."),
        ),
        "mixed_letters": (
            Level.WARN,
            subject,
            _("“{what}” mixes Latin and Cyrillic letters that look alike."),
        ),
    }


def _of_links() -> dict[str, Said]:
    links = _("Links")
    return {
        "left_over_words": (
            Level.WARN,
            _("Left-over words"),
            _("It says “{what}”: is that still to be written?"),
        ),
        "foreign_image": (
            Level.WARN,
            _("Images"),
            _("An image of {what} tells them who opens it and when: put it on a site of your own."),
        ),
        "shortener": (
            Level.WARN,
            links,
            _("{what} is a shortened link: readers cannot see where it leads."),
        ),
        "insecure_link": (
            Level.WARN,
            links,
            _("{what} is not https: browsers warn of it, and anybody on the way can change it."),
        ),
        "link_words": (
            Level.WARN,
            links,
            _("A link stands on “{what}”: let its words say where it leads."),
        ),
        "link_wordless": (
            Level.WARN,
            links,
            _("The link to {what} has no words; give it some, or its image a text."),
        ),
        "text_lacks_link": (
            Level.WARN,
            _("Text part"),
            _("The plain text lacks the link to {what}."),
        ),
        "text_short": (
            Level.WARN,
            _("Text part"),
            _("The plain text says less than a third of what the page says."),
        ),
    }


def _of_the_page() -> dict[str, Said]:
    size, access = _("Size"), _("Accessibility")
    return {
        "alt_is_file": (
            Level.WARN,
            _("Images"),
            _("The alternative text of {what} is its file name: say what it shows."),
        ),
        "image_only": (
            Level.WARN,
            _("Images"),
            _("Nearly all of it is an image: with images off, people read nothing."),
        ),
        "clipped": (
            Level.WARN,
            size,
            _("The page has {what} kB; Gmail cuts it off at 102, the way out with it. Shorten it."),
        ),
        "large": (Level.WARN, size, _("The message has {what} kB, which is a lot: shorten it.")),
        "not_kazakh": (
            Level.WARN,
            _("Language"),
            _("The Kazakh text has none of the letters that only Kazakh has: is it Russian?"),
        ),
        "no_title": (Level.WARN, access, _("The page has no title.")),
        "layout_tables": (
            Level.WARN,
            access,
            _("Tables that only lay out ({what}) need role=“presentation”."),
        ),
        "small_letters": (
            Level.WARN,
            access,
            _("Letters of {what} pixels are hard to read; take 14 or more."),
        ),
    }


def _of_its_looks() -> dict[str, Said]:
    access, dark = _("Accessibility"), _("In the dark")
    return {
        "contrast_low": (
            Level.WARN,
            access,
            _("Words are hard to read: {what}. Letters need 4.5 : 1, large ones 3 : 1."),
        ),
        "heading_skipped": (
            Level.WARN,
            access,
            _("A heading is skipped ({what}): whoever listens to the page looks for it."),
        ),
        "ground_alone": (
            Level.WARN,
            dark,
            _("The background {what} has no colour of letters beside it: set both together."),
        ),
        "ink_alone": (
            Level.WARN,
            dark,
            _("A rule for the dark ({what}) sets letters and no background: set both together."),
        ),
        "no_color_scheme": (
            Level.WARN,
            dark,
            _("The page does not say that it knows light and dark: it lacks color-scheme."),
        ),
        "dark_picture": (
            Level.WARN,
            dark,
            _("The picture “{what}” is dark and see-through: in the dark it is lost. Fill it in."),
        ),
        "unshown": (
            Level.WARN,
            _("Mail programs"),
            _("Mail programs do not show {what}: write it without."),
        ),
    }
