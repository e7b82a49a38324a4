"""Having a server read an agent's prompt before it is needed.

Most of the wait before the first word is that reading. It is done when an agent is loaded, when
its home has changed, after something else took its place, and above all when somebody begins
to speak.
"""

import asyncio
from collections.abc import Callable, Generator
import contextlib
from dataclasses import replace
from datetime import UTC, datetime
import logging
from typing import Final

from homeassistant.components import conversation
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, llm
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from .agent import SOURCE_CONVERSATION, AgentSettings, async_compose
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
"""After the last of several changes of the home: they come in swarms."""
_LONGEST_SWARM: Final = 6
"""After so many times that long a swarm is not waited for any longer."""
_AFTER_QUERY: Final = 1.0
"""After something else was asked: more of it may follow."""
_LONGEST_SENTENCE: Final = 10.0
"""Seconds for which background work is kept waiting after somebody has begun to speak."""
_AT_ONCE: Final = "0s"
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_PLACEHOLDER: Final = "Hello"
"""Stands for the sentence; what a server keeps ends before it."""


class Primer:
    """Primes one agent."""

    def __init__(self, agent: Callable[[], Agent]) -> None:
        """Take what returns the agent as it is now."""
        self._agent = agent
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._preparing: set[asyncio.Task[None]] = set()
        self._stops: list[CALLBACK_TYPE] = []
        self._may_load = False
        self._changing_since: float | None = None
        self._was_there = self._was_loaded = False

    @callback
    def async_start(self) -> None:
        """Begin to watch."""
        agent = self._agent()
        if not _is_primed(agent.settings):
            return
        self._was_there, self._was_loaded = _is_there(agent), _is_loaded(agent)
        self._stops = [
            async_at_started(agent.hass, self._async_started),
            agent.runtime.coordinator.async_add_listener(self._async_server_told),
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
        for task in self._preparing:
            task.cancel()

    async def async_prepare(self) -> None:
        """Prime now: somebody has begun to speak."""
        agent = self._agent()
        if not _is_primed(agent.settings):
            return
        # A task of its own, so that it can be broken off without whoever waits for it.
        task = agent.entry.async_create_background_task(
            agent.hass, _async_prepare(agent), f"{DOMAIN} prepare {agent.entity_id}"
        )
        self._preparing.add(task)
        try:
            await asyncio.wait((task,))
        finally:
            self._preparing.discard(task)
            task.cancel()
        if not task.cancelled():
            task.result()

    @callback
    def _async_started(self, _: HomeAssistant) -> None:
        self._may_load = True
        self._async_soon(_AFTER_START)

    @callback
    def _async_home_changed(self) -> None:
        now = self._agent().hass.loop.time()
        if self._changing_since is None:
            self._changing_since = now
        latest = self._changing_since + _LONGEST_SWARM * _AFTER_CHANGE
        self._async_soon(max(0.0, min(_AFTER_CHANGE, latest - now)))

    @callback
    def _async_server_told(self) -> None:
        """Begin when the server has come back, or somebody has loaded the model."""
        agent = self._agent()
        is_there, is_loaded = _is_there(agent), _is_loaded(agent)
        if (is_there and not self._was_there) or (is_loaded and not self._was_loaded):
            self._async_soon(_AFTER_QUERY)
        self._was_there, self._was_loaded = is_there, is_loaded
        if is_loaded:
            # What somebody unloads from now on stays unloaded.
            self._may_load = False

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

        A server may keep one prompt only: several agents would drive out each other's. Those
        whose prompts are never read in advance do not count.
        """
        model = full_name(agent.settings.model)
        favourite = agent.runtime.records.spoken_to.get(model)
        agents = [
            subentry_id
            for subentry_id, settings in _agents_in_use(agent)
            if full_name(settings.model) == model and _is_primed(settings)
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
        if not queue.is_idle or self._task is not None:
            self._async_soon(_AFTER_QUERY)
            return
        self._changing_since = None
        if self._is_favourite(agent):
            self._task = agent.entry.async_create_background_task(
                agent.hass, self._async_prime(agent), f"{DOMAIN} prime {agent.entity_id}"
            )
            self._task.add_done_callback(self._async_ended)

    @callback
    def _async_ended(self, task: asyncio.Task[None]) -> None:
        self._task = None

    async def _async_prime(self, agent: Agent) -> None:
        """Prime while nobody waits."""
        with _whatever_happens():
            request = await _async_request(agent, may_load=self._may_load)
            if request is None:
                return
            # Only once: what somebody has unloaded since stays unloaded.
            self._may_load = False
            if not _is_warm(agent, request):
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


def _is_primed(settings: AgentSettings) -> bool:
    """Whether prompts are read in advance at all.

    Not where the owner wants the model out of memory after each answer.
    """
    return settings.prime and settings.keep_alive != _AT_ONCE


def _agents_in_use(agent: Agent) -> list[tuple[str, AgentSettings]]:
    """Return the agents of the same server, without those that the owner has disabled."""
    registry = er.async_get(agent.hass)
    found = []
    for subentry in agent.entry.get_subentries_of_type(SUBENTRY_CONVERSATION):
        entity_id = registry.async_get_entity_id(
            Platform.CONVERSATION, DOMAIN, subentry.subentry_id
        )
        if entity_id is not None and not registry.entities[entity_id].disabled:
            found.append((subentry.subentry_id, AgentSettings.from_data(subentry.data)))
    return found


def _is_there(agent: Agent) -> bool:
    return agent.runtime.coordinator.last_update_success


def _is_loaded(agent: Agent) -> bool:
    """Whether the model was loaded when the server last told."""
    state = agent.runtime.coordinator.data
    name = full_name(agent.settings.model)
    return _is_there(agent) and any(full_name(model.name) == name for model in state.loaded)


def _is_warm(agent: Agent, request: ChatRequest) -> bool:
    return agent.runtime.server.prefixes.is_warm(request.model, request.prefix)


async def _async_request(
    agent: Agent, *, may_load: bool, is_awaited: bool = False
) -> ChatRequest | None:
    """Return the request with which the next talk begins, for a single token.

    None while the server is away, and where the model isn't loaded and may not be.
    """
    if not _is_there(agent):
        return None
    settings = agent.settings
    end = await _async_end(agent, may_load=may_load)
    if end is None and not is_awaited:
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
    # As the sentence will that somebody is about to say.
    otherwise = settings.keep_alive if is_awaited else None
    keep_alive = _keep_alive(agent, request, end) or otherwise
    if keep_alive is None:
        return None
    options = {**(request.options or {}), CONF_NUM_PREDICT: 1}
    return replace(request, options=options, keep_alive=keep_alive)


async def _async_end(agent: Agent, *, may_load: bool) -> datetime | None:
    """Return when the model goes out of memory, `_NEVER` among it.

    None where it isn't loaded and may not be, or nobody tells. Raises OllamaError.
    """
    stays = agent.settings.keep_alive == KEEP_LOADED_FOREVER
    if may_load and stays:
        return _NEVER
    name = full_name(agent.settings.model)
    # Asked for anew: each answer puts off the end, and the last poll may be older.
    running = await agent.runtime.server.async_running()
    loaded = next((one for one in running if full_name(one.name) == name), None)
    if loaded is None:
        return None
    return _NEVER if stays or loaded.stays else loaded.expires_at


def _keep_alive(agent: Agent, request: ChatRequest, end: datetime | None) -> float | str | None:
    """Return what keeps the model loaded as long as it would be without this; None for nothing.

    The server counts from when it has read the prompt.
    """
    if end is None:
        return None
    if end == _NEVER:
        return KEEP_LOADED_FOREVER
    records = agent.runtime.records
    tokens = records.usage.tokens_of(request.model, request.size)
    reading = records.prefixes.seconds_to_read(request.model, tokens)
    left = int((end - dt_util.utcnow()).total_seconds() - reading)
    return f"{left}s" if left > 0 else None
