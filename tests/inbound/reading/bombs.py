"""Messages that were made to keep a reader busy, none of them larger than a few megabytes."""

HTML = b"Content-Type: text/html\n\n"
MIXED = b"Content-Type: multipart/mixed; boundary=x\n\n"
ROBOT = b"From: MAILER-DAEMON\nSubject: failure notice\n"
STATUS = (
    b"Content-Type: multipart/report; boundary=x; report-type=delivery-status\n\n"
    b"--x\nContent-Type: message/delivery-status\n\n"
)


def nested(depth: int, lines: int) -> bytes:
    """Parts inside parts, and lines in the innermost."""
    head = b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n"
    return b"".join(head % (n, n) for n in range(depth)) + b"a\n" * lines


# What is counted before anybody parses it.
REFUSED = {
    "nesting": nested(5000, 0),
    "nested lines": nested(9, 1_000_000),
    "parts": MIXED + b"--x\n\na\n" * 100_000,
    "fields": b"X: y\n" * 90_000 + b"\n",
    "fields by carriage returns": b"X: y\r" * 90_000 + b"\r\r",
    "lines": b"\n" + b"a\n" * 200_000,
    "blocks of a report": STATUS + b"a: b\n\n" * 40_000,
    "parameters": b"Content-Type: text/plain" + b"; a*0*=b" * 30_000 + b"\n\nx",
    "numbered parameters": b"Content-Type: text/plain"
    + b"".join(b"; a*%d*=b" % n for n in range(30_000))
    + b"\n\nx",
    "folded parameters": b"Content-Type: multipart/mixed" + b";\n a=b" * 3000 + b"\n\nx",
    "parameters of a part": MIXED
    + b"--x\nContent-Disposition: attachment"
    + b"; filename*0*=b" * 20_000
    + b"\n\nx",
    "a long boundary": b'Content-Type: multipart/mixed; boundary="' + b"(" * 60_000 + b"\n\n",
    "messages": b"Content-Type: message/rfc822\n\n" * 20_000,
    "recipients of a report": STATUS
    + b"\n".join(b"Final-Recipient: rfc822; u%d@a.example\n" % n for n in range(300)),
    "recipients in a text": ROBOT
    + b"\ncould not be delivered\n"
    + b"".join(b"<a%d@b.example>: 550 5.1.1 no\n" % n for n in range(60_000)),
    "recipients in a field": b"X-Failed-Recipients: "
    + b",".join(b"a%d@b.example" % n for n in range(60_000))
    + b"\n\n",
}

# What is read, at a price that does not grow faster than the message.
READ = {
    "one long line": b"Subject: " + b"a" * 5_000_000 + b"\n\n" + b"b" * 5_000_000,
    "words": b"Subject: " + b"=?utf-8?q?=D0?= " * 100_000 + b"\n\n",
    "addresses": ROBOT + b"\n" + b"a@a." * 200_000,
    "dots": ROBOT + b"\n" + b"a." * 300_000 + b"@",
    "fields of a report": STATUS + b"Final-Recipient: rfc822; u@a.example\n" * 60_000,
    "results": b"From: a@b.example\n"
    + (b"Authentication-Results: x; " + b";a=b" * 2000 + b"\n") * 200
    + b"\n",
    "comments": b"From: a@b.example\nAuthentication-Results: x; " + b"(" * 100_000 + b"\n\n",
    "fold": b"Subject: " + b"a\n " * 4000 + b"\n\n",
    "quotes": b"\n" + b"On " * 300_000,
    "spaces": ROBOT + b"\nRecipient" + b" " * 500_000,
    "questions": b"Subject: " + b"?a" * 200_000 + b"\n\n" + b"?\n" * 90_000,
    "lost letters": b"Subject: x\n\n" + b"? ??" * 200_000,
    "blank lines": ROBOT + b"\n" + b" \n" * 90_000,
    "dashes": b"Subject: " + b"-" * 16_000 + b"\n\n" + (b"=" * 199 + b"\n") * 1200,
    "dashes of a bounce": ROBOT + b"\nwas not delivered\n" + b"-" * 250_000,
    "blank lines of a bounce": ROBOT + b"\nwas not delivered\n" + b" \n" * 45_000,
    "boxes": HTML + b"<div class=" * 5800,
    "boxes of many parts": MIXED + (b"--x\n" + HTML + b"<div class=" * 5800 + b"\n") * 25,
    "boxes around quotations": MIXED
    + (b"--x\n" + HTML + b"<p class=gmail_quote <div class=" * 2000 + b"\n") * 25,
    "dates": b"\na\n" + (b"1 jan 2026 " + b"<" * 580 + b"\n") * 430,
    "rows of spaces": b"\na\n" + (b" " * 599 + b"\n") * 430,
    "sentences for many": STATUS
    + b"\n\n".join(b"Final-Recipient: rfc822; u%d@c.example\nStatus: 5.0.0" % n for n in range(190))
    + (b"\n--x\nContent-Type: text/plain\n\n" + b"some words @ it aaaaaaaaaa\n" * 7500) * 5,
    "tags": HTML + b"<div class=gmail_quote" * 50_000,
    "open tags": HTML + b"<div><blockquote><script><a " * 3_000,
    "unclosed elements": ROBOT + HTML + b"<a" * 140_000,
    "unclosed breaks": HTML + b"<br " * 70_000,
    "unclosed heads": ROBOT + HTML + b"<head " * 46_000,
    "entities": HTML + b"&#9999999;" * 30_000,
    "many pages": MIXED + (b"--x\n" + HTML + b"<div class=gmail_quote" * 900 + b"\n") * 95,
    "names": MIXED
    + (b'--x\nContent-Disposition: attachment; filename="' + b"kelisim " * 400 + b'.pdf"\n\nx\n')
    * 100,
    "wide letters": b"Subject: " + "\ufdfa".encode() * 5000 + b"\n\n" + "\ufdfa".encode() * 60_000,
    "marks on a letter": b"Subject: x\n\na" + "\u0301\u0323".encode() * 100_000,
    "stems": b"Subject: " + b"kelisim " * 200_000 + b"\n\n" + b"kelisim soglasie " * 100_000,
    "json": b"\n" + b'{"mail":' * 50_000,
    "feedback": STATUS.replace(b"delivery-status", b"feedback-report")
    + b"Original-Rcpt-To: a@b.example\n" * 60_000,
}

# Fields that the standard library cannot take apart, or takes apart for ever.
RECIPIENTS = {
    "comments": b"(" * 500,
    "more comments": b"(" * 200_000,
    "brackets": b"[" * 30_000,
    "angles": b"a<" * 30_000,
    "groups": b"a:" * 30_000,
    "quotes": b'"<"' * 15_000,
    "octets": b"\xff\xfe\x00@\x01",
    "a long name": b"a" * 100_000 + b"@b.example",
}
