"""The description of the format: docs/export.md from ``<!-- tables -->`` on, and FORMAT.md of every export."""

from charthouse.operation.transfer.left_out import LEFT_OUT_COLUMNS, LEFT_OUT_ROWS
from charthouse.operation.transfer.references import PLAIN, Loose
from charthouse.operation.transfer.tables import (
    Column,
    Table,
    list_left_out_tables,
    list_tables,
)

_INTRODUCTION = """## The format

Everything of one practice, as of the time `as_of` of `manifest.json`.

| path | what |
|---|---|
| `manifest.json` | the practice, the tables with their columns and numbers of rows, what is left out and why |
| `tables/<table>.ndjson` | the rows of a table in the order of their ids: a JSON object a line |
| `tables/<table>.ndjson.sums` | SHA-256 of each 100 lines of it |
| `files.ndjson` | id, path, SHA-256 and size of each stored file (`files_storedfile`) |
| `files/<id>-<name>` | the content of a stored file; contents that are equal are stored once |
| `ccda/<id>.xml` | the C-CDA of each patient (`patients_patient`) who is not deleted |
| `SHA256SUMS` | SHA-256 of all other files; `sha256sum -c SHA256SUMS` checks them |

| form | in JSON |
|---|---|
| integer, boolean | a number, `true` or `false` |
| text | a string |
| decimal | a string, with all its digits: `"10.50"` |
| date, time of day | a string: `"2026-11-30"`, `"09:15:00"` |
| time | a string, UTC: `"2026-11-30T14:15:00.123456+00:00"` |
| UUID | a string |
| integers, texts | an array |
| JSON | any JSON value |

Each may be null where it says so. "→ table" is the id of a row of that table, of the same export.
"""
_COMMON = ("id", "practice_id", "archived", "created_at", "updated_at")
_COMMON_TEXT = (
    "Tables of the record have, in addition to those listed, the columns `id` (integer), `practice_id` (→ "
    "`identity_practice`), `archived` (boolean: the row is deleted), `created_at` and `updated_at` (times).\n\n"
)


def render() -> str:
    """Render the description as Markdown."""
    return f"{_INTRODUCTION}\n{render_left_out()}\n{render_tables()}"


def render_left_out() -> str:
    """Render what is left out, with the reasons."""
    lines = ["### What is left out", "", "| what | why |", "|---|---|"]
    lines += [f"| table `{table}` | {why} |" for table, why in list_left_out_tables().items()]
    lines += [
        f"| column `{table}.{column}` | {each.why} |" for (table, column), each in LEFT_OUT_COLUMNS.items()
    ]
    lines += [f"| rows of `{table}` | {why} |" for table, (_, why) in LEFT_OUT_ROWS.items()]
    return "\n".join(lines) + "\n"


def render_tables() -> str:
    """Render the tables with their columns."""
    return "### Tables\n\n" + _COMMON_TEXT + "\n".join(_render_table(table) for table in list_tables())


def _render_table(table: Table) -> str:
    is_record = {column.name for column in table.columns}.issuperset(_COMMON)
    columns = [column for column in table.columns if not (is_record and column.name in _COMMON)]
    doc = f"{table.doc} A table of the record." if is_record else table.doc
    lines = [f"#### {table.name}", "", doc, "", "| column | form | what |", "|---|---|---|"]
    for column in columns:
        nullable = " or null" if column.is_nullable else ""
        lines.append(f"| `{column.name}` | {column.form}{nullable} | {_describe(table, column)} |")
    return "\n".join(lines) + "\n"


def _describe(table: Table, column: Column) -> str:
    if column.table:
        return f"→ `{column.table}`"
    if column.loose:
        return _describe_loose(column.loose)
    return PLAIN.get((table.name, column.name), "")


def _describe_loose(loose: Loose) -> str:
    if loose.table:
        return f"→ `{loose.table}`"
    if loose.members:
        return ", ".join(f"`{name}` → `{table}`" for name, table in loose.members.items())
    if loose.tables:
        return f"by `{loose.type}`: " + ", ".join(
            f"{name} → `{table}`" for name, table in loose.tables.items()
        )
    return f"of the type of row that `{loose.type}` names"
