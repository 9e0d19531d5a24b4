"""Uploads in Cerbo's API: base64 in a JSON body, at most 16 MB decoded, with a media type that must be the
content's."""

from collections.abc import Mapping

from charthouse.engine.declaration.calls import Call
from charthouse.engine.errors import Invalid, TooLarge
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
DOCUMENT_TYPES = IMAGE_TYPES | {one: one for one in ("image/webp", "application/pdf", "text/plain")}

# Statuses besides 200 with which files are served (files.serving).
RANGE_STATUSES = {
    206: "The part that the header Range asks for.",
    416: "The file has no such part.",
}


def make_file_type(name: str, *kinds: str) -> File:
    """Make the type of the key ``name``, for files of these kinds. A file of more than MAX_SIZE bytes makes the request
    too large; it is not an invalid value."""

    def refuse(megabytes: int) -> Exception:
        return TooLarge(f"{name}: the file is larger than {megabytes} MB.")

    return File(kinds=kinds, max_size=MAX_SIZE, too_large=refuse)


def store_upload(call: Call, media: Mapping[str, str]) -> StoredFile:
    """Store the file of a call. Its body must name the patient of the path and the content's media type. Raises
    Invalid."""
    values, wrong = call.values, {}
    if values["pt_id"] != call.row.pk:
        wrong["pt_id"] = ["This is not the patient of the address."]
    upload: Upload = values["base64_content"]
    if upload.media_type != media[values["mime_type"]]:
        wrong["base64_content"] = [f"The file is no {values['mime_type']}."]
    if wrong:
        raise Invalid(wrong)
    return store_file(upload.content, upload.media_type, call.row.practice_id)
