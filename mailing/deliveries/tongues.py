"""The name of a language, in the one that is spoken."""

from babel import Locale

from mailing.base.languages import spoken


def tongue(language: str) -> str:
    """As a line begins with it: Kazakh, Қазақ тілі."""
    return (Locale.parse(language).get_display_name(spoken()) or language).capitalize()
