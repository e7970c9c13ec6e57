"""What gunicorn serves: `gunicorn webapp.wsgi:application`.

A wrong key or an old schema stops the start here, with a sentence that says what to do.
"""

from mailing.bootstrap import guard
from webapp import journal_watch
from webapp.app import create_app

application = create_app()

with application.app_context():
    guard()

journal_watch.start(application)
