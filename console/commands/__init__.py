"""The commands, one noun a file; a file is read only when its noun is spoken or listed."""

# Noun and file, in the order in which help lists them.
NOUNS = {
    "db": "db",
    "keys": "keys",
    "doctor": "doctor",
    "web": "processes",
    "worker": "processes",
    "beat": "processes",
    "inbound": "processes",
    "up": "up",
    "staff": "staff",
    "policy": "policy",
    "topic": "topic",
    "form": "form",
    "people": "people",
    "unsubscribe": "leaving",
    "withdraw": "leaving",
    "campaign": "campaign",
    "notice": "notice",
    "mail": "mail",
    "bounces": "bounces",
    "request": "request",
    "ledger": "ledger",
    "host": "host",
    "sending": "sending",
    "demo": "demo",
}
