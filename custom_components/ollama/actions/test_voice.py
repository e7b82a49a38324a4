"""Trying out a voice pipeline: a sentence is spoken to it, and it answers."""

from collections.abc import Generator
import contextlib
from contextvars import ContextVar
from dataclasses import asdict
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.assist_pipeline import Pipeline, async_get_pipelines
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv
import probatio

from ..agent import SOURCE_CONVERSATION
from ..const import DOMAIN
from ..runtime import time_limits
from ..server import QueryResult
from ..voice.round_trip import agent_entry, asks_us, async_round_trip, find_pipeline
from ..voice.settings import CONF_PIPELINE, SUBENTRY_VOICE
from ..voice.words import has_words
from .action import Action
from .asking import usage_of, words_needed

CONF_CONTROL: Final = "control"
CONF_SENTENCE: Final = "sentence"

_results_of: ContextVar[list[QueryResult] | None] = ContextVar("ollama_voice_test", default=None)


async def _async_test(call: ServiceCall) -> ServiceResponse:
    pipeline = _pipeline_of(call)
    await _async_check_user(call, pipeline)
    with _queries(call.hass, pipeline) as results:
        trip = await async_round_trip(
            call.hass,
            pipeline.id,
            time_limits(call.hass),
            sentence=call.data.get(CONF_SENTENCE),
            control=call.data[CONF_CONTROL],
            context=call.context,
        )
    # What a tool of the agent asked in turn has ended before.
    last = results[-1] if results else None
    return {**asdict(trip), "model": last.model if last else None, "usage": usage_of(last)}


@contextlib.contextmanager
def _queries(hass: HomeAssistant, pipeline: Pipeline) -> Generator[list[QueryResult]]:
    """Gather how the queries end that the agent of a pipeline makes for this test.

    Who listens is called where a query ends, in its task: so those of others are told apart.
    """
    results: list[QueryResult] = []

    def note(result: QueryResult | None) -> None:
        if result and result.source == SOURCE_CONVERSATION and _results_of.get() is results:
            results.append(result)

    entry = agent_entry(hass, pipeline)
    with contextlib.ExitStack() as stack:
        if entry is not None and entry.state is ConfigEntryState.LOADED:
            stack.callback(entry.runtime_data.records.usage.listen(note))
        stack.callback(_results_of.reset, _results_of.set(results))
        yield results


def _sentence(value: Any) -> str:
    text = words_needed(value)
    if not has_words(text):
        raise probatio.Invalid("the sentence has no words")
    return text


def _pipeline_of(call: ServiceCall) -> Pipeline:
    """Return the pipeline of a call; else the first of ours, else the preferred one if it asks us.

    Raises ServiceValidationError, translated.
    """
    hass, pipeline_id = call.hass, call.data.get(CONF_PIPELINE)
    if pipeline_id is None:
        pipeline_id = _first_made_by_us(hass)
    pipeline = find_pipeline(hass, pipeline_id)
    if pipeline_id is None and not asks_us(hass, pipeline):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="voice_test_no_pipeline"
        )
    return pipeline


def _first_made_by_us(hass: HomeAssistant) -> str | None:
    if KEY_ASSIST_PIPELINE not in hass.data:
        return None
    there = {pipeline.id for pipeline in async_get_pipelines(hass)}
    for entry in hass.config_entries.async_entries(DOMAIN):
        for subentry in entry.get_subentries_of_type(SUBENTRY_VOICE):
            pipeline_id = subentry.data.get(CONF_PIPELINE)
            if pipeline_id in there:
                return str(pipeline_id)
    return None


async def _async_check_user(call: ServiceCall, pipeline: Pipeline) -> None:
    """Raise Unauthorized for an agent that the calling user may not even see."""
    if (user_id := call.context.user_id) is None:
        return
    user = await call.hass.auth.async_get_user(user_id)
    agent = pipeline.conversation_engine
    if user is None:
        raise UnknownUser(context=call.context, entity_id=agent)
    if not user.permissions.check_entity(agent, POLICY_READ):
        raise Unauthorized(context=call.context, entity_id=agent)


TEST_VOICE = Action(
    "test_voice",
    {
        probatio.Optional(CONF_PIPELINE): cv.string,
        probatio.Optional(CONF_SENTENCE): _sentence,
        probatio.Optional(CONF_CONTROL, default=False): cv.boolean,
    },
    _async_test,
)
