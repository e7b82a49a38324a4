"""Recordings and comparing with them."""

from dataclasses import dataclass
import json
from pathlib import Path
import re
from typing import Any

RECORDINGS = Path(__file__).parent / "recordings"
VERSIONS = {"0.32.15": RECORDINGS, "0.24.0": RECORDINGS / "v0.24.0"}
# Fields of which only the type can be the same.
VARYING = frozenset(
    [
        "created_at",
        "modified_at",
        "expires_at",
        "total_duration",
        "load_duration",
        "prompt_eval_duration",
        "eval_duration",
    ]
)


@dataclass(frozen=True)
class Recording:
    """One recorded exchange."""

    version: str
    file: str
    entry: dict[str, Any]
    body: str

    @property
    def lines(self) -> list[Any]:
        """The JSON values of the body, one per line."""
        return [json.loads(line) for line in self.body.split("\n") if line.strip()]

    @property
    def content_type(self) -> str | None:
        return self.entry["response_headers"].get("content-type")

    @property
    def request_body(self) -> bytes | None:
        request = self.entry["request"]
        if request is None:
            return None
        return request.encode() if isinstance(request, str) else json.dumps(request).encode()


def names(version: str) -> list[str]:
    """The files of a version, without the index."""
    return sorted(
        path.name
        for path in VERSIONS[version].iterdir()
        if path.is_file() and path.name != "index.json"
    )


def read(version: str, file: str) -> Any:
    """An observation: a JSON value."""
    return json.loads((VERSIONS[version] / file).read_text(encoding="utf-8"))


def load(version: str) -> list[Recording]:
    """The exchanges of a version."""
    folder = VERSIONS[version]
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return [
        Recording(version, file, entry, (folder / file).read_text(encoding="utf-8"))
        for file, entry in sorted(index.items())
    ]


def shape(value: Any) -> Any:
    """The field names and JSON types of ``value``, recursively.

    The elements of a list count as one shape if they are equal, so that lists of other lengths
    compare equal.
    """
    if isinstance(value, dict):
        return {name: shape(child) for name, child in value.items()}
    if isinstance(value, list):
        found: list[Any] = []
        for child in value:
            one = shape(child)
            if one not in found:
                found.append(one)
        return found
    if value is None or isinstance(value, bool | str):
        return type(value).__name__
    return "number"


def without_thinking_runs(shapes: list[Any]) -> list[Any]:
    """Leave one of several thinking lines in a row: how thinking is cut is the model's affair."""
    kept: list[Any] = []
    for one in shapes:
        thinks = isinstance(one, dict) and "thinking" in (one.get("message") or {})
        if thinks and kept and kept[-1] == one:
            continue
        kept.append(one)
    return kept


def error_text(value: Any) -> str | None:
    """The error in a line, with directories taken out."""
    if not isinstance(value, dict) or "error" not in value:
        return None
    return re.sub(r"open \S*/blobs/", "open <dir>/blobs/", str(value["error"]))


def count_tiny(text: str) -> int:
    """Count tokens as the tiny models of the recordings do: byte by byte.

    A marker is one token, a space three (U+2581), and their templates put one more marker
    (``<|go_answer|>``) at the very end.
    """
    rest, markers = re.subn(r"<\|[a-z_]+\|>", "", text)
    last = 1 if text.endswith("<|im_start|>assistant\n") else 0
    return markers + last + len(rest.replace(" ", "\u2581").encode())


def count_native(text: str) -> int:
    """Count tokens of ``tiny-native``: its template puts no line end after a message."""
    return count_tiny(text) - text.count("<|im_end|>\n")
