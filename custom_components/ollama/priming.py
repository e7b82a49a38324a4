"""Having a server read an agent's prompt before it is needed.

Most of the wait before the first word is that reading. It is done when an agent is loaded, when
its home has changed, after something else took its place, and above all when somebody begins
to speak.
"""

import asyncio
from collections.abc import Callable, Generator
import contextlib
from dataclasses import replace
import logging
from typing import Final

from homeassistant.components import conversation
from homeassistant.const import CONF_MODEL, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import llm
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from .agent import SOURCE_CONVERSATION, async_compose
from .agent.settings import CONF_NUM_PREDICT
from .agents import Agent
from .const import DOMAIN, SUBENTRY_CONVERSATION
from .home import async_get_inventory_cache
from .server import ChatRequest, QueryResult, full_name
from .server.request import KEEP_LOADED_FOREVER

_LOGGER: Final = logging.getLogger(__name__)

_AFTER_START: Final = 5.0
"""Seconds from the start until the first prompt is read: devices still come up."""
_AFTER_CHANGE: Final = 10.0
"""After a change of the home: changes come in swarms."""
_AFTER_QUERY: Final = 1.0
"""After something else was asked: more of it may follow."""
_LONGEST_SENTENCE: Final = 10.0
"""Seconds for which background work is kept waiting after somebody has begun to speak."""
_AT_ONCE: Final = "0s"
_PLACEHOLDER: Final = "Hello"
"""Stands for the sentence; what a server keeps ends before it."""


class Primer:
    """Primes one agent."""

    def __init__(self, agent: Callable[[], Agent]) -> None:
        """Take what returns the agent as it is now."""
        self._agent = agent
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._stops: list[CALLBACK_TYPE] = []
        self._may_load = False

    @callback
    def async_start(self) -> None:
        """Begin to watch."""
        agent = self._agent()
        if not agent.settings.prime or _is_unloaded_at_once(agent):
            return
        self._stops = [
            async_at_started(agent.hass, self._async_started),
            async_get_inventory_cache(agent.hass).async_listen(self._async_home_changed),
            agent.runtime.records.usage.listen(self._async_look_at),
            agent.hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._async_break_off),
        ]

    @callback
    def async_stop(self) -> None:
        """Stop watching, and break off what is under way."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        self._async_break_off()

    @callback
    def _async_break_off(self, _: Event | None = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._task.cancel()

    async def async_prepare(self) -> None:
        """Prime now: somebody has begun to speak."""
        agent = self._agent()
        if agent.settings.prime and not _is_unloaded_at_once(agent):
            await _async_prepare(agent)

    @callback
    def _async_started(self, _: HomeAssistant) -> None:
        self._may_load = True
        self._async_soon(_AFTER_START)

    @callback
    def _async_home_changed(self) -> None:
        self._async_soon(_AFTER_CHANGE)

    @callback
    def _async_look_at(self, result: QueryResult | None) -> None:
        """Come back after something else has taken the prompt's place."""
        agent = self._agent()
        if result is None or full_name(result.model) != full_name(agent.settings.model):
            return
        spoken_to = agent.runtime.records.spoken_to
        if result.agent == agent.subentry_id and result.source == SOURCE_CONVERSATION:
            spoken_to[full_name(result.model)] = agent.subentry_id
        elif self._is_favourite(agent):
            self._async_soon(_AFTER_QUERY)

    def _is_favourite(self, agent: Agent) -> bool:
        """Whether it is the agent that was spoken to last, of those with its model.

        A server may keep one prompt only: several agents would drive out each other's.
        """
        model = full_name(agent.settings.model)
        favourite = agent.runtime.records.spoken_to.get(model)
        agents = [
            subentry.subentry_id
            for subentry in agent.entry.subentries.values()
            if subentry.subentry_type == SUBENTRY_CONVERSATION
            and full_name(subentry.data.get(CONF_MODEL, "")) == model
        ]
        if favourite not in agents:
            favourite = agents[0] if agents else None
        return favourite == agent.subentry_id

    @callback
    def _async_soon(self, seconds: float) -> None:
        """Prime when it has been quiet for so long."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._agent().hass.loop.call_later(seconds, self._async_begin)

    @callback
    def _async_begin(self) -> None:
        self._timer = None
        agent = self._agent()
        queue = agent.runtime.server.queue
        if not queue.is_idle:
            self._async_soon(_AFTER_QUERY)
            return
        if self._task is None and self._is_favourite(agent):
            # Only at the start: what somebody has unloaded since stays unloaded.
            may_load, self._may_load = self._may_load, False
            self._task = agent.entry.async_create_background_task(
                agent.hass,
                _async_prime(agent, may_load=may_load),
                f"{DOMAIN} prime {agent.entity_id}",
            )
            self._task.add_done_callback(self._async_ended)

    @callback
    def _async_ended(self, task: asyncio.Task[None]) -> None:
        self._task = None


async def _async_prime(agent: Agent, *, may_load: bool) -> None:
    """Prime while nobody waits."""
    with _whatever_happens():
        request = await _async_request(agent, may_load=may_load)
        if request is not None and not _is_warm(agent, request):
            await agent.runtime.server.async_prime(request)


async def _async_prepare(agent: Agent) -> None:
    """Prime for somebody who has begun to speak, and keep the slot until the sentence comes."""
    with _whatever_happens():
        request = await _async_request(agent, may_load=True, is_awaited=True)
        if request is None:
            return
        is_warm = _is_warm(agent, request)
        with agent.runtime.server.queue.expecting_speech(make_way=not is_warm) as heard:
            if not is_warm:
                await agent.runtime.server.async_prime(request, is_awaited=True)
            if not heard.is_set():
                agent.entry.async_create_background_task(
                    agent.hass, _async_keep_slot(agent), f"{DOMAIN} slot {agent.entity_id}"
                )


async def _async_keep_slot(agent: Agent) -> None:
    """Keep work in the background from taking the prompt's place before the sentence comes."""
    queue = agent.runtime.server.queue
    with queue.expecting_speech(make_way=False) as heard, contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LONGEST_SENTENCE):
            await heard.wait()


