"""People ask for the letters, and confirm."""

from console.demo import browser, operator
from console.demo.browser import Page
from console.demo.octets import demand_distinct, demand_exactly_one_each, demand_whole
from console.demo.people import CONFIRMED, EVERYBODY, NEVER_CONFIRMS, READERS, STRANGER, Person
from console.demo.postbox import Letter
from console.demo.scene import Scene
from console.demo.verdicts import demand

CONFIRM = "/confirm/"
MAIL_SECONDS = 90.0


def people_fill_in_the_form(scene: Scene) -> str:
    """Each person ticks their boxes; one confirmation mail comes to each, without their names."""
    for person in EVERYBODY:
        demand(fill_in(scene, person).status == 200, f"the form did not take {person.email}")
    scene.await_letters(len(EVERYBODY), is_confirmation, MAIL_SECONDS)
    letters = scene.postbox.letters(is_confirmation)
    demand_exactly_one_each(letters, EVERYBODY)
    demand_whole(letters, scene.web)
    demand_distinct(letters)
    for person in EVERYBODY:
        _demand_no_echo(scene, person)
    return f"{len(EVERYBODY)} forms, {len(letters)} confirmation mails, one each"


def scanners_change_nothing(scene: Scene) -> str:
    """A scanner opens every link in every mail; nobody is confirmed, nobody lost (T27, T32)."""
    links = [link for letter in scene.postbox.letters() for link in _links(letter)]
    for link in links:
        page = browser.get(link)
        demand(page.status == 200, f"{link.split('/')[3]} answers {page.status} to a scanner")
        demand("set-cookie" not in page.headers, "a public page sets a cookie")
    for person in (READERS[0], NEVER_CONFIRMS):
        standing = standing_of(scene, person)
        demand(standing == "requested", f"{person.email} is {standing} after a mere GET")
    return f"{len(links)} links opened, everybody still waits for their own yes"


def a_button_confirms(scene: Scene) -> str:
    """Everybody but one presses the button that the mail leads to."""
    for person in CONFIRMED:
        page = browser.get(confirm_link(scene, person))
        pressed = browser.post(page.form().action, page.form().hidden())
        demand(pressed.status == 200, f"the button answers {pressed.status} to {person.email}")
    for person, meant in ((READERS[-1], "given"), (NEVER_CONFIRMS, "requested")):
        standing = standing_of(scene, person)
        demand(standing == meant, f"{person.email} is {standing}, not {meant}")
    return f"{len(CONFIRMED)} pressed the button, {NEVER_CONFIRMS.email} did not"


def strangers_learn_nothing(scene: Scene) -> str:
    """The form answers a known and an unknown address alike, and a known one gets no mail."""
    known = fill_in(scene, READERS[0])
    unknown = fill_in(scene, STRANGER)
    demand(known.status == unknown.status == 200, "the form answers them differently")
    demand(known.text == unknown.text, "the page tells whether an address is known")
    scene.await_letters(1, lambda letter: letter.recipient == STRANGER.email, MAIL_SECONDS)
    again = scene.postbox.to(READERS[0].email)
    demand(len(again) == 1, f"{READERS[0].email} got {len(again)} mails for the form, not 1")
    return "the same page for a known and an unknown address; no mail to the known one"


def fill_in(scene: Scene, person: Person) -> Page:
    """Open the form, tick the person's boxes, send it; the page that answers."""
    page = browser.get(f"{scene.web}/join/{operator.FORM}?lang={person.language}")
    demand(page.status == 200, f"the form answers {page.status}")
    form = page.form()
    boxes = form.boxes("topic")
    demand(not any(box.is_ticked for box in boxes), "a box is ticked before anybody ticked it")
    ticked = [("topic", box.value) for box in boxes if box.value in person.topics]
    demand(len(ticked) == len(person.topics), "the form lacks a topic")
    typed = [("email", person.email), ("given_name", person.given_name)]
    return browser.post(form.action, [*form.hidden(), *typed, *ticked], origin=scene.web)


def is_confirmation(letter: Letter) -> bool:
    """Whether it is the mail with the button."""
    return bool(letter.link_to(CONFIRM))


def confirm_link(scene: Scene, person: Person) -> str:
    """The person's link to the button, as it stands in the mail."""
    return next(letter.link_to(CONFIRM) for letter in scene.postbox.to(person.email))


def standing_of(scene: Scene, person: Person) -> str:
    """What the ledger says of the person's first topic."""
    return str(scene.terminal.run("people", "show", person.email)["topics"][person.topics[0]])


def _links(letter: Letter) -> list[str]:
    return [letter.link_to(CONFIRM), letter.one_click()]


def _demand_no_echo(scene: Scene, person: Person) -> None:
    """A stranger may have filled in the form: what was typed never stands in the mail."""
    for letter in scene.postbox.to(person.email):
        seen = letter.part("plain") + letter.part("html")
        demand(person.given_name not in seen, "a confirmation mail repeats a name from the form")
