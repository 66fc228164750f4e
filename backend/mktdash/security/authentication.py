"""Finds out who a request is from: a bearer token, a browser's session cookie, or nobody on this machine."""

import asyncio
import ipaddress
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.domain.errors import UnauthenticatedError, UnavailableError
from mktdash.security.buckets import LimitState
from mktdash.security.last_used import LastUsed
from mktdash.security.principals import LOCAL_READER, STRANGER, Principal
from mktdash.security.stream_revocation import Revocation
from mktdash.security.tokens import principal, principal_of
from mktdash.store.access.credentials import CredentialWatch
from mktdash.web_times import USUAL, WebTimes

SCOPE_KEY = "mktdash"
_BEARER = "bearer "
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")
# A proxy speaks from loopback for people elsewhere; it says so in one of these.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_WEB_SOCKET_SCHEMES = {"http": "80", "https": "443", "ws": "80", "wss": "443"}


@dataclass(frozen=True)
class Request:
    """What authentication looks at. ``headers`` by lower-case name; ``peer`` is the address the connection comes from.

    ``secure``: whether the browser itself speaks TLS, to us or to a proxy that is trusted.
    """

    headers: Mapping[str, str]
    peer: str | None
    secure: bool = False

    @cached_property
    def session(self) -> str | None:
        """The session token a browser sent."""
        return session_cookie(self.headers, secure=self.secure)


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the outermost layer found out about a request, for the layers inside."""

    request_id: str
    principal: Principal
    # The client's own, where trusted proxies say it; never what decides whether a request is this machine's.
    address: str
    # By lower-case name; several lines of one name are one list.
    headers: Mapping[str, str] = field(default_factory=dict)
    # Whether the browser itself speaks TLS, to us or to a proxy that is trusted.
    secure: bool = False
    standings: dict[str, LimitState] = field(default_factory=dict)

    @property
    def bearer(self) -> str:
        """Whose buckets the request takes from: its token's, else its address's."""
        return bearer_of(self.principal, self.address)


class Authentication:
    """Who requests are from. One for the whole process."""

    def __init__(self, engine: AsyncEngine, clock: Clock, *, anonymous_read: bool, times: WebTimes = USUAL) -> None:
        self.credentials = CredentialWatch(engine, times.shared_read)
        self._clock = clock
        self._anonymous_read = anonymous_read
        self._use = LastUsed(engine, times)
        self.revocation = Revocation(self._good, clock, seconds_between_looks=times.revocation)

    async def of(self, request: Request) -> Principal:
        """The principal of a request.

        A bearer token counts for more than a cookie. A wrong bearer token is an error, so that its bearer learns of
        it; a cookie that has ended is as good as none, so that a browser can still read what anybody may.

        Raises:
            UnauthenticatedError: the bearer token is unknown, expired or revoked.
            UnavailableError: the store can't be read.
        """
        authorization = request.headers.get("authorization")
        if authorization is not None:
            return await self.of_authorization(authorization)
        known = await self.of_session(request)
        if known is not None:
            return known
        return LOCAL_READER if self._anonymous_read and is_local(request) else STRANGER

    async def of_authorization(self, authorization: str) -> Principal:
        """The principal of an ``Authorization`` value.

        Raises:
            UnauthenticatedError: it is not a bearer token, or one that is unknown, expired or revoked.
        """
        if not authorization.lower().startswith(_BEARER):
            raise UnauthenticatedError("the authorization header must be: Bearer TOKEN")
        known = await self.of_token(authorization[len(_BEARER) :].strip())
        if known is None:
            raise UnauthenticatedError("the token is unknown, expired or revoked")
        return known

    async def of_token(self, token: str) -> Principal | None:
        """The principal of a token; None where it is not good.

        Raises:
            UnavailableError: the store can't be read.
        """
        return await self._known(token, by_cookie=False)

    async def of_session(self, request: Request) -> Principal | None:
        """The principal of a browser's session cookie; None where there is none that is good.

        Raises:
            UnavailableError: the store can't be read.
        """
        return None if request.session is None else await self._known(request.session, by_cookie=True)

    async def still(self, known: Principal) -> bool:
        """Whether a principal is still who it was: its token or session is good, and its role the same.

        Raises:
            UnavailableError: the store can't be read.
        """
        wanted = known.credential_id
        if wanted is None:
            return True
        found = (await self._good({wanted})).get(wanted)
        return found is not None and found.role is known.role

    async def _good(self, ids: Collection[str]) -> Mapping[str, Principal]:
        """The principals of those tokens and sessions that are good now, by id."""
        try:
            found = await asyncio.gather(*map(self.credentials.by_id, ids))
        except Exception as error:
            raise _unavailable() from error
        now = to_micros(self._clock())
        good = {one.id: principal(one) for one in found if one is not None and one.live_at(now)}
        for one in good.values():
            self._note(one, now)
        return good

    def _note(self, known: Principal, now: int) -> None:
        for used in (known.token_id, known.session_id):
            if used is not None:
                self._use.note(used, now)

    async def _known(self, text: str, *, by_cookie: bool) -> Principal | None:
        try:
            known = await principal_of(self.credentials, text, self._clock, by_cookie=by_cookie)
        except Exception as error:
            # Whatever the driver calls it: nobody is let in by it, and nobody is told that a good token is none.
            raise _unavailable() from error
        if known is not None:
            self._note(known, to_micros(self._clock()))
        return known

    async def aclose(self) -> None:
        """Give back what is held open."""
        await self.revocation.aclose()
        await self._use.aclose()
        await self.credentials.aclose()


def _unavailable() -> UnavailableError:
    return UnavailableError("tokens can't be looked up just now", retryAfter=1.0)


def bearer_of(principal: Principal, address: str) -> str:
    """Whose buckets somebody takes from: a token's, else an address's."""
    return f"token:{principal.token_id}" if principal.token_id else f"address:{address}"


def is_local(request: Request) -> bool:
    """Whether a request comes from this machine and knows it does.

    The peer alone is not enough: a page of a foreign name that resolves to 127.0.0.1 (DNS rebinding) and a proxy on
    this machine both connect from loopback.
    """
    return (
        request.peer is not None
        and _is_loopback(request.peer)
        and _is_loopback_host(request.headers.get("host", ""))
        and not any(name in request.headers for name in _FORWARDED)
    )


def same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a browser's request comes from a page of this very origin; True where no browser speaks."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
    try:
        parts = urlsplit(origin)
        host = urlsplit(f"//{headers.get('host', '')}")
        default = _WEB_SOCKET_SCHEMES.get(parts.scheme)
        ports = (str(parts.port or default), str(host.port or default))
    except ValueError:
        return False
    return parts.hostname is not None and parts.hostname == host.hostname and ports[0] == ports[1]


def cookie_name(headers: Mapping[str, str], *, secure: bool = False) -> str:
    """The name of the session cookie. Cookies do not tell ports apart, so two servers on one machine need two names.

    Over TLS the name begins so that browsers take it from nobody but this very host, and over TLS only.
    """
    port = _port(headers.get("host", ""))
    name = "mktdash_session" if port is None else f"mktdash_session_{port}"
    return f"__Host-{name}" if secure else name


def session_cookie(headers: Mapping[str, str], *, secure: bool = False) -> str | None:
    """The session token a browser sent."""
    wanted = cookie_name(headers, secure=secure)
    # Python's own cookies take a millisecond a kilobyte of somebody's header.
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.partition("=")
        if name.strip() == wanted:
            return value.strip().strip('"') or None
    return None


def host_name(host: str) -> str:
    """The name in a Host header, without its port; empty where it is none, however a lenient reader would take it."""
    found = _HOST.fullmatch(host)
    return found["name"].strip("[]").lower() if found else ""


def _port(host: str) -> int | None:
    try:
        return urlsplit(f"//{host}").port
    except ValueError:
        return None


@lru_cache(256)
def _is_loopback_host(host: str) -> bool:
    name = host_name(host)
    # Names under localhost are not ours: who resolves them decides what they are.
    return name == "localhost" or _is_loopback(name)


@lru_cache(1024)
def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
