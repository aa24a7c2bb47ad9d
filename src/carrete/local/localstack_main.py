"""Start LocalStack on loopback only, with no way out.

Run by path with LocalStack's own interpreter; it imports the standard library and LocalStack,
nothing of Carrete. LocalStack's Twisted server ignores the host of GATEWAY_LISTEN and listens on
every interface, so the one name it makes its IPv4 endpoint by is replaced here. An audit hook makes
sure of both: no socket of this process is bound to, or connected with, anything but loopback.
"""

import errno
import ipaddress
import socket
import sys
from typing import Any

LOOPBACK = "127.0.0.1"


def is_outside(host: str) -> bool:
    """Whether a host of a socket address is, or may be, another machine or every interface."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
SOCKET_CALLS = {"socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg"}


def refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: refuse to bind to, send to or look up anything but loopback.

    Raises:
        OSError: of the kind that a machine without a network raises, so that callers cope with it.
    """
    if event in LOOKUPS:
        host = arguments[0]
    elif event in SOCKET_CALLS and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if not isinstance(name, str) or not is_outside(name):
        return
    print(f"REFUSED {event} {name}", file=sys.stderr, flush=True)  # noqa: T201 - it is the log
    if event in LOOKUPS:
        raise socket.gaierror(socket.EAI_NONAME, f"the local stack looks up no names: {name}")
    raise OSError(errno.ENETUNREACH, f"the local stack stays on loopback: {name}")


def bind_loopback() -> None:
    """Make LocalStack's server listen on loopback."""
    from localstack.runtime.server import twisted  # noqa: PLC0415 - after the audit hook
    from twisted.internet import endpoints  # noqa: PLC0415

    real = endpoints.TCP4ServerEndpoint

    def on_loopback(reactor: Any, port: int) -> Any:
        return real(reactor, port, interface=LOOPBACK)

    twisted.endpoints.TCP4ServerEndpoint = on_loopback


def main() -> None:
    """Run LocalStack until it is told to stop."""
    sys.addaudithook(refuse_outside)
    bind_loopback()
    from localstack.runtime.main import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
