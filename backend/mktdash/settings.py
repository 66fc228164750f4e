"""Every setting, in one frozen class, each with its sentence. Read by ``resources`` and the entry points only."""

import hashlib
import os
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[2]
# A unix socket's path has room for 107 bytes on Linux and 103 elsewhere.
_LONGEST_SOCKET = 100
_URL_SYNTAX = frozenset("%?#")


class Settings(BaseSettings):
    """Settings from the environment (``MKTDASH_...``; a few also by their customary short names)."""

    model_config = SettingsConfigDict(env_prefix="MKTDASH_", frozen=True, extra="ignore", populate_by_name=True)

    home: Path = Field(Path("var"), description="Folder of all state: database, Redis files, logs.")
    port: int = Field(
        8000,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("PORT", "MKTDASH_PORT"),
        description="TCP port of the page and API.",
    )
    host: str = Field(
        "127.0.0.1", description="Address the web process listens on; anything but loopback needs tokens to read."
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("DATABASE_URL", "MKTDASH_DATABASE_URL"),
        description="SQLAlchemy URL; empty means SQLite in the home folder. PostgreSQL: postgresql://user:password@host/name.",
    )
    redis_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("REDIS_URL", "MKTDASH_REDIS_URL"),
        description="Redis URL; empty means the Redis that `mktdash up` starts in the home folder.",
    )
    anonymous_read: bool = Field(
        default=True, description="Requests from loopback to a loopback name may read without a token."
    )
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="Networks whose X-Forwarded-For and X-Forwarded-Proto headers are believed, as a JSON list such as "
        '["10.0.0.0/8"].',
    )
    request_rate: int = Field(
        3000, ge=0, description="Requests a minute for each token, and for each address without one; 0 for no limit."
    )
    cost_rate: int = Field(
        300_000, ge=0, description="GraphQL cost a minute for each token, and for each address; 0 for no limit."
    )
    file_rate: int = Field(
        600,
        ge=0,
        description="Files (reports, raw bytes) a minute for each token, and for each address; 0 for no limit.",
    )
    stream_limit: int = Field(
        300,
        ge=0,
        description="Subscriptions open at once for each token, and for each address, in each web process; "
        "0 for no limit.",
    )
    limits_without_redis: Literal["count", "refuse"] = Field(
        "count", description="While Redis is away, `count` in each process, or `refuse` every request."
    )
    answer_cache_mb: int = Field(
        64, ge=0, description="Megabytes of GraphQL answers kept by each web process; 0 keeps none."
    )
    answer_seconds: float = Field(
        30.0, gt=0, description="Seconds that a GraphQL answer may take; then its work is ended, in the database too."
    )
    answer_mb: int = Field(
        64, ge=1, description="Megabytes that one GraphQL answer may have before compression; larger ones are refused."
    )
    introspection: Literal["auto", "on", "off"] = Field(
        "auto", description="Introspection and GraphiQL, the page at /graphql; `auto`: only where `host` is loopback."
    )
    trusted_documents: Path = Field(
        REPOSITORY / "schema" / "graphql" / "documents.json",
        description="JSON file of trusted documents, texts by id; made of the page's operations by its build.",
    )
    trusted_documents_only: bool = Field(
        default=False,
        validation_alias=AliasChoices("TRUSTED_DOCUMENTS_ONLY", "MKTDASH_TRUSTED_DOCUMENTS_ONLY"),
        description="Run no GraphQL document but the trusted ones, asked for by `documentId` or by their full text.",
    )
    sources: tuple[str, ...] = Field(
        ("ecb", "treasury", "fred", "cboe", "kraken", "coinbase", "sim"),
        description="Sources the feed runs, as a JSON list; `binance` and `yahoo` run only where they are named.",
    )
    network: Literal["auto", "off"] = Field(
        "auto", description="`off` never asks a source over the network and uses recorded data only."
    )
    sim_seed: int = Field(20261, description="Seed of the simulated market; the same seed gives the same prices.")
    static_dir: Path = Field(
        REPOSITORY / "frontend" / "dist", description="Folder of the built page that the web process serves."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe log line written."
    )
    worker_jobs: int = Field(2, ge=1, le=64, description="Reports rendered at the same time by one worker process.")

    @property
    def introspects(self) -> bool:
        """Whether the schema can be asked for itself."""
        if self.introspection == "auto":
            return self.host in {"localhost", "::1"} or self.host.startswith("127.")
        return self.introspection == "on"

    @property
    def free_queries(self) -> bool:
        """Whether people may write queries of their own: then there is a page to do it on."""
        return self.introspects and not self.trusted_documents_only

    @cached_property
    def database(self) -> str:
        """The SQLAlchemy URL with its async driver."""
        if self.database_url is None or not self.database_url.get_secret_value():
            return f"sqlite+aiosqlite:///{self.home.resolve() / 'mktdash.db'}"
        url = self.database_url.get_secret_value()
        for plain, driver in (
            ("postgres://", "postgresql+asyncpg://"),
            ("postgresql://", "postgresql+asyncpg://"),
            ("sqlite://", "sqlite+aiosqlite://"),
        ):
            if url.startswith(plain):
                return driver + url.removeprefix(plain)
        return url

    @cached_property
    def redis(self) -> str:
        """The Redis URL; the embedded server's socket where none is set."""
        if self.redis_url is None or not self.redis_url.get_secret_value():
            return f"unix://{self.redis_socket}"
        return self.redis_url.get_secret_value()

    @cached_property
    def redis_socket(self) -> Path:
        """Where the embedded Redis listens: in the home, or in a short folder where that path is too long."""
        wanted = self.home.resolve() / "redis.sock"
        if len(os.fsencode(wanted)) <= _LONGEST_SOCKET and not _URL_SYNTAX.intersection(str(wanted)):
            return wanted
        name = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"mktdash-{os.getuid()}-{name}" / "redis.sock"
