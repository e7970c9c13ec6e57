"""The operator moves in: policy, topics, form, a login."""

from typing import Any

from console.demo import browser, operator
from console.demo.operator import EVENTS, FIRST, LANGUAGES, NEWS, PolicyFile, SampleTopic
from console.demo.scene import Scene
from console.demo.verdicts import demand

LOGIN = "demo@koktem.example"


def the_operator_moves_in(scene: Scene) -> str:
    """Load policy, topics, form and login, and see the policy published word for word."""
    policy = import_policy(scene, FIRST)
    for topic in (NEWS, EVENTS):
        _add_topic(scene, topic)
    offered = f"{NEWS.slug},{EVENTS.slug}"
    scene.terminal.run("form", "add", operator.FORM, "--origin", scene.web, "--topics", offered)
    words = ("staff", "add", LOGIN, "--role", "admin", "--password-stdin")
    scene.terminal.run(*words, typed=scene.password + "\n")
    demand_published(scene, FIRST)
    demand(browser.get(f"{scene.web}/studio/login").status == 200, "the studio has no login page")
    return f"policy {policy['version']} in {len(LANGUAGES)} languages, 2 topics, 1 form, 1 login"


def import_policy(scene: Scene, version: PolicyFile) -> dict[str, Any]:
    """Import every language of a version and publish it with the last; what was printed then."""
    words = ["--effective", version.effective, "--version", version.effective]
    words += ["--material"] if version.is_material else []
    told: dict[str, Any] = {}
    for language in LANGUAGES:
        publish = ["--publish"] if language == LANGUAGES[-1] else []
        path = str(version.path(language))
        told = scene.terminal.run(
            "policy", "import", path, "--language", language, *words, *publish
        )
    return told


def demand_published(scene: Scene, version: PolicyFile) -> None:
    """The policy page shows the last clause of each language. Raises Unverified."""
    for language in LANGUAGES:
        page = browser.get(f"{scene.web}/policy?lang={language}")
        clause = version.path(language).read_text("utf-8").strip().splitlines()[-1]
        demand(page.status == 200, f"the policy page answers {page.status}")
        demand(clause[:40] in page.text, f"the policy page lacks the last clause in {language}")


def _add_topic(scene: Scene, topic: SampleTopic) -> None:
    kk, ru, en = topic.names
    names = ("--name-kk", kk, "--name-ru", ru, "--name-en", en)
    scene.terminal.run("topic", "add", topic.slug, "--purpose", topic.purpose, *names)
