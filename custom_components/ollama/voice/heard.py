"""Whether an answer is heard."""

from itertools import chain
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant

if TYPE_CHECKING:
    # It brings packages that are there only where pipelines are in use.
    from homeassistant.components.assist_pipeline import PipelineEvent

_DATA = "assist_pipeline"
_BEGIN = "run-start"
_END = "run-end"


def is_heard(hass: HomeAssistant, conversation_id: str) -> bool:
    """Whether a pipeline that speaks waits for the answer in a conversation.

    It is asked of the record that Home Assistant keeps for debugging: neither the sentence nor
    the chat log tell whether an app has heard it or whether it was typed.
    """
    if (data := hass.data.get(_DATA)) is None:
        return False
    runs = chain.from_iterable(runs.values() for runs in data.pipeline_debug.values())
    return any(_speaks(run.events, conversation_id) for run in runs if run.events)


def _speaks(events: list[PipelineEvent], conversation_id: str) -> bool:
    first, last = events[0], events[-1]
    if first.type != _BEGIN or last.type == _END:
        return False
    data = first.data or {}
    return data.get("conversation_id") == conversation_id and "tts_output" in data
