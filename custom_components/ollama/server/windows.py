"""The context windows that are left to us: one for each model, as large as is needed.

Another window has the server load the model anew, so that all who leave it to us get the
same, a talk keeps what it began with, and it grows in steps. What a graphics card can't hold
makes a model many times slower, so that it is given back.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

from .lenient import as_count, as_mapping
from .models import LoadedModel
from .names import full_name

STEPS: Final = (4096, 8192, 16384, 32768)
"""In tokens. Beyond, only the owner can tell what his card can take."""
FIRST_WINDOW: Final = 8192


@dataclass(frozen=True, slots=True)
class Window:
    """What is known of one model."""

    chosen: int = FIRST_WINDOW
    cap: int | None = None
    """The largest that stays in the memory of the graphics card, once that is known."""
    is_too_large: bool = False
    """Whether the model itself is larger than the card, so that no window helps."""


class Windows:
    """Chooses context windows, and remembers them."""

    def __init__(self) -> None:
        """Start with the usual window for every model."""
        self._windows: dict[str, Window] = {}
        self._limits: dict[str, int] = {}
        """What models were made for, of those that were asked about."""

    def of(self, model: str, limit: int | None) -> int:
        """Return the window of a model; `limit` is what the model was made for."""
        if limit:
            self._limits[full_name(model)] = limit
        return min(self._known(model).chosen, limit or STEPS[-1])

    def largest(self, model: str, limit: int | None) -> int:
        """Return the window that it may grow to."""
        return min(self._known(model).cap or STEPS[-1], limit or STEPS[-1])

    def want(self, model: str, tokens: int, limit: int | None, least: int = 0) -> int:
        """Let a window grow until it holds so many tokens, if it may; return it.

        It grows beyond what the graphics card holds for `least` alone: slow is better than no
        answer.
        """
        window, largest = self._known(model), self.largest(model, limit)
        if least > largest:
            largest, tokens = min(STEPS[-1], limit or STEPS[-1]), least
        if tokens > window.chosen:
            step = next((step for step in STEPS if step >= tokens), STEPS[-1])
            chosen = max(min(step, largest), min(window.chosen, largest))
            self._windows[full_name(model)] = replace(window, chosen=chosen)
        return self.of(model, limit)

    def note(self, loaded: LoadedModel) -> None:
        """Learn from a loaded model whether its window fits beside it on the graphics card.

        A model without any memory of a card runs on the processor, where windows cost little.
        """
        window = self._known(loaded.name)
        asked = self.of(loaded.name, self._limits.get(full_name(loaded.name)))
        if not loaded.gpu_size or not loaded.size or loaded.context_length != asked:
            return
        if loaded.gpu_size >= loaded.size or window.is_too_large:
            return
        smaller = [step for step in STEPS if step < asked]
        window = (
            replace(window, chosen=smaller[-1], cap=smaller[-1])
            if smaller
            else Window(is_too_large=True)
        )
        self._windows[full_name(loaded.name)] = window

    def _known(self, model: str) -> Window:
        return self._windows.get(full_name(model), Window())

    def as_dict(self) -> dict[str, Any]:
        """Return what can be saved."""
        return {
            model: {"chosen": window.chosen, "cap": window.cap, "too_large": window.is_too_large}
            for model, window in self._windows.items()
        }

    def restore(self, saved: Any) -> None:
        """Go on with what an earlier run has learned."""
        for model, values in as_mapping(saved).items():
            window = as_mapping(values)
            chosen = as_count(window.get("chosen"))
            cap = as_count(window.get("cap"))
            if chosen in STEPS:
                self._windows.setdefault(
                    str(model),
                    Window(chosen, cap if cap in STEPS else None, window.get("too_large") is True),
                )
