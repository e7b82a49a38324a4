"""Somebody speaks: from where, and when the first word of the answer comes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import time
from typing import Any

from homeassistant.components import conversation
from homeassistant.components.intent import async_register_timer_handler
from homeassistant.core import Context
from homeassistant.helpers import (
    area_registry as ar,
    chat_session,
    device_registry as dr,
)

from . import talk
from .bench import Bench
from .home import DOMAIN


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as it came; seconds from the sentence."""

    first: float
    """Until the first piece that could be spoken."""
    whole: float
    talk_id: str


async def read_another(bench: Bench) -> None:
    """Have the model loaded, with the prompt of somebody else as the last that it read."""
    (entry,) = bench.hass.config_entries.async_entries(DOMAIN)
    windows = {subentry.data["num_ctx"] for subentry in entry.subentries.values()}
    await bench.server.read(talk.SPEAK, min(windows))


def satellite(bench: Bench, room: str) -> str:
    """Return a voice device in a room; it keeps timers, as they do."""
    (entry,) = bench.hass.config_entries.async_entries(DOMAIN)
    area = ar.async_get(bench.hass).async_get_or_create(room)
    devices = dr.async_get(bench.hass)
    device = devices.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("bench", room)}, name=f"{room} satellite"
    )
    devices.async_update_device(device.id, area_id=area.id)
    async_register_timer_handler(bench.hass, device.id, lambda *_: None)
    return device.id


async def speak(bench: Bench, *, device_id: str | None = None, talk_id: str | None = None) -> Heard:
    """Say a sentence, as a voice pipeline hands it over. Raises RuntimeError on a failure."""
    first: list[float] = []

    def note(_: conversation.ChatLog, delta: Mapping[str, Any]) -> None:
        if not first and delta.get("content"):
            first.append(time.perf_counter())

    hass = bench.hass
    started = time.perf_counter()
    with (
        chat_session.async_get_chat_session(hass, talk_id) as session,
        conversation.async_get_chat_log(hass, session, chat_log_delta_listener=note),
    ):
        result = await conversation.async_converse(
            hass,
            talk.SPEAK,
            session.conversation_id,
            Context(),
            "en",
            bench.agent_id,
            device_id=device_id,
        )
    ended = time.perf_counter()
    if result.response.error_code is not None:
        raise RuntimeError(f"the turn failed: {result.response.speech['plain']['speech']}")
    if not first:
        raise RuntimeError("nothing was said")
    return Heard(first[0] - started, ended - started, session.conversation_id)


async def prepare_and_speak(bench: Bench, device_id: str, seconds: float) -> Heard:
    """Say a sentence that takes so long: the agent knows from its first word that it comes."""
    preparing = bench.hass.async_create_task(
        conversation.async_prepare_agent(bench.hass, bench.agent_id, "en")
    )
    await asyncio.sleep(seconds)
    heard = await speak(bench, device_id=device_id)
    await preparing
    return heard


async def do_job(bench: Bench) -> None:
    """Have an AI task done that nobody waits for, as an automation does."""
    (task,) = bench.hass.states.async_entity_ids("ai_task")
    await bench.hass.services.async_call(
        "ai_task",
        "generate_data",
        {"task_name": "Bench", "entity_id": task, "instructions": talk.SPEAK},
        blocking=True,
        return_response=True,
        context=Context(),
    )
