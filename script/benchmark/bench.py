"""What a measure works with: a home to talk to, and clocks."""

from dataclasses import dataclass
from itertools import batched
import time

from homeassistant.components import conversation
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.chat_session import DATA_CHAT_SESSION

from . import talk
from .model_link import ModelServer, Request


@dataclass(frozen=True, slots=True)
class Batch:
    """Several turns of the same kind, one after another."""

    added: list[float]
    """For each turn: seconds from the sentence to the answer, without the model server's own."""
    cpu: float
    """CPU seconds of a turn, on average, all threads together."""
    requests: list[Request]


@dataclass(frozen=True, slots=True)
class Bench:
    """A home in which one of the integrations runs, and its model server."""

    hass: HomeAssistant
    agent_id: str
    server: ModelServer

    async def say(self, sentence: str) -> str:
        """Begin a talk with a sentence, and return the answer. Raises RuntimeError on a failure."""
        result = await conversation.async_converse(
            self.hass, sentence, None, Context(), "en", self.agent_id
        )
        speech = str(result.response.speech["plain"]["speech"])
        if result.response.error_code is not None:
            raise RuntimeError(f"the turn failed: {speech}")
        return speech

    async def batch(self, sentence: str, turns: int) -> Batch:
        """Say a sentence several times, in as many talks."""
        walls = []
        cpu = time.process_time()
        for _ in range(turns):
            started = time.perf_counter()
            answer = await self.say(sentence)
            walls.append(time.perf_counter() - started)
        cpu = time.process_time() - cpu
        self._check(sentence, answer)
        requests = await self.server.take()
        if (
            not requests
            or len(requests) % turns
            or not all(request.finished for request in requests)
        ):
            raise RuntimeError(f"{len(requests)} requests for {turns} turns")
        self.forget()
        busy = [
            sum(request.busy for request in of_turn)
            for of_turn in batched(requests, len(requests) // turns, strict=True)
        ]
        added = [wall - server for wall, server in zip(walls, busy, strict=True)]
        return Batch(added, cpu / turns, requests)

    def forget(self) -> None:
        """End all talks, as Home Assistant does five minutes after the last word."""
        sessions = self.hass.data[DATA_CHAT_SESSION]
        while sessions:
            sessions.popitem()[1].async_cleanup()

    def _check(self, sentence: str, answer: str) -> None:
        """Raise RuntimeError when something else was done than what was said."""
        expected = talk.expected(sentence)
        if answer.strip() != expected.strip():
            raise RuntimeError(f"an answer that nobody gave: {answer[:200]!r}")
        if sentence == talk.SWITCH:
            light = self.hass.states.get(talk.LIGHT_ID)
            if light is None or light.state != "on":
                raise RuntimeError("the light is not on")
