"""The talks that actions hold: one turn at a time, and nothing of one that failed."""

import asyncio
from dataclasses import replace

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import chat_session
import pytest

from custom_components.ollama.actions.talks import _TURNS, async_talk_turn
from custom_components.ollama.const import DATA_TIME_LIMITS
from simulator import Reply, Simulator

from ..common import say, speech

TALK = "telegram 12"


def exchange(log: conversation.ChatLog, question: str, answer: str | None = None) -> None:
    log.async_add_user_content(conversation.UserContent(content=question))
    log.async_add_assistant_content_without_tools(
        conversation.AssistantContent(agent_id="test", content=answer or f"to {question}")
    )


def said(log: conversation.ChatLog) -> list[str]:
    """Return what a talk holds behind its system text."""
    return [str(item.content) for item in log.content[1:]]


async def turn(hass: HomeAssistant, question: str, conversation_id: str | None = TALK) -> str:
    async with async_talk_turn(hass, conversation_id, None) as (_, log):
        log.async_add_user_content(conversation.UserContent(content=question))
        await asyncio.sleep(0)
        log.async_add_assistant_content_without_tools(
            conversation.AssistantContent(agent_id="test", content=f"to {question}")
        )
        return log.conversation_id


async def held(hass: HomeAssistant, conversation_id: str = TALK) -> list[str]:
    """Return what is kept of a talk."""
    async with async_talk_turn(hass, conversation_id, None) as (_, log):
        return said(log)


@pytest.fixture(autouse=True)
def _no_lock_stays(hass: HomeAssistant):
    """However its turns ended, a talk leaves no lock behind."""
    yield
    assert not hass.data.get(_TURNS)


async def test_turns_of_one_talk_come_one_by_one(hass: HomeAssistant):
    await asyncio.gather(*(turn(hass, f"question {number}") for number in range(20)))
    assert await held(hass) == [
        text for number in range(20) for text in (f"question {number}", f"to question {number}")
    ]


async def test_talks_do_not_wait_for_each_other(hass: HomeAssistant):
    async with async_talk_turn(hass, "one", None), asyncio.timeout(0.5):
        await asyncio.gather(*(turn(hass, "hello", name) for name in ("two", "three")))
        first = await asyncio.create_task(turn(hass, "hello", None))
        assert first != await asyncio.create_task(turn(hass, "hello", None))
    assert await held(hass, "two") == ["hello", "to hello"]


async def test_a_turn_inside_its_own_talk_is_refused(hass: HomeAssistant):
    """It would wait for itself, also in a task that was started in between."""
    async with async_talk_turn(hass, TALK, None) as (_, log):
        for work in (turn(hass, "inner"), asyncio.create_task(turn(hass, "inner"))):
            with pytest.raises(ServiceValidationError) as caught:
                await work
            assert caught.value.translation_key == "conversation_inside_itself"
        exchange(log, "outer")
    assert await held(hass) == ["outer", "to outer"]


async def test_another_talk_inside_of_a_talk(hass: HomeAssistant):
    """Each is written into its own log, and the outer one goes on as before."""
    async with async_talk_turn(hass, TALK, None) as (session, log):
        inner = await turn(hass, "inner", None)
        await turn(hass, "beside", "other")
        assert chat_session.current_session.get() is session
        assert conversation.chat_log.current_chat_log.get() is log
        exchange(log, "outer")
    assert inner != log.conversation_id
    assert await held(hass) == ["outer", "to outer"]
    assert await held(hass, "other") == ["beside", "to beside"]


async def failing(
    hass: HomeAssistant, raised: Exception, conversation_id: str | None = TALK
) -> None:
    async with async_talk_turn(hass, conversation_id, None) as (_, log):
        exchange(log, "lost")
        raise raised


@pytest.mark.parametrize("raised", [HomeAssistantError("no"), ValueError("no")])
async def test_a_failed_turn_leaves_nothing(hass: HomeAssistant, raised: Exception):
    """Home Assistant would give the same task the log of the failed turn again."""

    await turn(hass, "first")
    with pytest.raises(type(raised)):
        await failing(hass, raised)
    assert chat_session.current_session.get() is None
    assert await held(hass) == ["first", "to first"]
    await turn(hass, "second")
    assert await held(hass) == ["first", "to first", "second", "to second"]


@pytest.mark.parametrize("conversation_id", [TALK, None])
async def test_a_first_turn_that_fails(hass: HomeAssistant, conversation_id: str | None):
    with pytest.raises(HomeAssistantError):
        await failing(hass, HomeAssistantError("no"), conversation_id)
    assert chat_session.current_session.get() is None
    assert not hass.data.get(chat_session.DATA_CHAT_SESSION)
    assert await held(hass) == []


async def test_a_turn_that_is_broken_off(hass: HomeAssistant):
    """Whoever waits behind it gets their turn."""
    begun = asyncio.Event()

    async def endless() -> None:
        async with async_talk_turn(hass, TALK, None) as (_, log):
            exchange(log, "lost")
            begun.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(endless())
    await begun.wait()
    waiting = asyncio.create_task(turn(hass, "next"))
    given_up = asyncio.create_task(turn(hass, "given up"))
    await asyncio.sleep(0)
    given_up.cancel()
    running.cancel()
    await asyncio.wait({running, waiting, given_up})
    assert (running.cancelled(), given_up.cancelled()) == (True, True)
    assert await held(hass) == ["next", "to next"]


async def test_waiting_ends(hass: HomeAssistant):
    hass.data[DATA_TIME_LIMITS] = replace(hass.data[DATA_TIME_LIMITS], answer=0.05)
    entered = asyncio.Event()
    leave = asyncio.Event()

    async def slow() -> None:
        async with async_talk_turn(hass, TALK, None):
            entered.set()
            await leave.wait()

    running = asyncio.create_task(slow())
    await entered.wait()
    with pytest.raises(HomeAssistantError) as caught:
        await turn(hass, "impatient")
    assert caught.value.translation_key == "conversation_busy"
    # A turn that has begun may take longer than that.
    leave.set()
    await running
    await turn(hass, "later")
    assert await held(hass) == ["later", "to later"]


async def test_an_agents_talk_goes_on(hass: HomeAssistant, entry, sim: Simulator):
    """What was spoken is known to an action, and the other way round."""
    sim.script(Reply("Hello Anna."), Reply("You are Anna."))
    assert speech(await say(hass, "I am Anna.", conversation_id=TALK)) == "Hello Anna."
    assert await held(hass) == ["I am Anna.", "Hello Anna."]
    await turn(hass, "remember the milk")
    await say(hass, "Who am I?", conversation_id=TALK)
    assert [m["content"] for m in sim.chats[1].body["messages"][1:]] == [
        "I am Anna.",
        "Hello Anna.",
        "remember the milk",
        "to remember the milk",
        "Who am I?",
    ]


async def test_what_began_inside_of_a_turn_may_outlive_it(hass: HomeAssistant) -> None:
    """A timer that a tool has set asks in the same talk, long after that turn has ended."""
    ended = asyncio.Event()

    async def ask_later() -> None:
        await ended.wait()
        async with async_talk_turn(hass, "one", None):
            pass

    async with async_talk_turn(hass, "one", None):
        later = hass.async_create_task(ask_later())
    ended.set()
    async with asyncio.timeout(1):
        await later
