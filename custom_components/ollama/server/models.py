"""The models of a server, and what each can do."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .errors import OllamaError
from .lenient import as_count, as_mapping, as_text, as_texts, as_time
from .names import full_name

if TYPE_CHECKING:
    from .client import OllamaServer

_FOR_EVER = 2300
"""Ollama writes "for ever" as a year beyond this one (fact 18 of the recordings)."""

_SHOWN_AT_ONCE = 4
"""`show` requests under way at once: a server may hold a hundred models."""

# Families whose thinking has levels instead of a switch (OpenAI's harmony format).
_LEVEL_FAMILIES = frozenset({"gptoss", "gpt-oss"})
THINKING_LEVELS = ("low", "medium", "high")


class Capability(StrEnum):
    """What a model can do, in the words of `/api/show`."""

    COMPLETION = "completion"
    TOOLS = "tools"
    VISION = "vision"
    THINKING = "thinking"
    EMBEDDING = "embedding"


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model as `/api/tags` lists it; the size is in bytes."""

    name: str
    digest: str
    size: int
    parameter_size: str
    quantization: str
    family: str
    capabilities: tuple[str, ...] = ()
    """Empty where the server doesn't list them: those before 0.32 (fact 20)."""
    is_remote: bool = False
    """Whether the server passes what it is asked on to another one."""

    @classmethod
    def from_answer(cls, model: Mapping[str, Any]) -> InstalledModel:
        """Read one model of the list; anything may be missing."""
        details = as_mapping(model.get("details"))
        return cls(
            name=_name(model),
            digest=as_text(model.get("digest")),
            size=as_count(model.get("size")),
            parameter_size=as_text(details.get("parameter_size")),
            quantization=as_text(details.get("quantization_level")),
            family=as_text(details.get("family")),
            capabilities=as_texts(model.get("capabilities")),
            is_remote=bool(as_text(model.get("remote_host"))),
        )


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory, as `/api/ps` lists it; sizes are in bytes."""

    name: str
    size: int
    gpu_size: int
    context_length: int
    """In tokens, for each request at a time."""
    expires_at: datetime | None
    """When it is unloaded; None for never, and where the server does not tell."""
    stays: bool = False
    """Whether the server says that it is never unloaded."""

    @classmethod
    def from_answer(cls, model: Mapping[str, Any]) -> LoadedModel:
        """Read one model of the list; anything may be missing."""
        return cls(
            name=_name(model),
            size=as_count(model.get("size")),
            gpu_size=as_count(model.get("size_vram")),
            context_length=as_count(model.get("context_length")),
            expires_at=as_time(model.get("expires_at")),
            stays=_is_for_ever(as_text(model.get("expires_at"))),
        )


def _is_for_ever(moment: str) -> bool:
    year = moment[:4]
    return year.isdecimal() and int(year) >= _FOR_EVER


def _name(model: Mapping[str, Any]) -> str:
    return as_text(model.get("model")) or as_text(model.get("name"))


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """What `/api/show` tells of a model; the context length is in tokens."""

    capabilities: frozenset[str]
    context_length: int | None
    family: str

    @classmethod
    def from_answer(cls, shown: Mapping[str, Any]) -> ModelDetails:
        """Read a show answer; anything may be missing.

        The context length stands in model_info under `<architecture>.context_length`.
        """
        info = as_mapping(shown.get("model_info"))
        lengths = (as_count(info[key]) for key in info if key.endswith(".context_length"))
        return cls(
            capabilities=frozenset(as_texts(shown.get("capabilities"))),
            context_length=next(filter(None, lengths), None),
            family=as_text(as_mapping(shown.get("details")).get("family")),
        )

    def can(self, capability: Capability) -> bool:
        """Whether the model has a capability."""
        return capability in self.capabilities

    @property
    def thinking_levels(self) -> tuple[str, ...]:
        """The levels of thinking, empty for a model that only switches it."""
        if self.can(Capability.THINKING) and self.family in _LEVEL_FAMILIES:
            return THINKING_LEVELS
        return ()

    @property
    def chats(self) -> bool:
        """Whether the model answers at all, rather than only embedding text."""
        return not self.capabilities or self.can(Capability.COMPLETION)


@dataclass(slots=True, eq=False)
class _Asking:
    """One question to the server, and how many wait for the answer."""

    task: asyncio.Task[ModelDetails]
    waiting: int = 0


class ModelCatalog:
    """Installed models of one server, their details read once for each digest."""

    def __init__(self, server: OllamaServer) -> None:
        """Start empty; the first question fills it."""
        self._server = server
        self._installed: dict[str, InstalledModel] = {}
        self._details: dict[str, tuple[str, ModelDetails]] = {}
        self._asking: dict[str, _Asking] = {}

    async def async_refresh(self) -> list[InstalledModel]:
        """Ask for the installed models. Raises OllamaError."""
        models = await self._server.async_list()
        self._installed = {full_name(model.name): model for model in models}
        return models

    @property
    def installed(self) -> Mapping[str, InstalledModel]:
        """The installed models by full name, as the server last listed them."""
        return self._installed

    def find(self, model: str) -> InstalledModel | None:
        """Return an installed model, however its name is written."""
        return self._installed.get(full_name(model))

    def is_remote(self, model: str) -> bool:
        """Whether the server says that it passes on what this model is asked."""
        return (found := self.find(model)) is not None and found.is_remote

    def known_details(self, model: str) -> ModelDetails | None:
        """Return what is remembered of a model, without asking.

        Of one that nobody has looked at yet, what the list tells; None where that is nothing.
        """
        if (known := self._details.get(full_name(model))) is not None:
            return known[1]
        listed = self.find(model)
        if listed is None or not listed.capabilities:
            return None
        return ModelDetails(frozenset(listed.capabilities), None, listed.family)

    async def async_details(self, model: str) -> ModelDetails:
        """Return what a model can do, from memory while its digest stays the same.

        Many who ask at once are told by one request, in the order in which they came. Raises
        OllamaError, ModelMissingError among them.
        """
        name = full_name(model)
        asking = self._asking.get(name)
        if asking is None:
            if (known := self._fresh(name)) is not None:
                return known
            asking = self._asking[name] = _Asking(asyncio.create_task(self._async_ask(model)))
            # A request that is cancelled may still end in an error, which nobody waits for.
            asking.task.add_done_callback(_see)
        # Behind those who still wait, though the answer may be here already.
        asking.waiting += 1
        try:
            # Not awaited itself: whoever gives up leaves the answer to the others.
            await asyncio.wait((asking.task,))
            return asking.task.result()
        finally:
            asking.waiting -= 1
            if not asking.waiting:
                asking.task.cancel()
                if self._asking.get(name) is asking:
                    del self._asking[name]

    def _fresh(self, name: str) -> ModelDetails | None:
        """Return what is known of a model as it is installed now."""
        installed, cached = self._installed.get(name), self._details.get(name)
        if installed is None or cached is None or cached[0] != installed.digest:
            return None
        return cached[1]

    async def _async_ask(self, model: str) -> ModelDetails:
        name = full_name(model)
        if name not in self._installed:
            await self.async_refresh()
            if (known := self._fresh(name)) is not None:
                return known
        installed = self._installed.get(name)
        details = await self._server.async_show(installed.name if installed else model)
        if installed is not None and installed.digest:
            self._details[name] = (installed.digest, details)
        return details

    async def async_details_of_all(
        self, models: Iterable[InstalledModel]
    ) -> dict[str, ModelDetails]:
        """Return the details of many models; one that can't be read is left out."""
        gate = asyncio.Semaphore(_SHOWN_AT_ONCE)

        async def one(model: InstalledModel) -> tuple[str, ModelDetails] | None:
            async with gate:
                try:
                    return model.name, await self.async_details(model.name)
                except OllamaError:
                    # The list is still useful without what this model can do.
                    return None

        results = await asyncio.gather(*(one(model) for model in models))
        return dict(result for result in results if result is not None)

    def forget(self, model: str) -> None:
        """Drop what is known of a model, after it was downloaded or deleted."""
        name = full_name(model)
        self._installed.pop(name, None)
        self._details.pop(name, None)


def _see(task: asyncio.Task[ModelDetails]) -> None:
    if not task.cancelled():
        task.exception()
