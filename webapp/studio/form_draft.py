"""What somebody has typed about a form, right or wrong, and how it is kept."""

from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from mailing.base.errors import Invalid, KelisimError
from mailing.base.languages import LANGUAGES, gettext
from mailing.people import forms, origins, topics
from mailing.people.forms import HEADING, INTRODUCTION, Form
from mailing.people.topics import SLUG


@dataclass
class FormDraft:
    """The writing page of a form: errors by the name of the field."""

    slug: str = ""
    sites: str = ""
    has_variants: bool = False
    topic_slugs: list[str] = field(default_factory=list)
    texts: dict[str, dict[str, str]] = field(
        default_factory=lambda: {tongue: {} for tongue in LANGUAGES}
    )
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def open_tongue(self) -> str:
        """The language to show first: one with an error, else the first one begun."""
        wrong = [tongue for tongue in LANGUAGES if any(e.startswith(tongue) for e in self.errors)]
        begun = [tongue for tongue in LANGUAGES if any(self.texts[tongue].values())]
        return (wrong or begun or [LANGUAGES[0]])[0]


def typed(posted: MultiDict[str, str]) -> FormDraft:
    """Read the posted page; browsers send CRLF, we keep LF."""
    return FormDraft(
        slug=posted.get("slug", "").strip(),
        sites=posted.get("origins", "").replace("\r\n", "\n"),
        has_variants="variants" in posted,
        topic_slugs=posted.getlist("topic"),
        texts={
            tongue: {
                name: posted.get(f"{tongue}-{name}", "").replace("\r\n", "\n")
                for name in (HEADING, INTRODUCTION)
            }
            for tongue in LANGUAGES
        },
    )


def written(form: Form) -> FormDraft:
    """The page as the form stands."""
    version = forms.current(form)
    return FormDraft(
        slug=form.slug,
        sites="\n".join(version.origins),
        topic_slugs=version.topic_slugs,
        texts=forms.words_of(form.slug),
    )


def keep(draft: FormDraft, slug: str | None) -> Form | None:
    """Register the form or its next version; None where something is refused (see the errors)."""
    _demand_slug(draft, slug)
    sites = _sites(draft)
    choices = {topic.slug for topic in topics.all_topics()} - {topics.NOTICES}
    if not draft.topic_slugs or set(draft.topic_slugs) - choices:
        draft.errors["topic-1"] = gettext("Tick at least one topic that the form offers.")
    if draft.errors:
        return None
    try:
        return forms.add(slug or draft.slug, sites, draft.topic_slugs, draft.texts)
    except Invalid as refusal:
        draft.errors[refusal.field or "origins"] = _sentence(refusal)
        return None


def _sites(draft: FormDraft) -> list[str]:
    try:
        sites = [forms.normal_origin(line) for line in draft.sites.split("\n") if line.strip()]
    except Invalid:
        draft.errors["origins"] = gettext(
            "Write one address a line, such as https://example.kz, without a path."
        )
        return []
    if not sites:
        draft.errors["origins"] = gettext("Name the site whose pages hold the form.")
    return origins.all_variants(sites) if draft.has_variants else sites


def _demand_slug(draft: FormDraft, slug: str | None) -> None:
    if slug is not None:
        return
    if not SLUG.fullmatch(draft.slug):
        draft.errors["slug"] = gettext("Up to 63 small letters, digits and hyphens.")
    elif any(one.slug == draft.slug for one in forms.all_forms()):
        draft.errors["slug"] = gettext("There is a form of this name already.")


def _sentence(refusal: KelisimError) -> str:
    return gettext("This cannot be shown as it is: %(why)s", why=refusal.message)
