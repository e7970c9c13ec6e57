"""Their columns and ours: suggested by name, chosen by a person, an undeclared one named."""

from collections.abc import Mapping

from mailing.base.languages import gettext
from mailing.people.imports.table import COLUMNS

# What exports of the neighbourhood call them; compared without case, spaces and marks.
_KNOWN = {
    "email": "e-mail mail address email-address mailbox почта эл.почта эл.-почта электронная-почта "
    "эл.адрес электронный-адрес адрес-электронной-почты адрес-эл.-почты e-mail-адрес пошта "
    "электрондық-пошта электрондық-мекенжай электрондық-пошта-мекенжайы пошта-мекенжайы",
    "surname": "last-name family-name фамилия тегі тек",
    "given_name": "first-name given-name name имя аты есімі",
    "patronymic": "middle-name отчество әкесінің-аты",
    "phone": "telephone phone-number tel mobile mobile-phone телефон тел номер-телефона "
    "мобильный мобильный-телефон сотовый телефон-нөмірі ұялы-телефон",
    "language": "lang locale язык тіл тілі",
    "consent_at": "consent-date consent-time consented-at agreed-at agreed-on opt-in-date "
    "opt-in-time optin-at signup-date sign-up-date signup-time signed-up signed-up-at "
    "signed-up-on subscribed subscribed-at subscribed-on subscription-date subscribe-date "
    "confirmed-at confirm-time confirmation-date "
    "дата-согласия время-согласия дата-и-время-согласия дата-подписки время-подписки "
    "дата-и-время-подписки подписан подписался подписка-с дата-подтверждения "
    "келісім-күні келісім-уақыты келісім-берген-күні жазылу-күні жазылу-уақыты жазылған-күні "
    "жазылған-уақыты расталған-күні",
    "consent_form": "form form-slug signup-form форма форма-согласия форма-подписки форма-slug "
    "нысан форманың-аты жазылу-формасы",
    "consent_policy": "policy policy-version политика версия-политики редакция-политики саясат "
    "саясат-нұсқасы",
    "consent_wording": "wording consent-text текст-согласия формулировка келісім-мәтіні",
}
# Taken for it only where no column says so outright: there may be several dates in a file.
_PERHAPS = {
    "consent_at": "date time datetime date-time timestamp created created-at created-on "
    "date-added date-created registered-at registration-date "
    "дата время дата-и-время дата-время отметка-времени создан дата-создания дата-добавления "
    "дата-регистрации күні күн уақыты уақыт күні-мен-уақыты уақыт-белгісі тіркелген-күні "
    "тіркелу-күні қосылған-күні",
}


def suggested(theirs: list[str]) -> dict[str, str]:
    """Our name for each of their columns that has an obvious one, each of ours once."""
    found: dict[str, str] = {}
    for known in (_OURS, _LIKELY):
        for name in theirs:
            ours = known.get(_plain(name))
            if ours and name not in found and ours not in found.values():
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


def _by_name(names: Mapping[str, str]) -> dict[str, str]:
    return {_plain(theirs): ours for ours, told in names.items() for theirs in told.split()}


_OURS = {_plain(ours): ours for ours in COLUMNS} | _by_name(_KNOWN)
_LIKELY = _by_name(_PERHAPS)
