"""Dialling a relay: the first of its addresses that does not refuse at once."""

import errno
import os
import socket

from worker.smtp.relay import Relay, Spot
from worker.smtp.reply import Broken
from worker.smtp.wire import Wire, reason_of


def dial(relay: Relay) -> Wire:
    """Start to connect to the first address that does not refuse at once; raises Broken.

    The name is resolved here, and this one call may block.
    """
    trouble = Broken("the relay's name has no address")
    try:
        spots = relay.spots()
    except (OSError, UnicodeError) as error:
        raise Broken(f"the relay's name {relay.host} cannot be resolved") from error
    for spot in spots:
        try:
            return Wire(spot, _socket(spot))
        except Broken as error:
            trouble = error
    raise trouble


def _socket(spot: Spot) -> socket.socket:
    try:
        sock = socket.socket(spot.family, socket.SOCK_STREAM)
    except OSError as error:
        raise Broken(reason_of(error)) from error
    sock.setblocking(False)
    # The dot travels alone, and Nagle would hold it back until the body is acknowledged.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    error_number = sock.connect_ex(spot.sockaddr)
    if error_number not in (0, errno.EINPROGRESS):
        sock.close()
        raise Broken(os.strerror(error_number).lower())
    return sock
