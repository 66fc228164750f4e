"""The TCP port: asked for before anything is started, so that a taken one is said in a sentence and not by a child."""

import errno
import socket

from mktdash.supervisor.home import CannotStartError

_NEXT_PORTS = 20


def free_port(host: str, port: int) -> int:
    """The port itself, or any free one for 0.

    Raises:
        CannotStartError: it is taken, not allowed, or the host is not an address of this machine.
    """
    try:
        return _bind(host, port)
    except OSError as error:
        raise CannotStartError(_sentence(host, port, error)) from None


def _bind(host: str, port: int) -> int:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # As the web server does: a port whose last connections are still winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)
        return int(probe.getsockname()[1])


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = _next_free(host, port)
        return (
            f"port {port} on {host} is in use by another program; stop that, or choose another: PORT={other} make run."
        )
    if error.errno == errno.EACCES:
        return f"port {port} may not be used without more rights; choose one above 1023: PORT=8000 make run."
    return f"{host} is not an address of this machine ({error.strerror or error}); set MKTDASH_HOST to one that is."


def _next_free(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + _NEXT_PORTS, 65536)):
        try:
            return _bind(host, candidate)
        except OSError:
            continue
    return _bind(host, 0)


def own_address() -> str | None:
    """The address under which other devices would find this machine; None where it is on no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        try:
            # Choosing a route sends nothing; the address is one of those kept free for documentation.
            route.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = str(route.getsockname()[0])
    return None if address.startswith("127.") else address
