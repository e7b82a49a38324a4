"""The list of models in a form."""

import asyncio
from collections.abc import Iterable, Mapping

from homeassistant.core import HomeAssistant
from homeassistant.helpers import translation
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..const import DOMAIN
from ..server import Capability, InstalledModel, ModelDetails, OllamaError, OllamaServer
from ..server.names import full_name
from .download import readable_size

# Worth telling apart by; that a model completes text goes without saying.
_SHOWN_CAPABILITIES = (
    Capability.TOOLS,
    Capability.VISION,
    Capability.THINKING,
    Capability.EMBEDDING,
)

DEFAULT_MODEL = "qwen3:4b-instruct"
"""Core's default: small, quick, and calls tools."""

# From the library on ollama.com: each calls tools; from small to large.
SUGGESTED_MODELS = (
    DEFAULT_MODEL,
    "llama3.2:3b",
    "qwen3:8b",
    "llama3.1:8b",
    "granite3.3:8b",
    "mistral-nemo:12b",
    "qwen3:14b",
    "gpt-oss:20b",
    "mistral-small3.2:24b",
    "qwen3:30b-a3b",
    "qwen3:32b",
    "llama3.3:70b",
)


async def async_read_models(
    server: OllamaServer,
) -> tuple[list[InstalledModel], dict[str, ModelDetails]]:
    """Return the installed models, and by name what they can do.

    Raises OllamaError. All details together get the time of one request: a list
    without them is better than a form that doesn't come.
    """
    installed = await server.models.async_refresh()
    try:
        async with asyncio.timeout(server.limits.short):
            return installed, await server.models.async_details_of_all(installed)
    except TimeoutError:
        return installed, {}


async def async_read_details(server: OllamaServer, model: str) -> ModelDetails | None:
    """Return what a model can do, None where the server doesn't tell."""
    try:
        return await server.models.async_details(model)
    except OllamaError:
        return None


async def async_model_selector(
    hass: HomeAssistant,
    installed: Iterable[InstalledModel],
    details: Mapping[str, ModelDetails],
    *,
    suggest: bool = True,
) -> SelectSelector:
    """Return a list of models: the installed ones first, then some to download.

    Models that only embed text are left out; any other name can be typed.
    """
    texts = await _async_texts(hass)
    usable = [
        model
        for model in sorted(installed, key=lambda model: model.name)
        if _chats(model, details.get(model.name))
    ]
    names = {full_name(model.name) for model in usable}
    options = [
        SelectOptionDict(value=model.name, label=_label(model, details.get(model.name), texts))
        for model in usable
    ]
    options += [
        SelectOptionDict(value=name, label=f"{name} · {texts['download']}")
        for name in SUGGESTED_MODELS
        if suggest and full_name(name) not in names
    ]
    return SelectSelector(
        SelectSelectorConfig(options=options, custom_value=True, mode=SelectSelectorMode.DROPDOWN)
    )


def preferred_model(
    installed: Iterable[InstalledModel], details: Mapping[str, ModelDetails]
) -> str:
    """Return the model to suggest: an installed one that calls tools, if there is one."""
    names = [
        model.name
        for model in sorted(installed, key=lambda model: model.name)
        if (known := details.get(model.name)) is not None
        and known.chats
        and known.can(Capability.TOOLS)
    ]
    if not names or DEFAULT_MODEL in names:
        return DEFAULT_MODEL
    return names[0]


async def async_abilities(hass: HomeAssistant, details: ModelDetails | None) -> str:
    """Return what a model can do, in words."""
    texts = await _async_texts(hass)
    if details is None:
        return texts["unknown"]
    return _abilities(details, texts) or texts["text_only"]


def _chats(model: InstalledModel, details: ModelDetails | None) -> bool:
    """Whether a model answers, as far as that is known."""
    if details is not None:
        return details.chats
    return not model.capabilities or Capability.COMPLETION in model.capabilities


def _label(model: InstalledModel, details: ModelDetails | None, texts: Mapping[str, str]) -> str:
    parts = [
        model.name,
        readable_size(model.size),
        model.parameter_size,
        model.quantization,
        _abilities(details, texts) if details else "",
    ]
    return " · ".join(part for part in parts if part)


def _abilities(details: ModelDetails, texts: Mapping[str, str]) -> str:
    return ", ".join(
        texts[capability] for capability in _SHOWN_CAPABILITIES if details.can(capability)
    )


async def _async_texts(hass: HomeAssistant) -> dict[str, str]:
    """Return the words of the labels: options of a list can't be translated each."""
    prefix = f"component.{DOMAIN}.selector.model_label.options."
    texts = await translation.async_get_translations(
        hass, hass.config.language, "selector", {DOMAIN}
    )
    return {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}
