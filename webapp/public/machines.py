"""Machines: signs in one request that no person pressed the link. Looked at, and not kept.

They are what well-behaved programs say of themselves; a scanner that passes itself off as a browser
is known by its burst alone (`deliveries.meter`), or not at all. So people's clicks are an estimate.
"""

import re

from flask import Request

# Said by browsers and mail programs that fetch a page before anybody has asked for it.
_PREFETCH = ("Purpose", "Sec-Purpose", "X-Purpose", "X-Moz")
# Scanners of mail, previews of messengers, crawlers, monitors, and libraries that programs are
# written with. Browsers that people use have none of these words; Cubot makes telephones.
_NAMES = re.compile(
    r"(?<!cu)bot\b|bot[/_-]|crawl|spider|slurp|scan|preview|prefetch|prerender|monitor|validator|checker"
    r"|headless|phantom|selenium|puppeteer|playwright|lighthouse"
    r"|safelinks|microsoft office|ms-?office|defender|proofpoint|barracuda|mimecast|fireeye"
    r"|symantec|trendmicro|sophos|kaspersky|drweb|forcepoint|zscaler|virustotal|urldefense"
    r"|googleimageproxy|google-safety|yahoomailproxy|facebookexternalhit|whatsapp"
    r"|curl|wget|libwww|python|urllib|httpx|aiohttp|java/|okhttp|apache-http|go-http|node-fetch"
    r"|axios|ruby|perl|php|guzzle|winhttp|libcurl",
    re.IGNORECASE,
)


def is_machine(request: Request) -> bool:
    """Whether anything in the request says so: HEAD, a prefetch, no name at all or such a name."""
    agent = request.headers.get("User-Agent", "")
    return (
        request.method != "GET" or _is_prefetch(request) or not agent or bool(_NAMES.search(agent))
    )


def _is_prefetch(request: Request) -> bool:
    said = (request.headers.get(name, "").lower() for name in _PREFETCH)
    return any(word.startswith(("prefetch", "preview", "prerender")) for word in said)
