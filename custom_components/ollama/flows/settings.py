"""The form with the settings of an agent or an AI task."""

from collections.abc import Iterable, Mapping, Sequence
import sys
from typing import Any

from homeassistant.const import CONF_LLM_HASS_API, CONF_PROMPT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers import llm
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TemplateSelector,
    TextSelector,
    TextSelectorConfig,
)
import probatio

from ..agent.settings import (
    CONF_NUM_PREDICT,
    DEFAULT_KEEP_ALIVE,
    DEFAULT_MAX_HISTORY,
    DEFAULT_NUM_CTX,
    STOP_OPTION,
    ToolCalling,
)
from ..const import (
    CONF_KEEP_ALIVE,
    CONF_LLM_APIS,
    CONF_MAX_HISTORY,
    CONF_NUM_CTX,
    CONF_NUM_CTX_AUTO,
    CONF_PLAIN_TEXT,
    CONF_PRIME,
    CONF_THINK,
    CONF_TOOL_CALLING,
)
from ..home import API_ID
from ..server import Capability, ModelDetails
from .policy import policy_as_form, policy_schema

SECTION_SAMPLING = "sampling"
SECTION_POLICY = "policy"

_MIN_NUM_CTX = 2048
_THINK_OFF = "off"
_THINK_ON = "on"


def number_field(minimum: float, maximum: float = sys.maxsize, step: float = 1) -> NumberSelector:
    """Return a box for a number."""
    return NumberSelector(
        NumberSelectorConfig(min=minimum, max=maximum, step=step, mode=NumberSelectorMode.BOX)
    )


# The ranges are those that the server accepts; seed and num_predict know -1.
_SAMPLING: Mapping[str, Any] = {
    "temperature": number_field(0, 2, 0.05),
    "top_p": number_field(0, 1, 0.05),
    "top_k": number_field(0),
    "repeat_penalty": number_field(0, 2, 0.05),
    "seed": number_field(0),
    CONF_NUM_PREDICT: number_field(1),
    STOP_OPTION: TextSelector(TextSelectorConfig(multiple=True)),
}


def settings_schema(
    hass: HomeAssistant, details: ModelDetails | None, *, talks: bool
) -> probatio.Schema:
    """Return the form for a model; `talks` for an agent, else for an AI task."""
    fields: dict[Any, Any] = {}
    if talks:
        fields[probatio.Optional(CONF_PROMPT)] = TemplateSelector()
        fields[probatio.Optional(CONF_LLM_HASS_API)] = SelectSelector(
            SelectSelectorConfig(
                options=[
                    SelectOptionDict(value=api.id, label=api.name)
                    for api in llm.async_get_apis(hass)
                ],
                multiple=True,
            )
        )
        fields[probatio.Optional(CONF_TOOL_CALLING)] = SelectSelector(
            SelectSelectorConfig(
                options=[way.value for way in ToolCalling], translation_key="tool_calling"
            )
        )
        fields[probatio.Optional(CONF_PLAIN_TEXT)] = BooleanSelector()
    if details is not None and details.can(Capability.THINKING):
        fields[probatio.Optional(CONF_THINK)] = SelectSelector(
            SelectSelectorConfig(
                options=list(details.thinking_levels) or [_THINK_OFF, _THINK_ON],
                translation_key="think",
            )
        )
    fields |= {
        probatio.Optional(CONF_NUM_CTX): number_field(*_range_of_num_ctx(details)),
        probatio.Optional(CONF_MAX_HISTORY): number_field(0),
        probatio.Optional(CONF_KEEP_ALIVE): number_field(-1),
    }
    if talks:
        fields[probatio.Optional(CONF_PRIME)] = BooleanSelector()
    fields[probatio.Required(SECTION_SAMPLING)] = section(
        probatio.Schema({probatio.Optional(key): selector for key, selector in _SAMPLING.items()}),
        {"collapsed": True},
    )
    if talks:
        fields[probatio.Required(SECTION_POLICY)] = section(policy_schema(), {"collapsed": True})
    return probatio.Schema(fields)


