"""Which part of a prompt a runner still remembers (observed_prompt_cache.json, fact 25).

0.24 keeps what each slot read last. 0.32 also finds an earlier prompt again after another one
used the slot. Both keep what a cancelled prefill has read.
"""

from typing import Literal

from .tokens import TokenCounter, common_prefix, take_tokens

# How many prompts the 0.32 store remembers. The real one is limited by memory, not by number.
STORED_PROMPTS = 32


class PromptCache:
    """The prompts one runner remembers."""

    def __init__(self, kind: Literal["store", "slot"], counter: TokenCounter) -> None:
        """Start empty."""
        self._kind = kind
        self._counter = counter
        self._slots: dict[int, str] = {}
        self._store: list[str] = []

    def best_slot(self, free: set[int], prompt: str) -> int:
        """Return the free slot that shares most with ``prompt``, the lowest of equals."""
        return max(sorted(free), key=lambda slot: common_prefix(self._slots.get(slot, ""), prompt))

    def cached_tokens(self, slot: int, prompt: str, total: int) -> int:
        """Return how many of the ``total`` tokens of ``prompt`` need not be read again.

        At least one token is always read: the answer starts from it.
        """
        known = [self._slots.get(slot, "")]
        if self._kind == "store":
            known += self._store
        shared = max(common_prefix(text, prompt) for text in known)
        if not shared:
            return 0
        return min(self._counter(prompt[:shared]), total - 1)

    def remember(self, slot: int, text: str) -> None:
        """Keep ``text`` (a prompt, with the answer once there is one) as what ``slot`` read."""
        if not text:
            return
        self._slots[slot] = text
        if self._kind != "store":
            return
        # A text that goes on where a stored one ends replaces it: they share the same memory.
        self._store = [old for old in self._store if not text.startswith(old)]
        self._store.append(text)
        del self._store[:-STORED_PROMPTS]

    def remember_part(self, slot: int, prompt: str, tokens: int) -> None:
        """Keep the first ``tokens`` tokens of ``prompt``: the prefill was cancelled there."""
        part = take_tokens(prompt, tokens, self._counter)
        if any(text.startswith(part) for text in [self._slots.get(slot, ""), *self._store]):
            return
        self.remember(slot, part)
