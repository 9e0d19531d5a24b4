"""Files as Cerbo sends them: base64 in a JSON body, 16 MB decoded, with a media type that has to be the content's."""

from collections.abc import Mapping

from charthouse.engine.declaration.calls import Call
from charthouse.engine.errors import Invalid, TooLarge
from charthouse.files.models import StoredFile
from charthouse.files.storage import store_file
from charthouse.files.types import File, Upload

MOST = 16 * 1024 * 1024  # bytes of a file, decoded (seed 004)
# As base64, with room for the line breaks that some encoders put in and for the other keys.
MOST_BODY = MOST * 4 // 3 + MOST // 40

# What a sender may call a picture → what it is. Two are no registered types (seed 004): taken for what they mean.
PICTURES = {
    "image/jpeg": "image/jpeg",
    "image/jpg": "image/jpeg",
    "image/gif": "image/gif",
    "image/png": "image/png",
    "image/pngx": "image/png",
}
PAPERS = PICTURES | {one: one for one in ("image/webp", "application/pdf", "text/plain")}

# What the bytes of a file are answered with beside 200 (files.serving).
IN_PARTS = {
    206: "The part that the header Range asks for.",
    416: "The file has no such part.",
}


def make_file_type(name: str, *kinds: str) -> File:
    """The type of the key ``name``, for files of these kinds: one of more than MOST bytes is too large a request, not a
    wrong value."""

    def refuse(megabytes: int) -> Exception:
        return TooLarge(f"{name}: the file is larger than {megabytes} MB.")

    return File(kinds=kinds, max_size=MOST, too_large=refuse)


def kept(call: Call, media: Mapping[str, str]) -> StoredFile:
    """The file of a call, kept, whose body has to name the patient of the path and the content's type. Raises
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
