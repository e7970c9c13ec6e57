from tests.requests.test_loops import *
from tests.requests.conftest import *
from mailing.inbound.reading import read
def test_x(policy, asker):
    comes(question(OTHER), OTHER)
    ours, _ = the_receipt(asker)
    theirs = ours.replace(b"news@glazik.example", b"other@example.org").replace(SAYS_SO, b"")
    print(theirs.decode()[:3000])
    print(comes(theirs, "other@example.org"))
    print(read(theirs, [HELPDESK]))
