"""The models of a server, and what each can do."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import ollama

from .errors import OllamaError

if TYPE_CHECKING:
    from .client import OllamaServer

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

    @classmethod
    def from_response(cls, model: ollama.ListResponse.Model) -> InstalledModel:
        """Read one model of a list response; every detail may be missing."""
        details = model.details
        return cls(
            name=model.model or "",
            digest=model.digest or "",
            size=int(model.size or 0),
            parameter_size=(details and details.parameter_size) or "",
            quantization=(details and details.quantization_level) or "",
            family=(details and details.family) or "",
        )


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """What `/api/show` tells of a model; the context length is in tokens."""

    capabilities: frozenset[str]
    context_length: int | None
    family: str

    @classmethod
    def from_response(cls, shown: ollama.ShowResponse) -> ModelDetails:
        """Read a show response.

        The context length stands in model_info under `<architecture>.context_length`.
        """
        info: dict[str, Any] = dict(shown.modelinfo or {})
        length = next(
            (
                int(value)
                for key, value in info.items()
                if key.endswith(".context_length") and isinstance(value, int | float)
            ),
            None,
        )
        return cls(
            capabilities=frozenset(shown.capabilities or ()),
            context_length=length,
            family=(shown.details and shown.details.family) or "",
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


def full_name(model: str) -> str:
    """Return a model's name with its tag, which is `latest` when left out."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


class ModelCatalog:
    """Installed models of one server, their details read once for each digest."""

    def __init__(self, server: OllamaServer) -> None:
        """Start empty; the first question fills it."""
        self._server = server
        self._installed: dict[str, InstalledModel] = {}
        self._details: dict[str, tuple[str, ModelDetails]] = {}

    async def async_refresh(self) -> list[InstalledModel]:
        """Ask for the installed models. Raises OllamaError."""
        models = await self._server.async_list()
        self._installed = {model.name: model for model in models}
        return models

    async def async_details(self, model: str) -> ModelDetails:
        """Return what a model can do, from memory while its digest stays the same.

        Raises OllamaError, ModelMissingError among them.
        """
        name = full_name(model)
        if name not in self._installed:
            await self.async_refresh()
        installed = self._installed.get(name)
        digest = installed.digest if installed else ""
        cached = self._details.get(name)
        if cached is not None and cached[0] == digest:
            return cached[1]
        details = await self._server.async_show(name)
        if digest:
            self._details[name] = (digest, details)
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
