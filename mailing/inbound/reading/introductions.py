"""The lines by which mail programs introduce what they quote, in the tongues that they speak.

Either one line says it ("On … wrote:"), or three lines of a header stand in the text, whatever the
first of them is called.
"""

import re
from collections.abc import Sequence
from itertools import islice

_BEGINS = re.compile(
    r"""^(?:
      -{2,}\s*(?:original\smessage|исходное\sсообщение|бастапқы\sхабарлама|переадресованное|пересылаемое|forwarded|end\sof\sforwarded|начало\sпере)
    | _{10,}\s*$
    | (?:on|am|le|el)\s.{4,200}(?:wrote|schrieb|a\sécrit|escribió)\s*:\s*$
    | .{0,200}(?:пишет|написала?|жазды|писал|жазған)\s*:?\s*$
    | \d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?=.{0,120}[@<])(?=.{0,300}:\s*$)
    | (?:\w{2,12},\s)?\d{1,2}\s\w{3,12}\.?\s\d{4}(?=.{0,160}[@<])(?=.{0,300}$)
    | (?:\w{2,12},\s)?\d{1,2}\s\w{3,12}\.?\s\d{4}\b.{0,12}\d{1,2}:\d\d(?=.{0,120}:\s*$)
    | -{2,}\s?on\s.{4,200}wrote\s?-{2,}\s*$
    | (?:from|от|кімнен|von)\s*:\s.{0,200}@.*$
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# Of a line that ends in a colon: an address beside a year, or "you wrote" beside a date.
_ADDRESSED = re.compile(r"(?=.{0,300}\S@\S)(?=.{0,300}\b(?:19|20)\d\d\b)")
_YOU_WROTE = re.compile(
    r"(?=.{0,80}\d).{0,80}\b(?:you\swrote|вы\s(?:на)?писали|сіз\sжаздыңыз)\b", re.IGNORECASE
)
_LONGEST_LINE, _BELOW = 600, 3
_SHORTEST_CUT = 30
_DATED = re.compile(r"(?:on|am|le|el|\w{2,12}[,.]|\d{1,4})\s?.{0,40}\d", re.IGNORECASE)
_LABEL = re.compile(r"^[\s*]{0,8}[^\W\d_][^:\n]{0,30}[:：](?=\s|\*|$)")
# When it was sent, to whom, about what: two of these below another label are a header.
_HEADER = re.compile(
    r"""^[\s*]{0,8}(?:
      sent|date|to|cc|subject|importance
    | отправлено|дата|кому|копия|тема|надіслано
    | жіберілді|жіберілген(?:\sкүні)?|күні|кімге|көшірме|тақырып|тақырыбы
    | gönder\w+(?:\starihi)?|tarih|kime|bilgi|konu
    | gesendet|datum|an|betreff|envoyé|à|objet|enviado(?:\sel)?|para|asunto|assunto
    | inviato|oggetto|wysłano|data|do|dw|temat|yuborilgan|sana|kimga|mavzu
    | 发送时间|收件人|主题|送信日時|宛先|件名
    )\s{0,3}\*?[:：]""",
    re.IGNORECASE | re.VERBOSE,
)


def begins(lines: Sequence[str], at: int) -> bool:
    """Whether a quotation begins at this line of a text."""
    return is_line(lines[at]) or is_broken_line(lines, at) or is_header(lines, at)


def is_line(line: str) -> bool:
    """Whether one line says by itself that a quotation follows."""
    cut = line[:_LONGEST_LINE].strip()
    return _BEGINS.match(cut) is not None or (cut.endswith(":") and _is_told(cut))


def _is_told(line: str) -> bool:
    is_addressed = "@" in line and not line.startswith(">") and _ADDRESSED.match(line)
    return bool(is_addressed or _YOU_WROTE.match(line))


def is_broken_line(lines: Sequence[str], at: int) -> bool:
    """The same for a line that a program has broken before the address of whoever wrote."""
    two = lines[at + 1] if at + 1 < len(lines) else ""
    if "@" not in two or not two.rstrip().endswith(":"):
        return False
    one = lines[at].strip()
    return len(one) >= _SHORTEST_CUT and bool(_DATED.match(one)) and is_line(f"{one} {two}")


def is_header(lines: Sequence[str], at: int) -> bool:
    """Whether the header of another message begins at this line of a text: all programs that write
    one name its author first."""
    if not _LABEL.match(lines[at]) or _HEADER.match(lines[at]):
        return False
    following = (line for line in lines[at + 1 : at + 2 * _BELOW + 1] if line.strip())
    return sum(bool(_HEADER.match(line)) for line in islice(following, _BELOW)) > 1
