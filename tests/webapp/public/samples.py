"""The table of samples: for every public rule, addresses of every kind to try it with.

A new public rule fails the sweeps until it has a line here. Where the rule takes the token of a
mail's link, the line is `"/rule/<token>": leaving`; where it takes that of an opt-in request,
`requests`; else a function that gives `{what it is: address}`. What is called "forged…" must be
answered with the one 404 page, like every other nonsense.

ACTIONS does the same for what is posted: `{what it is: (address, form)}`.
"""

from collections.abc import Callable
from typing import NamedTuple

from tests.webapp.public.crowd import Crowd, Tokens

Addresses = dict[str, str]
Posts = dict[str, tuple[str, dict[str, str]]]
Maker = Callable[[Crowd, str], Addresses]
Poster = Callable[[Crowd, str], Posts]

# Headers that scanners, prefetchers and mail programs send along.
VISITORS: dict[str, dict[str, str]] = {
    "a browser": {"Accept-Language": "ru", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"},
    "a prefetch": {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender", "X-Moz": "prefetch"},
    "a mail scanner": {"User-Agent": "Mozilla/5.0 (compatible; Microsoft Defender SafeLinks)"},
    "a link preview": {"User-Agent": "Slackbot-LinkExpanding 1.0", "Accept": "*/*"},
    "a program": {"User-Agent": "curl/8.5.0", "Accept": "application/json", "Range": "bytes=0-9"},
}
QUERIES = ("", "?lang=en", "?lang=xx&confirm=1&unsubscribe=1&undo=1&_method=POST&page=1")


def fixed(_crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes nothing."""
    return {"": rule}


def leaving(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes the token of a mail's link."""
    return _filled(rule, crowd.leave)


def choosing(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes that token, and not the one that cancels a request."""
    tokens = dict(crowd.leave)
    tokens["forged: cancels a request"] = tokens.pop("cancels a request")
    return _filled(rule, tokens)


def changing(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes the token of one end of an address change."""
    return _filled(rule, crowd.change)


def claiming(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes the token of the mail about a withdrawal that came by letter."""
    return _filled(rule, crowd.claim)


def inquiring(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes the token of what the desk asks somebody."""
    return _filled(rule, crowd.inquiry)


def requests(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes the token of an opt-in request."""
    return _filled(rule, crowd.request)


def forms(_crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes the name of a form."""
    return _filled(rule, {"valid": "news", "unknown": "nothing", "hostile": "%27%3B--"})


def policies(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes a policy version by its number, label or SHA-256."""
    number, draft = str(crowd.shop.policy), str(crowd.draft_policy)
    known = {"valid": number, "by hash": crowd.sha256, "not published": draft}
    unknown = {"unknown": "999999", "huge": "9" * 40, "hostile": "%27%3B--", "negative": "-1"}
    return _filled(rule, known | unknown)


def files(_crowd: Crowd, _rule: str) -> Addresses:
    """The static files."""
    folder = "/static"
    outside = f"{folder}/..%2f..%2fpyproject.toml"
    return {"valid": f"{folder}/public.css", "missing": f"{folder}/x.css", "outside": outside}


def pictures(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes the name of an image."""
    unknown = crowd.image.replace(crowd.image[:8], "0" * 8)
    return _filled(rule, {"valid": crowd.image, "unknown": unknown, "hostile": "x.svg"})


def ways(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes the token of a counted link."""
    found = {"valid": crowd.counted, "of another kind": crowd.leave["valid"], "a word": "x"}
    unknown = {"in capitals": crowd.counted.upper(), "cut short": crowd.counted[:-1]}
    return _filled(rule, found | unknown | {"not UTF-8": "%FF%FE", "very long": "A" * 3000})


def certificates(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes the number of a certificate."""
    forged = crowd.certificate[:-1] + ("A" if crowd.certificate[-1] != "A" else "B")
    return _filled(rule, {"valid": crowd.certificate, "forged": forged, "forged: word": "D-1"})


def numbers(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes the number of a receipt."""
    given = crowd.receipt
    turned = given[:-1] + ("0" if given[-1] != "0" else "1")
    made = {
        "another of its form": turned,
        "in capitals": given.upper(),
        "cut short": given[:-1],
        "prolonged": f"{given}0",
        "a word": "x",
        "markup": "%3Cscript%3E",
        "very long": "r-" + "0" * 3000,
        "not UTF-8": "%FF%FE",
    }
    forged = {f"forged: {how}": one for how, one in made.items()}
    return certificates(crowd, rule) | _filled(rule, {"a receipt": given} | forged)


def bundles(crowd: Crowd, rule: str) -> Addresses:
    """A rule that takes the token of the mail with the link to a bundle."""
    return _filled(rule, crowd.bundle)


def taking(crowd: Crowd, rule: str) -> Addresses:
    """The same, but the one whose answer is no page but the file."""
    return {what: to for what, to in bundles(crowd, rule).items() if what != "ready"}


SAMPLES: dict[str, Maker] = {
    "/": fixed,
    "/join/<slug>": forms,
    "/confirm/<token>": requests,
    "/u/<token>": leaving,
    "/join/<slug>/again": forms,
    "/preferences/<token>": leaving,
    "/preferences/<token>/withdraw": leaving,
    "/preferences/<token>/data": leaving,
    "/preferences/<token>/correct": leaving,
    "/preferences/<token>/address": leaving,
    "/agree/<token>": choosing,
    "/address/<token>": changing,
    "/claim/<token>": claiming,
    "/inquiry/<token>": inquiring,
    "/privacy": fixed,
    "/policy": fixed,
    "/policy/<ref>": policies,
    "/healthz": fixed,
    "/readyz": fixed,
    "/metrics": fixed,
    "/static/<path:filename>": files,
    "/images/<name>": pictures,
    "/verify/<number>": numbers,
    "/c/<link>": ways,
    "/bundle/<token>": bundles,
}


def join(crowd: Crowd, rule: str) -> Posts:
    """The form, well and badly filled in."""
    here, policy = rule.replace("<slug>", "news"), str(crowd.shop.policy)
    good = {"email": "aigerim@example.com", "topic": "offers", "policy": policy}
    return {
        "good": (here, good),
        "nothing filled in": (here, {}),
        "no address": (here, good | {"email": "aigerim@"}),
        "an old policy": (here, good | {"policy": "1000"}),
        "a foreign topic": (here, good | {"topic": "weather"}),
        "an unknown form": (rule.replace("<slug>", "nothing"), good),
    }


def press(tokens: Callable[[Crowd], Tokens]) -> Poster:
    """One button, without a field."""

    def posts(crowd: Crowd, rule: str) -> Posts:
        return {name: (link, {}) for name, link in _filled(rule, tokens(crowd)).items()}

    return posts


def leave_by_hand(crowd: Crowd, rule: str) -> Posts:
    """The button of the leave page."""
    links = _filled(rule, crowd.leave)
    return {name: (link, {"page": "1"}) for name, link in links.items()}


def again(_crowd: Crowd, rule: str) -> Posts:
    """The wish for a second mail."""
    here, good = rule.replace("<slug>", "news"), {"email": "aigerim@example.com"}
    return {
        "good": (here, good),
        "no address": (here, {"email": "x"}),
        "an unknown form": (rule.replace("<slug>", "nothing"), good),
    }


def lost(_crowd: Crowd, rule: str) -> Posts:
    """The lost mail."""
    return {
        "good": (rule, {"email": "aigerim@example.com"}),
        "known": (rule, {"email": "valid@example.com"}),
        "no address": (rule, {"email": "x"}),
        "a request": (rule, {"do": "ask", "who": "aigerim@example.com", "right": "access"}),
        "a request of the known": (rule, {"right": "access", "who": "valid@example.com"}),
        "nothing filled in": (rule, {"do": "ask", "told": "Сәлем"}),
    }


def choose(crowd: Crowd, rule: str) -> Posts:
    """Each act of the preference page on a link of its own, and none."""
    acts = ("", "pause", "end_pause", "language", "save", "stop", "withdraw")
    fields = {"days": "30", "language": "ru", "listed": "offers"}
    links = _filled(rule, crowd.leave)
    return {
        what: (link, fields | {"act": acts[number % len(acts)]})
        for number, (what, link) in enumerate(links.items())
    }


def stale(form: dict[str, str]) -> Poster:
    """What only a link that was asked for may do, by every other link."""

    def posts(crowd: Crowd, rule: str) -> Posts:
        links = leaving(crowd, rule)
        return {what: (to, form) for what, to in links.items() if what != "that was asked for"}

    return posts


def fill(form: dict[str, str], maker: Maker) -> Poster:
    """One form, by every link."""

    def posts(crowd: Crowd, rule: str) -> Posts:
        return {what: (link, form) for what, link in maker(crowd, rule).items()}

    return posts


ACTIONS: dict[str, Poster] = {
    "/join/<slug>": join,
    "/confirm/<token>": press(lambda crowd: crowd.request),
    "/u/<token>": leave_by_hand,
    "/u/<token>/undo": press(lambda crowd: crowd.leave),
    "/u/<token>/reason": fill({"reason": "often", "words": "Тым жиі"}, leaving),
    "/join/<slug>/again": again,
    "/privacy": lost,
    "/preferences/<token>": choose,
    "/preferences/<token>/link": fill({}, leaving),
    "/preferences/<token>/data": stale({}),
    "/preferences/<token>/bundle": fill({}, leaving),
    "/bundle/<token>": fill({}, taking),
    "/preferences/<token>/correct": fill({"surname": "Оспан"}, leaving),
    "/preferences/<token>/address": fill({"email": "new@example.org"}, leaving),
    "/agree/<token>": fill({"seen": ""}, choosing),
    "/address/<token>": fill({"say": "yes"}, changing),
    "/claim/<token>": fill({"say": "no"}, claiming),
    "/inquiry/<token>": fill({"say": "yes"}, inquiring),
}

# Rules that answer programs, not people, or lead them on: no page to look at.
NO_PAGE = {
    *("/healthz", "/readyz", "/metrics", "/static/<path:filename>", "/images/<name>"),
    "/c/<link>",
}


class Page(NamedTuple):
    """One address of a public rule."""

    rule: str
    what: str
    address: str

    @property
    def is_forged(self) -> bool:
        """Whether its token is not ours."""
        return self.what.startswith("forged")

    @property
    def is_personal(self) -> bool:
        """Whether it is about one person."""
        return "<token>" in self.rule or "<number>" in self.rule


def pages(crowd: Crowd) -> list[Page]:
    """Every sample of every public rule that people look at, and one that does not exist."""
    found = [
        Page(rule, what, address)
        for rule, make in SAMPLES.items()
        if rule not in NO_PAGE
        for what, address in make(crowd, rule).items()
    ]
    return [*found, Page("(none)", "missing", "/nonsense")]


def public_rules(crowd: Crowd, method: str) -> set[str]:
    """The rules of the route map that the public may ask with this method."""
    rules = (rule for rule in crowd.web.url_map.iter_rules() if method in (rule.methods or ()))
    return {rule.rule for rule in rules if not rule.rule.startswith("/studio")}


def without_a_sample(rules: set[str], table: str, known: set[str]) -> list[str]:
    """A sentence for each public rule that has no sample."""
    return [
        f"{rule} is public and has no sample: add a line to {table} in "
        "tests/webapp/public/samples.py (for a token of a mail's link it is "
        f'"{rule}": leaving)'
        for rule in sorted(rules - known)
    ]


def _filled(rule: str, values: dict[str, str]) -> Addresses:
    before, _, rest = rule.partition("<")
    after = rest.partition(">")[2]
    return {what: f"{before}{value}{after}" for what, value in values.items()}
