"""Bodies of uploads through Cerbo's API."""

import base64
from io import BytesIO
from typing import Any

from PIL import Image

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
MOST = 16 * 1024 * 1024


def make_picture(kind: str = "PNG", size: tuple[int, int] = (8, 6)) -> bytes:
    made = BytesIO()
    Image.new("RGB", size, "navy").save(made, kind)
    return made.getvalue()


def make_body(patient: int, content: bytes, mime: str, **values: Any) -> dict[str, Any]:
    return {
        "pt_id": patient,
        "mime_type": mime,
        "base64_content": base64.b64encode(content).decode(),
    } | values
