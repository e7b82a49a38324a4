"""Trying out a voice pipeline: a sentence is spoken to it, and it answers."""

from dataclasses import asdict
from typing import Final

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.assist_pipeline import Pipeline, async_get_pipelines
from homeassistant.components.assist_pipeline.runtime import KEY_ASSIST_PIPELINE
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv
import probatio

from ..const import DOMAIN
from ..runtime import time_limits
from ..voice.round_trip import asks_us, async_round_trip, find_pipeline
from ..voice.settings import CONF_PIPELINE, SUBENTRY_VOICE
from .action import Action
from .asking import words_needed

CONF_CONTROL: Final = "control"
CONF_SENTENCE: Final = "sentence"


async def _async_test(call: ServiceCall) -> ServiceResponse:
    pipeline = _pipeline_of(call)
    await _async_check_user(call, pipeline)
    result = await async_round_trip(
        call.hass,
        pipeline.id,
        time_limits(call.hass),
        sentence=call.data.get(CONF_SENTENCE),
        control=call.data[CONF_CONTROL],
        context=call.context,
    )
    return asdict(result)


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
        probatio.Optional(CONF_SENTENCE): words_needed,
        probatio.Optional(CONF_CONTROL, default=False): cv.boolean,
    },
    _async_test,
)