@contextlib.contextmanager
def _whatever_happens() -> Generator[None]:
    """Let a failure pass: whoever asks for something is told, and nobody has asked for this."""
    try:
        yield
    except HomeAssistantError as err:
        _LOGGER.debug("A prompt could not be read in advance: %s", type(err).__name__)


def _is_warm(agent: Agent, request: ChatRequest) -> bool:
    return agent.runtime.server.prefixes.is_warm(request.model, request.prefix)


async def _async_request(
    agent: Agent, *, may_load: bool, is_awaited: bool = False
) -> ChatRequest | None:
    """Return the request with which the next talk begins, for a single token.

    None while the server is away, and where the model isn't loaded and may not be.
    """
    if not agent.runtime.coordinator.last_update_success:
        return None
    settings = agent.settings
    keep_alive = await _async_keep_alive(agent, may_load=may_load, is_awaited=is_awaited)
    if keep_alive is None:
        return None
    context = llm.LLMContext(
        platform=DOMAIN,
        context=None,
        language=agent.hass.config.language,
        assistant=conversation.DOMAIN,
        device_id=None,
    )
    prompt = await async_compose(agent.hass, context, await agent.async_with_room(settings))
    log = conversation.ChatLog(
        agent.hass,
        ulid_now(),
        content=[
            conversation.SystemContent(content=prompt.system),
            conversation.UserContent(content=_PLACEHOLDER),
        ],
        llm_api=prompt.api,
    )
    query = agent.runtime.records.usage.open("prime", agent.subentry_id, settings.model)
    request = await agent.turn(query, settings).async_first_request(log)
    options = {**(request.options or {}), CONF_NUM_PREDICT: 1}
    return replace(request, options=options, keep_alive=keep_alive)


def _is_unloaded_at_once(agent: Agent) -> bool:
    """Whether the owner wants the model out of memory after each answer."""
    return agent.settings.keep_alive == _AT_ONCE


async def _async_keep_alive(
    agent: Agent, *, may_load: bool, is_awaited: bool
) -> float | str | None:
    """Return how long the model is to stay loaded: as long as it would without this.

    None where it isn't loaded, and nobody is about to load it. Raises OllamaError.
    """
    settings = agent.settings
    name = full_name(settings.model)
    if may_load and settings.keep_alive == KEEP_LOADED_FOREVER:
        return KEEP_LOADED_FOREVER
    # Asked for anew: each answer puts off the end, and the last poll may be older.
    running = await agent.runtime.server.async_running()
    loaded = next((one for one in running if full_name(one.name) == name), None)
    left = 0
    if loaded is not None:
        if loaded.expires_at is None or settings.keep_alive == KEEP_LOADED_FOREVER:
            return KEEP_LOADED_FOREVER
        left = int((loaded.expires_at - dt_util.utcnow()).total_seconds())
    if left > 0:
        return f"{left}s"
    # As the sentence will that somebody is about to say.
    return settings.keep_alive if is_awaited else None
