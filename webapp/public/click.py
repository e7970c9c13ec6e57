"""`/c/<link>`: a link of a campaign, led on to what its author wrote, and counted where that is on.

The address is the same for everybody who got the campaign in one language. No cookie is read or
set, no row is written, and the target is not told where its visitor comes from. What is not stored
is answered as a broken link, so nobody can make the address lead elsewhere.
"""

from flask import Blueprint, current_app, redirect, request
from werkzeug.wrappers import Response

from mailing.deliveries import counted_links
from webapp.headers import personal
from webapp.public.machines import is_machine
from webapp.public.pressed import Pressed

pages = Blueprint("click", __name__)


@pages.get("/c/<link>")
def click(link: str) -> Response:
    """The way to the target, whether or not anything can be counted."""
    led = counted_links.led(link)
    if led.is_counted:
        pressed: Pressed = current_app.extensions["kelisim_pressed"]
        pressed.count(led, is_machine(request), request.remote_addr)
    answer = current_app.make_response(redirect(led.target, 302))
    return personal(answer)
