"""Draws `backend/architecture.svg`: the rooms of the backend by the layers of import-linter, and who imports whom.

`python ops/draw_architecture.py` writes the picture, with `--check` it only says whether the committed one is that of
the code. An import that another one implies (A to B to C implies A to C) is left out, so that the picture can be read.
"""

import sys
import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "backend" / "architecture.svg"
WIDTH, ROW, BOX, TALL = 960, 92, 132, 40
# Modules at the top of the package that every room may use are no rooms.
WHAT = {
    "app": "web process",
    "worker": "worker process",
    "feed": "feed process",
    "supervisor": "mktdash up",
    "published_schemas": "what schema/ shows",
    "cli": "commands",
    "resources": "database, Redis",
    "graphql": "API",
    "http": "REST, page, health",
    "jobs": "queue of runs",
    "reports": "templates, files",
    "live": "event log, cursors",
    "ingest": "bytes to rows",
    "quality": "checks, verdicts",
    "security": "who asks, limits",
    "store": "all SQL",
    "providers": "one a source",
    "contracts": "versioned schema",
    "domain": "values, no I/O",
}


def layers() -> list[list[str]]:
    """The rooms of each layer, from the top, as import-linter is told."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers"]
    return [[name.strip().removeprefix("mktdash.") for name in row.split("|")] for row in contract["layers"]]


def imports(rooms: list[str]) -> set[tuple[str, str]]:
    """Which room imports which, without those that follow from others."""
    graph = grimp.build_graph("mktdash", cache_dir=None)
    known = set(rooms)

    def room(module: str) -> str | None:
        parts = module.split(".")
        return parts[1] if len(parts) > 1 and parts[1] in known else None

    direct: dict[str, set[str]] = {name: set() for name in rooms}
    for module in graph.modules:
        above = room(module)
        if above is None:
            continue
        for imported in graph.find_modules_directly_imported_by(module):
            below = room(imported)
            if below is not None and below != above:
                direct[above].add(below)
    reached = {name: _reached(direct, name) for name in rooms}
    return {
        (above, below)
        for above, belows in direct.items()
        for below in belows
        if not any(below in reached[other] for other in belows if other != below)
    }


def _reached(direct: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(direct[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(direct[name])
    return seen


def draw() -> str:
    """The picture as SVG."""
    rows = layers()
    places = {
        name: (WIDTH * (column + 1) / (len(row) + 1), 30 + ROW * depth + TALL / 2)
        for depth, row in enumerate(rows)
        for column, name in enumerate(row)
    }
    height = 30 + ROW * len(rows)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
            'role="img" aria-label="The rooms of mktdash, and which imports which">'
        ),
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        (
            '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0 8 4 0 8z" fill="#8a8f98"/></marker>'
        ),
    ]
    for above, below in sorted(imports(list(places))):
        (x, y), (to_x, to_y) = places[above], places[below]
        y, to_y = y + TALL / 2, to_y - TALL / 2
        bend = (to_y - y) / 2
        lines.append(
            f'<path d="M{x:.0f} {y:.0f}C{x:.0f} {y + bend:.0f} {to_x:.0f} {to_y - bend:.0f} {to_x:.0f} {to_y:.0f}" '
            'fill="none" stroke="#8a8f98" marker-end="url(#tip)"/>'
        )
    for name, (x, y) in places.items():
        lines.append(
            f'<rect x="{x - BOX / 2:.0f}" y="{y - TALL / 2:.0f}" width="{BOX}" height="{TALL}" rx="6" fill="#f4f1ea" '
            f'stroke="#3d4450"/><text x="{x:.0f}" y="{y - 3:.0f}" text-anchor="middle" font-size="14" '
            f'font-weight="600" fill="#1b1f27">{escape(name)}</text><text x="{x:.0f}" y="{y + 13:.0f}" '
            f'text-anchor="middle" font-size="11" fill="#4b5260">{escape(WHAT[name])}</text>'
        )
    return "\n".join([*lines, "</svg>", ""])


def main() -> int:
    """Write the picture, or with ``--check`` compare."""
    drawn = draw()
    if "--check" not in sys.argv[1:]:
        PICTURE.write_text(drawn, encoding="utf-8")
        return 0
    if PICTURE.exists() and PICTURE.read_text(encoding="utf-8") == drawn:
        return 0
    print(f"{PICTURE.relative_to(ROOT)} is not what the code is: run `python ops/draw_architecture.py`")
    return 1


if __name__ == "__main__":
    sys.exit(main())
