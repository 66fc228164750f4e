"""``mktdash``: the commands, and the one place where an error becomes a sentence and an exit code."""

import logging
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from pydantic import ValidationError

from mktdash import __version__
from mktdash.cli import (
    database,
    doctor,
    endings,
    ingest,
    instruments,
    processes,
    quality,
    replay,
    reports,
    schemas,
    tokens,
)
from mktdash.domain.errors import MktdashError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A self-hosted market-data dashboard whose numbers can be trusted.",
)
processes.add_to(app)
ingest.add_to(app)
replay.add_to(app)
doctor.add_to(app)
app.add_typer(database.app, name="db")
app.add_typer(instruments.app, name="instruments")
endings.add_to(quality.app)
app.add_typer(quality.app, name="quality")
app.add_typer(reports.app, name="report")
app.add_typer(schemas.app, name="schema")
app.add_typer(tokens.app, name="token")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Typer makes the root options of this."""
    # A command may well run where no Redis does; that subscribers then poll is not worth a line each time.
    logging.getLogger("mktdash.live.publish").setLevel(logging.ERROR)


def main() -> None:
    """Run a command; exit code 0 only on success, one sentence on standard error otherwise."""
    sys.exit(_run(app))


def _run(command: Callable[[], object]) -> int:
    try:
        command()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        typer.echo(f"mktdash: {sentence}", err=True)
        return 1
    return 0


def _sentence(error: Exception) -> str | None:
    """What to say of an error that people can do something about; None of a fault of ours."""
    from redis.exceptions import RedisError
    from sqlalchemy.exc import SQLAlchemyError

    match error:
        case MktdashError():
            return error.message
        case ValidationError():
            return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        case SQLAlchemyError():
            return f"the database can't be used: {str(error.__cause__ or error).splitlines()[0]}"
        case RedisError() | OSError():
            return str(error)
        case _:
            return None
