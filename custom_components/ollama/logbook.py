"""What the AI was asked and did, as lines of the logbook."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import translation

from .agent import sentence_of
from .const import DOMAIN, EVENT_QUERY_PROCESSED

_PREFIX: Final = f"component.{DOMAIN}.exceptions"
_BETWEEN: Final = " · "


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, Any]]], None],
) -> None:
    """Tell the logbook how to describe a query."""

    @callback
    def describe(event: Event) -> dict[str, Any]:
        data = event.data
        entity_id = data.get("entity_id") or ""
        state = hass.states.get(entity_id)
        return {
            LOGBOOK_ENTRY_NAME: state.name if state else entity_id or DOMAIN,
            LOGBOOK_ENTRY_MESSAGE: _message(hass, data),
            LOGBOOK_ENTRY_ENTITY_ID: entity_id or None,
        }

    async_describe_event(DOMAIN, EVENT_QUERY_PROCESSED, describe)


def _message(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """Return a sentence: what was asked, then what was done, answered, or went wrong."""
    query = data.get("query")
    parts = [
        _text(hass, "logbook_asked", query=query)
        if query
        else _text(hass, "logbook_asked_something")
    ]
    parts += dict.fromkeys(_done(hass, call) for call in data.get("tool_calls") or ())
    if error := data.get("error"):
        parts.append(_why(hass, str(error), str(data.get("model"))))
    elif response := data.get("response"):
        parts.append(_text(hass, "logbook_answered", response=response))
    return _BETWEEN.join(parts)


def _why(hass: HomeAssistant, error: str, model: str) -> str:
    """Return what went wrong, where that can be told by what the event holds."""
    try:
        reason = _text(hass, error, model=model)
    except KeyError:
        reason = error
    if reason == error:
        return _text(hass, "logbook_failed")
    return _text(hass, "logbook_failed_because", reason=reason)


def _done(hass: HomeAssistant, call: dict[str, Any]) -> str:
    """Return what one call did, as the agent would say it."""
    targets = ", ".join(map(str, call.get("targets") or ()))
    if not targets:
        return _text(hass, "done")
    return _text(hass, sentence_of(str(call.get("name"))), targets=targets)


def _text(hass: HomeAssistant, key: str, **placeholders: str) -> str:
    """Return a part of the sentence; the logbook can't wait for a file to be read."""
    texts = translation.async_get_cached_translations(
        hass, hass.config.language, "exceptions", DOMAIN
    )
    return texts.get(f"{_PREFIX}.{key}.message", key).format(**placeholders)
