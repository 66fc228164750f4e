"""``mktdash schema``: write the published schemas from the code, or check the committed ones."""

from pathlib import Path
from typing import Annotated

import typer

from mktdash.settings import REPOSITORY

app = typer.Typer(no_args_is_help=True, help="The published schemas: GraphQL, OpenAPI, contracts, report parameters.")
Folder = Annotated[Path, typer.Option(help="Folder of the schemas.", show_default="schema")]


def _generated() -> dict[str, str]:
    """Each schema file below the folder, with the text the code gives it."""
    from mktdash.contracts.registry import CONTRACTS
    from mktdash.graphql.schema import export_schema
    from mktdash.published_schemas import published_files
    from mktdash.reports.catalogue import schema_files

    files = {f"market/{contract.name}.json": contract.text for contract in CONTRACTS}
    files |= {f"reports/{name}": text for name, text in schema_files().items()}
    files["graphql/schema.graphql"] = export_schema()
    return files | published_files()


@app.command()
def export(folder: Folder = REPOSITORY / "schema") -> None:
    """Write all schemas from the code."""
    for name, text in _generated().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {name}")


@app.command()
def check(folder: Folder = REPOSITORY / "schema") -> None:
    """Fail if a schema file differs from the code, or breaks clients of an earlier release."""
    from mktdash.cli.breaking_changes import breaking_changes, last_release
    from mktdash.contracts.compatibility import transitive_problems
    from mktdash.contracts.registry import CONTRACTS

    generated = _generated()
    wrong = [
        f"schema/{name} differs from the code: run `mktdash schema export` and look at the difference"
        for name, text in generated.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]
    wrong += [
        f"contract {problem} (it must stay BACKWARD_TRANSITIVE)"
        for problem in transitive_problems([contract.json_schema for contract in CONTRACTS])
    ]
    last = last_release(folder / "graphql" / "released")
    if last is not None:
        wrong += [
            f"schema/graphql/schema.graphql breaks clients of release {last.stem}: {change}"
            for change in breaking_changes(last.read_text(encoding="utf-8"), generated["graphql/schema.graphql"])
        ]
    for sentence in wrong:
        typer.echo(f"mktdash: {sentence}", err=True)
    if wrong:
        raise typer.Exit(1)
    typer.echo(f"{len(generated)} schemas match the code")
