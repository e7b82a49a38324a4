"""Options that a model may choose among, and what is done when one is chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
import json
from typing import Any, Final

from homeassistant.const import CONF_DESCRIPTION, CONF_ID, CONF_SEQUENCE
from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.script import (
    Script,
    async_validate_actions_config,
    script_stack_cv,
)
from homeassistant.helpers.template import is_template_string
from homeassistant.helpers.trace import script_execution_get, trace_clear
import probatio

from ..const import DOMAIN

NONE: Final = "none"
"""What a model says when no option suits."""

_SCRIPT_NAME: Final = "Ollama decision"


class Ending(Enum):
    """How the actions of an option ended."""

    DONE = auto()
    """At their end, or at a `stop` that is no error."""
    GIVEN_UP = auto()
    """Before it: a condition was not met, something was waited for in vain, or a `stop` said so."""
    STOPPED = auto()
    """Home Assistant is stopping."""


# What Home Assistant calls them.
_ENDINGS: Final = {"finished": Ending.DONE, "aborted": Ending.GIVEN_UP}


@dataclass(frozen=True, slots=True)
class Option:
    """One of the things that may be done."""

    id: str
    description: str
    sequence: Sequence[dict[str, Any]]
    """Actions of Home Assistant's, validated. Empty: choosing it is only told."""

    async def async_run(self, hass: HomeAssistant, context: Context) -> Ending:
        """Run the actions as whoever called, and return how they ended.

        Raises HomeAssistantError, translated.
        """
        script = Script(hass, list(self.sequence), _SCRIPT_NAME, DOMAIN, log_exceptions=False)
        try:
            # In a task of its own: its steps must not get into the trace of the caller.
            return await hass.async_create_task(_async_run_apart(script, context))
        except Exception as err:
            # Whatever an action of any integration raises; it is told to whoever called.
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="decision_failed",
                translation_placeholders={
                    "option": self.id,
                    "error": str(err) or type(err).__name__,
                },
            ) from err
        finally:
            await script.async_unload()


async def _async_run_apart(script: Script, context: Context) -> Ending:
    trace_clear()
    # It returns a result, too, where a condition has broken it off.
    await script.async_run(context=context)
    return _ENDINGS.get(script_execution_get() or "", Ending.STOPPED)


async def async_options(call: ServiceCall, given: Sequence[Mapping[str, Any]]) -> dict[str, Option]:
    """Return the options of a call by their ids.

    Raises ServiceValidationError that names the option, and Unauthorized.
    """
    options: dict[str, Option] = {}
    for item in given:
        option_id = item[CONF_ID].strip()
        if not option_id or option_id.casefold() == NONE or option_id in options:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="decision_option_id",
                translation_placeholders={"option": option_id},
            )
        sequence = await _async_sequence(call.hass, option_id, item.get(CONF_SEQUENCE))
        if not await _async_may_fire_events(call) and _fires_event(sequence):
            raise Unauthorized(context=call.context)
        options[option_id] = Option(option_id, item[CONF_DESCRIPTION].strip(), sequence)
    return options


async def _async_sequence(
    hass: HomeAssistant, option_id: str, given: object
) -> list[dict[str, Any]]:
    if given is None:
        return []
    try:
        return await async_validate_actions_config(hass, cv.SCRIPT_SCHEMA(_literal(given)))
    except (probatio.Invalid, HomeAssistantError) as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="decision_option_invalid",
            translation_placeholders={"option": option_id, "error": str(err)},
        ) from err


def _literal(value: Any) -> Any:
    """Return a sequence in which no text is rendered as a template once more.

    The caller has rendered it already: what still looks like a template came out of one, from
    a message or a sensor, and is not the owner's.
    """
    match value:
        case dict():
            return {key: _literal(item) for key, item in value.items()}
        case list():
            return [_literal(item) for item in value]
        case str() if is_template_string(value):
            return "{{ " + json.dumps(value, ensure_ascii=False) + " }}"
        case _:
            return value


async def _async_may_fire_events(call: ServiceCall) -> bool:
    """Whether the caller may: people who are no admins only through the owner's scripts."""
    if call.context.user_id is None or script_stack_cv.get():
        return True
    user = await call.hass.auth.async_get_user(call.context.user_id)
    return user is not None and user.is_admin


def _fires_event(value: Any) -> bool:
    """Whether any step of a sequence may fire an event; rather one too many."""
    match value:
        case dict():
            return "event" in value or any(map(_fires_event, value.values()))
        case list():
            return any(map(_fires_event, value))
        case _:
            return False
