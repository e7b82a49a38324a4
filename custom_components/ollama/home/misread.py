"""The error of a value that can't be read."""

_SHOWN: int = 60  # characters of what was written


class ValueNotUnderstoodError(ValueError):
    """A value means nothing here. The text says what would; it may be sent to a model."""


def not_understood(written: object, expected: str, example: str) -> ValueNotUnderstoodError:
    """Return the error that says what was expected, with an example."""
    shown = repr(written)
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}…"
    return ValueNotUnderstoodError(f"{shown} is not {expected}. Pass for example {example}.")
