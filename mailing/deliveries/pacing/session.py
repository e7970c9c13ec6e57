"""The session that locks belong to: the database is to notice soon that its other end is gone.

A killed process closes its connection. A machine that loses power does not, and by default the
database would keep the locks of that machine for two hours.
"""

from psycopg import Connection

_KEEPALIVE = {
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
}


def watch(database: Connection) -> None:
    """Have the database drop this session, and its locks, 25 s after its machine is gone."""
    for name, value in _KEEPALIVE.items():
        database.execute("SELECT set_config(%s, %s, false)", [name, str(value)])
