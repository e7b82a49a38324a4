"""Names of models, as the server compares them."""

import re
from typing import Final

_SCHEME: Final = re.compile(r"^https?://")
# Where a model without a place in its name comes from: host, then namespace.
_DEFAULT_PLACES: Final = ("registry.ollama.ai/", "library/")


def full_name(model: str) -> str:
    """Return a name in the form in which it can be compared, not shown.

    The server looks at no capitals; the tag is `latest` when left out, and the library's
    own place may be left out.
    """
    model = _SCHEME.sub("", model.strip().lower())
    for place in _DEFAULT_PLACES:
        model = model.removeprefix(place)
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"
