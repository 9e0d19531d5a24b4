"""``python -m charthouse.gateway FOLDER``: the OpenAPI documents as files. Needs no database."""

import os
import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Write ``drchrono.json`` and ``cerbo.json`` into the folder."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
    import django

    django.setup()

    from charthouse.gateway.cerbo import wire_format as cerbo
    from charthouse.gateway.drchrono import wire_format

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "drchrono.json").write_bytes(wire_format.print_document_json() + b"\n")
    (folder / "cerbo.json").write_bytes(cerbo.print_document_json() + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
