"""What may be merged of one person: the closed list of fields, each looked at before it is used."""

from mailing.deliveries.message.frame import FIELDS, Recipient, UnsafeValue, one_line

LONGEST_VALUE = 1000  # characters of one field
_UNSET = dict.fromkeys(FIELDS, "")


def merge_values(recipient: Recipient) -> dict[str, str]:
    """Give every field of the closed list a text, empty where unset; no other field is given.

    Raises `UnsafeValue` for a control character or a value beyond 1000 characters.
    """
    values = {**_UNSET, **recipient.fields, "email": recipient.address}
    if len(values) > len(FIELDS) or None in values.values():
        values = {name: values[name] or "" for name in FIELDS}
    # Printable text holds no control, line end or surrogate; one look at all of it is cheap.
    everything = "".join(values.values())
    if len(everything) > LONGEST_VALUE or not everything.isprintable():
        for name, value in values.items():
            _check(name, value)
    return values


def _check(name: str, value: str) -> None:
    if len(one_line(name, value)) > LONGEST_VALUE:
        raise UnsafeValue(f"{name} is longer than {LONGEST_VALUE} characters.", name)
