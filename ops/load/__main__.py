"""``make load``: the key reads on SQLite and on PostgreSQL, held to ``budget.toml``; exit code 1 where one is over."""

import sys
import tempfile
from pathlib import Path

from sqlalchemy.engine import URL
from tests.factories.stores.postgres import postgres_binaries, running_postgres
from tests.factories.stores.redis import running_redis

from ops.load.gate import Measured, budget, judge
from ops.load.run import measure


def main() -> int:
    """Measure, print, judge."""
    allowed = budget()
    found: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder, running_redis() as redis:
        home = Path(folder)
        found += measure("SQLite", f"sqlite+aiosqlite:///{home / 'load.db'}", redis.url, home, allowed)
        binaries = postgres_binaries()
        if binaries is None:
            print("no PostgreSQL here: half of this is left out", file=sys.stderr)
        else:
            with running_postgres(binaries) as socket:
                url = URL.create("postgresql+asyncpg", "mktdash", database="postgres", query={"host": socket})
                text = url.render_as_string(hide_password=False)
                found += measure("PostgreSQL", text, redis.url, home, allowed)
    print(f"{'engine':<11}{'read':<15}{'p95 ms':>9}{'static ms':>11}{'times':>8}{'req/s':>10}{'errors':>8}")
    for one in found:
        print(
            f"{one.engine:<11}{one.read:<15}{one.p95 * 1e3:>9.2f}{one.static_p95 * 1e3:>11.2f}"
            f"{one.times_static:>8.1f}{one.rate:>10,.0f}{one.errors:>8}"
        )
    over = [sentence for one in found for sentence in judge(one, allowed)]
    for sentence in over:
        print(f"OVER BUDGET {sentence}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
