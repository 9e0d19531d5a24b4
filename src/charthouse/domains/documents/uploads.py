"""Uploads in Cerbo's API: base64 in a JSON body, at most 16 MB decoded, with a media type that must be the
content's."""

import re

from charthouse.engine.declaration.calls import Call
from charthouse.engine.errors import Invalid, TooLarge
from charthouse.files import media_types
from charthouse.files.models import StoredFile
from charthouse.files.storage import store_file
from charthouse.files.types import File, Upload

MAX_SIZE = 16 * 1024 * 1024  # bytes of a file, decoded (seed 004)
# As base64, with room for line breaks, which some encoders insert, and for the other keys.
MAX_BODY = MAX_SIZE * 4 // 3 + MAX_SIZE // 40

# Media types that a caller may give for an image → the type it is. Two are not registered (seed 004) and are taken for
# what they mean.
IMAGE_TYPES = {
    "image/jpeg": "image/jpeg",
    "image/jpg": "image/jpeg",
    "image/gif": "image/gif",
    "image/png": "image/png",
    "image/pngx": "image/png",
}
# Other names of types that documents may have.
_ALIASES = IMAGE_TYPES | {
    "image/tif": "image/tiff",
    "image/heif": "image/heic",
    "text/xml": "application/xml",
}
_TEXTS = frozenset(("text/plain", "application/xml"))
_BINARY_TYPE = re.compile(r"(application|audio|font|image|model|video)/[a-z0-9][a-z0-9.+-]*")

# Statuses besides 200 with which files are served (files.serving).
RANGE_STATUSES = {
    206: "The part requested with the Range header.",
    304: "The file matches If-None-Match.",
    412: "The file doesn't match If-Match.",
    416: "The file doesn't have the requested range.",
}


def make_file_type(name: str, *kinds: str) -> File:
    """Make the type of the key ``name``, for files of these kinds. A file of more than MAX_SIZE bytes makes the request
    too large; it is not an invalid value."""

    def refuse(megabytes: int) -> Exception:
        return TooLarge(f"{name}: the file is larger than {megabytes} MB.")

    return File(kinds=kinds, max_size=MAX_SIZE, too_large=refuse)


def is_named_type(named: str, detected: str) -> bool:
    """Whether content of the media type ``detected`` may be called ``named``. Text, and content of no known signature,
    may have any name but that of a type that is detected by its signature."""
    named = _ALIASES.get(named.lower(), named.lower())
    if named in (_ALIASES.get(detected, detected), media_types.UNKNOWN):
        return True
    if detected == media_types.UNKNOWN:
        return named not in media_types.DETECTED | _TEXTS and _BINARY_TYPE.fullmatch(named) is not None
    return detected in _TEXTS and named not in media_types.DETECTED


def store_upload(call: Call) -> StoredFile:
    """Store the file of a call. Its body must name the patient of the path and the content's media type. Raises
    Invalid."""
    values, wrong = call.values, {}
    if values["pt_id"] != call.row.pk:
        wrong["pt_id"] = ["This is not the patient of the address."]
    upload: Upload = values["base64_content"]
    if not is_named_type(values["mime_type"], upload.media_type):
        wrong["base64_content"] = [f"The file is no {values['mime_type']}."]
    if wrong:
        raise Invalid(wrong)
    media_type = values["mime_type"] if upload.media_type == media_types.UNKNOWN else upload.media_type
    return store_file(upload.content, media_type.lower(), call.row.practice_id)
