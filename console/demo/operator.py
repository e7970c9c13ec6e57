"""The sample operator: a bookshop that does not exist, under a domain that cannot (RFC 6761)."""

from dataclasses import dataclass
from pathlib import Path

POLICIES = Path(__file__).parent / "policies"
LANGUAGES = ("kk", "ru", "en")

IDENTITY = {
    "KELISIM_OPERATOR_NAME": "«Көктем кітап» ЖШС",
    "KELISIM_OPERATOR_BIN": "000000000000",
    "KELISIM_OPERATOR_ADDRESS": "Астана қ., Үлгі көшесі, 1",
    "KELISIM_FROM": "Көктем кітап <news@koktem.example>",
    "KELISIM_HELPDESK_ADDRESS": "helpdesk@koktem.example",
    "KELISIM_BOUNCE_DOMAIN": "bounce.koktem.example",
}

FORM = "main"


@dataclass(frozen=True)
class PolicyFile:
    """One version of the sample policy, in three files."""

    number: int
    effective: str
    is_material: bool

    def path(self, language: str) -> Path:
        """The text in one language."""
        return POLICIES / f"{self.number}-{language}.txt"


FIRST = PolicyFile(1, "2025-03-03", is_material=False)
SECOND = PolicyFile(2, "2025-09-01", is_material=True)


@dataclass(frozen=True)
class SampleTopic:
    """What one can subscribe to at the bookshop."""

    slug: str
    purpose: str
    names: tuple[str, str, str]


NEWS = SampleTopic("books", "products_services", ("Жаңа кітаптар", "Новые книги", "New books"))
EVENTS = SampleTopic("events", "events", ("Кездесулер", "Встречи", "Readings"))


@dataclass(frozen=True)
class Draft:
    """A campaign as a marketer would write it."""

    subject: str
    body: str


SPRING = Draft(
    "Наурызға арналған кітаптар",
    "# Наурызға арналған кітаптар\n\n"
    "Құрметті {{ given_name|default('оқырман') }}, сөрелерімізге жаңа кітаптар түсті.\n\n"
    "- Көктем туралы өлеңдер\n- Балаларға арналған ертегілер\n\n"
    "[Барлығын көру](https://koktem.example/new)\n",
)
SUMMER = Draft(
    "Жазғы оқу тізімі",
    "# Жазғы оқу тізімі\n\n"
    "Құрметті {{ given_name|default('оқырман') }}, демалысқа арналған тізім дайын.\n\n"
    "[Тізімді ашу](https://koktem.example/summer)\n",
)
