"""Checks a request body as the server's JSON decoder and option parser do."""

import base64
import binascii
from collections.abc import Mapping
import json
from typing import Any

from .errors import ApiError

_KINDS: Mapping[type, str] = {
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
}
# Go names of the field types, by field; unknown fields are ignored.
_FIELDS: Mapping[str, tuple[type, str]] = {
    "model": (str, "string"),
    "name": (str, "string"),
    "messages": (list, "[]api.Message"),
    "tools": (list, "api.Tools"),
    "options": (dict, "map[string]interface {}"),
    "stream": (bool, "bool"),
    "truncate": (bool, "bool"),
    "shift": (bool, "bool"),
    "raw": (bool, "bool"),
    "prompt": (str, "string"),
    "system": (str, "string"),
    "images": (list, "[]api.ImageData"),
    "insecure": (bool, "bool"),
}
THINK_LEVELS = ("high", "medium", "low", "max")

_INTEGERS = frozenset(
    {
        "main_gpu",
        "num_batch",
        "num_ctx",
        "num_gpu",
        "num_keep",
        "num_predict",
        "num_thread",
        "repeat_last_n",
        "seed",
        "top_k",
    }
)
_FLOATS = frozenset(
    {
        "frequency_penalty",
        "min_p",
        "presence_penalty",
        "repeat_penalty",
        "temperature",
        "top_p",
        "typical_p",
    }
)


def read_object(body: bytes, struct: str) -> dict[str, Any]:
    """Return the JSON object in ``body``; ``struct`` is the Go type named in errors."""
    if not body.strip():
        raise ApiError(400, "missing request body")
    try:
        value = json.loads(body)
    except json.JSONDecodeError as error:
        raise ApiError(400, _syntax_error(error)) from error
    except UnicodeDecodeError as error:
        raise ApiError(400, "invalid character in request body") from error
    if not isinstance(value, dict):
        kind = _KINDS.get(type(value), "null")
        text = f"json: cannot unmarshal {kind} into Go value of type api.{struct}"
        raise ApiError(400, text)
    for name, (kind_type, go_type) in _FIELDS.items():
        found = value.get(name)
        if found is not None and not isinstance(found, kind_type):
            kind = _KINDS[type(found)]
            text = (
                f"json: cannot unmarshal {kind} into Go struct field "
                f"{struct}.{name} of type {go_type}"
            )
            raise ApiError(400, text)
    return value


def _syntax_error(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos :].strip()
    if not rest or error.msg.startswith("Unterminated string"):
        return "unexpected EOF"
    return f"invalid character {rest[0]!r} looking for beginning of value"


def check_think(value: Any) -> bool | str | None:
    """Return ``think`` if it is one of the accepted values (fact 10)."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value in THINK_LEVELS:
        return value
    shown = json.dumps(value)
    levels = ", ".join(f'"{level}"' for level in THINK_LEVELS)
    raise ApiError(400, f"invalid think value: {shown} (must be {levels}, true, or false)")


def check_messages(messages: list[Any]) -> None:
    """Check images and the arguments of earlier tool calls."""
    for message in messages:
        if not isinstance(message, dict):
            kind = _KINDS.get(type(message), "null")
            text = (
                f"json: cannot unmarshal {kind} into Go struct field "
                "ChatRequest.messages of type api.Message"
            )
            raise ApiError(400, text)
        check_images(message.get("images") or ())
        for call in message.get("tool_calls") or ():
            arguments = call.get("function", {}).get("arguments", {})
            if not isinstance(arguments, dict):
                # chat_tools_bad_arguments_string_400.json
                text = "Value looks like object, but can't find closing '}' symbol"
                raise ApiError(400, text)


def check_images(images: Any) -> None:
    """Raise when an image is not base64 (chat_image_not_base64_400.json)."""
    for image in images:
        try:
            base64.b64decode(image, validate=True)
        except (binascii.Error, ValueError) as error:
            text = "illegal base64 data at input byte 0"
            raise ApiError(400, text) from error


def check_options(options: Mapping[str, Any]) -> None:
    """Raise on a wrong type: status 500, as recorded (chat_bad_option_type_500.json)."""
    for name, value in options.items():
        if value is None:
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in _INTEGERS and not number:
            raise ApiError(500, f'option "{name}" must be of type integer')
        if name in _FLOATS and not number:
            raise ApiError(500, f'option "{name}" must be of type float32')
        if name == "stop" and not isinstance(value, list):
            raise ApiError(500, 'option "stop" must be of type array')
        if name == "use_mmap" and not isinstance(value, bool):
            raise ApiError(500, 'option "use_mmap" must be of type boolean')


def is_cloud(name: str) -> bool:
    """Whether the name is that of a model that runs elsewhere."""
    return name.endswith(("-cloud", ":cloud"))
