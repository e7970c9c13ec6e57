"""A layout gives what encoding the whole gives, wherever values begin and end on a line."""

from binascii import b2a_base64

from hypothesis import given
from hypothesis import strategies as st

from mailing.deliveries.message.layout import Layout
from mailing.deliveries.message.mime import base64_lines

OCTETS = st.binary(max_size=130)


@st.composite
def pieces(draw: st.DrawFn) -> tuple[list[bytes], list[int], list[bytes]]:
    """Texts, the slots between them, and the value of each slot."""
    values = draw(st.lists(OCTETS.filter(bool), min_size=1, max_size=3))
    slots = draw(st.lists(st.integers(0, len(values) - 1), max_size=6))
    texts = [draw(OCTETS) for _ in range(len(slots) + 1)]
    return texts, slots, values


@given(pieces())
def test_a_layout_gives_what_encoding_the_whole_gives(
    given: tuple[list[bytes], list[int], list[bytes]],
) -> None:
    texts, slots, values = given
    whole = texts[0]
    for slot, following in zip(slots, texts[1:], strict=True):
        whole += values[slot] + following
    layout = Layout(b"head\r\n", texts, slots, [len(value) for value in values])
    others = [bytes(octet ^ 0xFF for octet in value) for value in values]
    layout.splice(others)
    encoded = b"".join(layout.splice(values)).removeprefix(b"head\r\n")
    assert encoded.replace(b"\r\n", b"") == b2a_base64(whole, newline=False)
    assert encoded == b"\r\n".join(base64_lines(whole))
    assert all(len(line) == 76 for line in encoded.split(b"\r\n")[:-1])
    assert len(encoded.rpartition(b"\r\n")[2]) <= 76
