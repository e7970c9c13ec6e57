"""The programs that an installation consists of, as `python -m` takes them."""

# One process with threads: a leaving waits for what is in flight, and must not keep others waiting.
WEB_THREADS = 16

BEAT = ("worker.beat",)
INBOUND = ("worker.inbound",)


def web_program(host: str, port: int) -> tuple[str, ...]:
    """The web server. It keeps no access log: addresses of visitors and links are personal."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    threads = ("--worker-class", "gthread", "--threads", str(WEB_THREADS))
    # A control socket would be written below the home directory, one for all installations.
    options = ("--bind", address, *threads, "--no-control-socket")
    return ("gunicorn", *options, "webapp.wsgi:application")


def worker_program(concurrency: int | None) -> tuple[str, ...]:
    """The sending worker with so many processes; None: as many as it thinks best."""
    return ("worker", *(("--concurrency", str(concurrency)) if concurrency else ()))
