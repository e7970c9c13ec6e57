"""Their columns and ours: suggested by name, chosen by a person, an undeclared one named."""

from collections.abc import Mapping

from mailing.base.languages import gettext
from mailing.people.imports.table import COLUMNS

# What exports of the neighbourhood call them; compared without case, spaces and marks.
_KNOWN = {
    "email": "e-mail mail address emailaddress почта эл.почта электронная-почта эл.адрес пошта "
    "электрондық-пошта электрондық-мекенжай",
    "surname": "last-name lastname family-name фамилия тегі тек",
    "given_name": "first-name firstname given-name name имя аты есімі",
    "patronymic": "middle-name middlename отчество әкесінің-аты",
    "phone": "telephone tel mobile телефон тел мобильный ұялы-телефон",
    "language": "lang язык тіл тілі",
    "consent_at": "consent-date consent-time agreed-at signup-date дата-согласия время-согласия "
    "келісім-күні келісім-уақыты",
    "consent_form": "form форма форма-согласия нысан форма-slug",
    "consent_policy": "policy политика саясат версия-политики",
    "consent_wording": "wording текст-согласия формулировка келісім-мәтіні",
}


def suggested(theirs: list[str]) -> dict[str, str]:
    """Our name for each of their columns that has an obvious one, each of ours once."""
    found: dict[str, str] = {}
    for name in theirs:
        ours = _OURS.get(_plain(name))
        if ours and ours not in found.values():
            found[name] = ours
    return found


def read_mapping(
    theirs: list[str], form: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """What was chosen, and the errors by the name of the field."""
    chosen = {name: form.get(f"column-{number}", "") for number, name in enumerate(theirs)}
    errors: dict[str, str] = {}
    for number, (name, ours) in enumerate(chosen.items()):
        if ours not in COLUMNS:
            errors[f"column-{number}"] = gettext(
                "The column “%(name)s” is not declared. Say which of ours it is, or take it out "
                "of the file and upload it again.",
                name=name,
            )
        elif list(chosen.values()).index(ours) != number:
            errors[f"column-{number}"] = gettext("Two columns are %(ours)s. Leave one.", ours=ours)
    if not errors and "email" not in chosen.values():
        errors["column-0"] = gettext("No column is the address. Say which one is.")
    return chosen, errors


def _plain(name: str) -> str:
    return "".join(one for one in name.casefold() if one.isalnum())


_OURS = {_plain(ours): ours for ours in COLUMNS} | {
    _plain(theirs): ours for ours, names in _KNOWN.items() for theirs in names.split()
}