def as_form(
    hass: HomeAssistant,
    data: Mapping[str, Any],
    details: ModelDetails | None,
    *,
    talks: bool,
    is_new: bool,
    policy: Mapping[str, Any],
) -> dict[str, Any]:
    """Return subentry data, and the policy from the entry, as the values of the form."""
    known_apis = {api.id for api in llm.async_get_apis(hass)}
    apis = data.get(CONF_LLM_APIS) or data.get(CONF_LLM_HASS_API, [API_ID] if is_new else [])
    least, most = _range_of_num_ctx(details)
    num_ctx = data.get(CONF_NUM_CTX, DEFAULT_NUM_CTX)
    values: dict[str, Any] = {
        CONF_THINK: _think_as_form(data.get(CONF_THINK), details),
        CONF_MAX_HISTORY: data.get(CONF_MAX_HISTORY, DEFAULT_MAX_HISTORY),
        CONF_KEEP_ALIVE: data.get(CONF_KEEP_ALIVE, DEFAULT_KEEP_ALIVE),
        SECTION_SAMPLING: {key: data[key] for key in _SAMPLING if key in data},
    }
    if not (is_new or data.get(CONF_NUM_CTX_AUTO)):
        # Set for another model it may be more than this one can take, and the form would
        # refuse it in words that nobody understands.
        values[CONF_NUM_CTX] = min(max(num_ctx, least), most)
    if talks:
        values[CONF_PRIME] = data.get(CONF_PRIME, True)
        values[CONF_PROMPT] = data.get(CONF_PROMPT, llm.DEFAULT_INSTRUCTIONS_PROMPT)
        values[CONF_LLM_HASS_API] = [
            api for api in ([apis] if isinstance(apis, str) else apis) if api in known_apis
        ]
        values[CONF_TOOL_CALLING] = ToolCalling.read(data.get(CONF_TOOL_CALLING)).value
        values[CONF_PLAIN_TEXT] = data.get(CONF_PLAIN_TEXT, False)
        values[SECTION_POLICY] = policy_as_form(policy)
    return values


def read_form(
    user_input: Mapping[str, Any],
    before: Mapping[str, Any],
    shown: Iterable[Any],
    details: ModelDetails | None,
) -> dict[str, Any]:
    """Return subentry data from the form, without the policy.

    Keys that the form doesn't show are kept: those of a later version.
    """
    owned = {str(key) for key in shown} | set(_SAMPLING) | {CONF_LLM_APIS, CONF_NUM_CTX_AUTO}
    if details is not None:
        # Core's integration sends it to every model, and one that can't think refuses it.
        owned.add(CONF_THINK)
    data = {key: value for key, value in before.items() if key not in owned}
    values = {**user_input, **user_input.get(SECTION_SAMPLING, {})}
    values.pop(SECTION_SAMPLING, None)
    values.pop(SECTION_POLICY, None)
    if values.get(CONF_NUM_CTX) is None:
        # Left to us. Core's integration is to find a number all the same.
        values[CONF_NUM_CTX_AUTO] = True
        values[CONF_NUM_CTX] = float(min(DEFAULT_NUM_CTX, _range_of_num_ctx(details)[1]))
    if CONF_THINK in values:
        values[CONF_THINK] = {_THINK_OFF: False, _THINK_ON: True}.get(
            values[CONF_THINK], values[CONF_THINK]
        )
    values[STOP_OPTION] = [word for word in values.get(STOP_OPTION, ()) if word]
    for key in (CONF_LLM_HASS_API, STOP_OPTION):
        if not values.get(key):
            values.pop(key, None)
    return data | values | apis_for_core(values.get(CONF_LLM_HASS_API, ()))


def apis_for_core(apis: Sequence[str]) -> dict[str, list[str]]:
    """Return how a choice of APIs is saved.

    Core's integration must know all that stands under its own key: Assist stands there in
    place of what is ours, and the real choice under a key of our own.
    """
    if API_ID not in apis:
        return {CONF_LLM_HASS_API: list(apis)} if apis else {}
    known = [llm.LLM_API_ASSIST if api == API_ID else api for api in apis]
    return {CONF_LLM_HASS_API: list(dict.fromkeys(known)), CONF_LLM_APIS: list(apis)}


def _range_of_num_ctx(details: ModelDetails | None) -> tuple[int, int]:
    most = (details.context_length if details else None) or sys.maxsize
    return min(_MIN_NUM_CTX, most), most


def _think_as_form(think: bool | str | None, details: ModelDetails | None) -> str | None:
    levels = details.thinking_levels if details else ()
    if isinstance(think, str) and think in levels:
        return think
    if levels:
        return levels[0] if not think else levels[1]
    return _THINK_ON if think else _THINK_OFF
