"""Who is asking, and what their role allows."""

from dataclasses import dataclass
from enum import IntEnum

from mktdash.domain.errors import ForbiddenError, InvalidInputError, UnauthenticatedError


class Role(IntEnum):
    """Each role may do all that the ones before it may."""

    ANONYMOUS = 0
    VIEWER = 1
    ANALYST = 2
    OPERATOR = 3
    ADMIN = 4

    @classmethod
    def named(cls, name: str) -> "Role":
        """The role of a name in any case; who has none is anonymous, which nobody can be given.

        Raises:
            InvalidInputError: no role has this name.
        """
        known = {role.name.lower(): role for role in cls if role is not cls.ANONYMOUS}
        role = known.get(name.lower())
        if role is None:
            raise InvalidInputError(
                f"{name!r} is not a role; roles are {', '.join(known)}", role=name, known=list(known)
            )
        return role


@dataclass(frozen=True, slots=True)
class Principal:
    """An identity as this request proved it.

    Attributes:
        name: what the audit log calls it.
        role: what it may do.
        may_read: False only for a stranger: anonymous, and not on this machine.
        by_cookie: proved by a browser's cookie, so the request's origin must be checked.
        token_id: the token it came with, or the one that its session came from; None without either.
        session_id: the browser's session it came with.
        ends_at: when the token or session ends by itself, in microseconds UTC; None for never.
    """

    name: str
    role: Role
    may_read: bool = True
    by_cookie: bool = False
    token_id: str | None = None
    session_id: str | None = None
    ends_at: int | None = None

    @property
    def credential_id(self) -> str | None:
        """What must still be good for this identity to be: its session, else its token."""
        return self.session_id or self.token_id

    @property
    def may_request_reports(self) -> bool:
        """Analysts and above write requests for reports."""
        return self.role >= Role.ANALYST

    @property
    def may_operate(self) -> bool:
        """Operators and above run the queue, replays and alerts."""
        return self.role >= Role.OPERATOR

    def require(self, role: Role) -> None:
        """Pass, or refuse.

        Raises:
            UnauthenticatedError: nobody is known here; a token would help.
            ForbiddenError: the role is too small.
        """
        if self.role >= role:
            return
        needed = role.name.lower()
        if self.role is Role.ANONYMOUS:
            raise UnauthenticatedError(f"this needs a token with the role {needed} or above", needed=needed)
        raise ForbiddenError(
            f"this needs the role {needed} or above; yours is {self.role.name.lower()}",
            needed=needed,
            role=self.role.name.lower(),
        )

    def require_reader(self) -> None:
        """Pass whoever may read.

        Raises:
            UnauthenticatedError: an anonymous request that is not from this machine.
        """
        if not self.may_read:
            raise UnauthenticatedError("reading from another machine needs a token", needed="viewer")


LOCAL_READER = Principal("anonymous", Role.ANONYMOUS)
STRANGER = Principal("anonymous", Role.ANONYMOUS, may_read=False)
