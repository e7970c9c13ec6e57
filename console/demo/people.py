"""The invented subscribers, each with a part in the story."""

from dataclasses import dataclass

from console.demo.operator import EVENTS, NEWS


@dataclass(frozen=True)
class Person:
    """Somebody who fills in the form."""

    email: str
    given_name: str
    language: str
    topics: tuple[str, ...] = (NEWS.slug,)


READERS = (
    Person("aigerim@poshta.example", "Әйгерім", "kk"),
    Person("baurzhan@poshta.example", "Бауыржан", "kk"),
    Person("gulnar@poshta.example", "Гүлнар", "kk"),
    Person("nazgul@poshta.example", "Назгүл", "kk"),
    Person("yerlan@poshta.example", "Ерлан", "kk"),
    Person("oleg@pochta.example", "Олег", "ru"),
    Person("marina@pochta.example", "Марина", "ru"),
    Person("sergey@pochta.example", "Сергей", "ru"),
    Person("emma@mail.example", "Emma", "en"),
    Person("john@mail.example", "John", "en"),
)

# Leaves books and keeps the readings: still told of changes to the policy.
KEEPS_READINGS = Person("togzhan@poshta.example", "Тоғжан", "kk", topics=(NEWS.slug, EVENTS.slug))

# Asks and never presses the button: nothing but the confirmation mail may ever come.
NEVER_CONFIRMS = Person("zarina@poshta.example", "Зарина", "kk")

# An address that nobody at the bookshop has heard of: the form answers it like any other.
STRANGER = Person("sholpan@poshta.example", "Шолпан", "kk")

CONFIRMED = (*READERS, KEEPS_READINGS)
EVERYBODY = (*CONFIRMED, NEVER_CONFIRMS)
