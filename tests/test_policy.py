"""What a model may do in a home, and how it is kept from the rest."""

from collections.abc import Callable, Generator
import contextlib
import json
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.components import ai_task, conversation
from homeassistant.components.homeassistant.exposed_entities import (
    async_expose_entity,
    async_should_expose,
)
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, chat_session, entity_registry as er, llm
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.ollama.agent.calls import Deed
from custom_components.ollama.agent.explain import async_sentence
from custom_components.ollama.agent.report import async_question, async_report
from custom_components.ollama.const import DOMAIN
from custom_components.ollama.home import (
    DEFAULT_RULES,
    Kind,
    Policy,
    Rule,
    Waiting,
    async_waiting,
)
from custom_components.ollama.home.judging import kinds_of
from simulator import Reply, Simulator, ToolCall

from .common import PLAIN_MODEL, TASK, say, sentences, speech
from .policy_home import (
    BY_COVER,
    BY_NAME,
    FAMILIES,
    FRONT,
    GARAGE,
    UNLOCK_FRONT,
    AddAgent,
    Attack,
    Home,
    agent_data,
    furnish,
    set_policy,
)
from .replies import DIALECTS

PIN = "1234"
UNLOCKED = ("lock.unlock", "lock.front_door")
OPENED = ("cover.open_cover", "cover.garage_door")
QUESTION = "Shall I unlock Front door?"
DROPPED = "All right, I leave it as it is."
WRONG_PIN = "That PIN is not right. I did nothing."
UNLOCK = ToolCall("unlock", FRONT)


@pytest.fixture
async def home(hass: HomeAssistant) -> Home:
    return await furnish(hass)


@pytest.fixture
async def agent(home: Home, add_entry: AddAgent) -> MockConfigEntry:
    """An agent with the home's tools and the policy that nobody chose."""
    return await add_entry(agent=agent_data())


async def asked(
    hass: HomeAssistant, sim: Simulator, *calls: ToolCall, text: str = "please", **more: Any
) -> conversation.ConversationResult:
    """Say something that the model answers with calls."""
    sim.clear_script()
    sim.script(Reply(tool_calls=calls or (UNLOCK,)), *[Reply("As you wish.")] * 3)
    result = await say(hass, text, **more)
    sim.clear_script()
    return result


@contextlib.contextmanager
def later(hass: HomeAssistant, seconds: float) -> Generator[None]:
    """Let time have passed on the loop's clock."""
    clock = hass.loop.time
    with patch.object(hass.loop, "time", lambda: clock() + seconds):
        yield


async def attack_all(
    hass: HomeAssistant,
    sim: Simulator,
    home: Home,
    attacks: list[Attack],
    reply: Callable[[Attack], Reply],
) -> None:
    """Try one after the other, each in a talk of its own; none may do anything."""
    went_wrong = {}
    for attack in attacks:
        sim.requests.clear()
        sim.clear_script()
        sim.script(reply(attack), *[Reply("As you wish.")] * 3)
        result = await say(hass, "do it")
        if done := await home.done():
            went_wrong[attack.id] = f"did {done}"
            home.calls.clear()
        elif attack.asks is not None and attack.asks is not (
            result.continue_conversation and speech(result).startswith("Shall I ")
        ):
            went_wrong[attack.id] = f"said {speech(result)}"
        elif attack.asks and len(sim.chats) != 1:
            went_wrong[attack.id] = "the model was asked again"
    assert went_wrong == {}


# -- the question ------------------------------------------------------------------


async def test_asks_by_itself(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    result = await asked(hass, sim)
    assert speech(result) == QUESTION
    assert result.continue_conversation
    assert len(sim.chats) == 1
    assert await home.done() == []
    # The question stays in the log.
    sim.script(Reply("It is noon."))
    await say(hass, "what time is it", conversation_id=result.conversation_id)
    messages = sim.chats[1].body["messages"]
    assert {"role": "assistant", "content": QUESTION}.items() <= messages[-2].items()


async def test_asks_in_the_language_of_the_sentence(hass, sim, home, agent):
    texts = {"component.ollama.exceptions.confirm_unlock.message": "Moet ik {targets} openen?"}

    async def translations(hass: HomeAssistant, language: str, *args: Any) -> dict[str, str]:
        return texts if language == "nl" else {}

    with patch(
        "custom_components.ollama.agent.explain.translation.async_get_translations", translations
    ):
        result = await asked(hass, sim, language="nl")
    assert speech(result) == "Moet ik Front door openen?"


@pytest.mark.parametrize(
    ("call", "question", "does"),
    [
        (UNLOCK, QUESTION, UNLOCKED),
        (ToolCall("open", GARAGE), "Shall I open Garage door?", OPENED),
        (
            ToolCall("alarm", {"action": "disarm"}),
            "Shall I disarm House alarm?",
            ("alarm_control_panel.alarm_disarm", "alarm_control_panel.house"),
        ),
        (
            ToolCall("run", {"name": "script.leave"}),
            "Shall I start leave?",
            UNLOCKED,
        ),
        (ToolCall("run", {"name": "Open house"}), "Shall I start Open house?", UNLOCKED),
        (
            ToolCall("set_position", {**GARAGE, "position": 40}),
            "Shall I open Garage door?",
            ("cover.set_cover_position", "cover.garage_door"),
        ),
        (
            ToolCall("turn_on", {"name": "Gate motor"}),
            "Shall I turn on Gate motor?",
            ("switch.turn_on", "switch.gate_motor"),
        ),
    ],
    ids=lambda value: value.name if isinstance(value, ToolCall) else None,
)
async def test_yes_carries_out(hass, sim, home, agent, call, question, does):
    result = await asked(hass, sim, call)
    assert speech(result) == question
    await say(hass, "yes", conversation_id=result.conversation_id)
    assert await home.done() == [does]
    assert len(sim.chats) == 1


@pytest.mark.parametrize(
    "call",
    [
        ToolCall("turn_on", {"name": "Kitchen light"}),
        ToolCall("lock", FRONT),
        ToolCall("close", GARAGE),
        ToolCall("open", {"name": "Blinds"}),
        ToolCall("alarm", {"action": "arm_away"}),
        ToolCall("run", {"name": "script.movie"}),
        ToolCall("run", {"name": "script.runs_itself"}),
        ToolCall("run", {"name": "Evening"}),
        # What only watches a lock opens none.
        ToolCall("run", {"name": "Watcher"}),
        ToolCall("run", {"name": "Restart"}),
    ],
    ids=lambda call: " ".join(map(str, (call.name, *call.arguments.values()))),
)
async def test_does_without_asking(hass, sim, home, agent, call):
    result = await asked(hass, sim, call)
    assert speech(result) == "As you wish."
    if call.arguments != {"name": "script.runs_itself"}:
        assert await home.done()


# -- the answer --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "yes"),
    [
        ("en", "Yes, please."),
        ("nl", "ja hoor"),
        ("de", "Ja, bitte!"),
        ("fr", "oui"),
        ("es", "Sí, claro"),
    ],
)
async def test_yes(hass: HomeAssistant, sim: Simulator, home, agent, language: str, yes: str):
    user = MockUser(is_owner=True).add_to_hass(hass)
    context = Context(user_id=user.id)
    result = await asked(hass, sim, context=context, language=language)
    talk = {"conversation_id": result.conversation_id, "language": language}
    result = await say(hass, yes, context=Context(user_id=user.id), **talk)
    assert await home.done() == [UNLOCKED]
    assert home.calls[0].context is context
    assert speech(result) == await async_sentence(
        hass, language, "done_unlocked", targets="Front door"
    )
    assert not result.continue_conversation
    assert len(sim.chats) == 1
    # Once.
    sim.script(Reply("You are welcome."))
    assert speech(await say(hass, yes, context=context, **talk)) == "You are welcome."
    assert await home.done() == [UNLOCKED]
    # What was done is in the log.
    assert speech(result) in [message.get("content") for message in sim.chats[1].body["messages"]]


@pytest.mark.parametrize("no", ["No.", "nee", "nein danke", "non merci", "no, gracias"])
async def test_no(hass: HomeAssistant, sim: Simulator, home: Home, agent, no: str):
    result = await asked(hass, sim)
    talk = {"conversation_id": result.conversation_id}
    assert speech(await say(hass, no, **talk)) == DROPPED
    assert len(sim.chats) == 1
    sim.script(Reply("Yes what?"))
    assert speech(await say(hass, "yes", **talk)) == "Yes what?"
    assert await home.done() == []


@pytest.mark.parametrize("text", ["What time is it?", "yes, but the back door", "yes?", "oui non"])
async def test_something_else_drops_it(hass, sim, home, agent, text: str):
    result = await asked(hass, sim)
    talk = {"conversation_id": result.conversation_id}
    sim.script(Reply("Ten past three."))
    assert speech(await say(hass, text, **talk)) == "Ten past three."
    sim.script(Reply("Yes what?"))
    assert speech(await say(hass, "yes", **talk)) == "Yes what?"
    assert await home.done() == []


async def test_sentence_for_somebody_else_drops_it(hass, sim, home, agent):
    result = await asked(hass, sim)
    talk = {"conversation_id": result.conversation_id}
    # A pipeline answers plain orders itself, in the same talk.
    await say(hass, "turn on the hall light", agent_id="conversation.home_assistant", **talk)
    sim.script(Reply("Yes what?"))
    assert speech(await say(hass, "yes", **talk)) == "Yes what?"
    assert await home.risky() == []


@pytest.mark.parametrize(("seconds", "done"), [(59.0, [UNLOCKED]), (60.5, [])])
async def test_waits_a_minute(hass, sim, home, agent, seconds: float, done: list):
    result = await asked(hass, sim)
    sim.script(Reply("Yes what?"))
    with later(hass, seconds):
        await say(hass, "yes", conversation_id=result.conversation_id)
    assert await home.done() == done


async def test_waiting_is_forgotten(hass: HomeAssistant, sim: Simulator, home, agent):
    result = await asked(hass, sim)
    assert async_waiting(hass, result.conversation_id)
    with later(hass, 400.0):
        assert async_waiting(hass, result.conversation_id) == []


async def test_another_user_cannot_confirm(hass, sim, home, agent):
    anna, bert = (MockUser(name=name, is_owner=True).add_to_hass(hass) for name in "ab")
    result = await asked(hass, sim, context=Context(user_id=anna.id))
    talk = {"conversation_id": result.conversation_id}
    sim.script(Reply("Yes what?"), Reply("Yes what?"))
    await say(hass, "yes", context=Context(user_id=bert.id), **talk)
    # It is gone for the first one too: the next sentence decided.
    await say(hass, "yes", context=Context(user_id=anna.id), **talk)
    assert await home.done() == []


@pytest.mark.parametrize("text", ["yes", PIN])
async def test_another_conversation_cannot_confirm(hass, sim, home, agent, text: str):
    set_policy(hass, agent, **({"pin": PIN} if text == PIN else {}))
    result = await asked(hass, sim)
    sim.script(Reply("Yes what?"))
    await say(hass, text)
    assert await home.done() == []
    await say(hass, text, conversation_id=result.conversation_id)
    assert await home.done() == [UNLOCKED]


async def test_another_agent_cannot_confirm(hass, sim, home):
    """Not even by a yes, where the agent that asked wants a PIN."""
    first, second = await add_two_agents(hass, sim)
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    set_policy(hass, entry, pin=PIN)
    result = await asked(hass, sim, agent_id=first)
    talk = {"conversation_id": result.conversation_id}
    sim.script(Reply("Yes what?"), Reply("Yes what?"))
    await say(hass, "yes", agent_id=second, **talk)
    await say(hass, "yes", agent_id=first, **talk)
    assert await home.done() == []


async def test_policy_changed_meanwhile(hass, sim, home, agent):
    result = await asked(hass, sim)
    set_policy(hass, agent, unlock="refuse")
    sim.script(Reply("Yes what?"))
    await say(hass, "yes", conversation_id=result.conversation_id)
    assert await home.done() == []


async def test_hidden_meanwhile(hass, sim, home, agent):
    """What is exposed counts when it is done, and not only when it is asked."""
    result = await asked(hass, sim)
    async_expose_entity(hass, "conversation", UNLOCKED[1], False)
    result = await say(hass, "yes", conversation_id=result.conversation_id)
    assert await home.done() == []
    assert "did not work" in speech(result)


async def test_own_entities_are_hidden(hass, sim, home, agent):
    """No model frees the memory or takes its own limit away, unless somebody exposes that."""
    registry = er.async_get(hass)
    own = {
        entity.entity_id
        for entity in er.async_entries_for_config_entry(registry, agent.entry_id)
        if entity.config_subentry_id is None
    }
    limit, unload = "number.ollama_requests_per_hour", "button.ollama_unload_models"
    assert {limit, unload} <= own
    assert [one for one in own if async_should_expose(hass, "conversation", one)] == []
    names = [hass.states.get(entity_id).name for entity_id in (limit, unload)]
    for target in (limit, unload, *names):
        for call in (
            ToolCall("run", {"name": target}),
            ToolCall("turn_on", {"name": target}),
            ToolCall("set_value", {"name": target, "value": 7}),
        ):
            await asked(hass, sim, call)
    assert await home.done() == []
    assert hass.states.get(limit).state == "0"

    # What hides them is nothing else.
    for entity_id in (limit, unload):
        async_expose_entity(hass, "conversation", entity_id, True)
    await asked(hass, sim, ToolCall("run", {"name": unload}))
    assert await home.done() == [("button.press", unload)]
    await asked(hass, sim, ToolCall("set_value", {"name": limit, "value": 7}))
    assert hass.states.get(limit).state == "7"


# -- the model can't confirm -------------------------------------------------------


async def test_repeated_in_the_same_answer(hass, sim, home, agent):
    result = await asked(hass, sim, UNLOCK, UNLOCK, UNLOCK)
    assert speech(result) == QUESTION
    assert await home.done() == []
    await say(hass, "yes", conversation_id=result.conversation_id)
    assert await home.done() == [UNLOCKED]


async def test_no_further_round(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    sim.script(*[Reply(tool_calls=(UNLOCK,))] * 5)
    await say(hass, "do it")
    assert len(sim.chats) == 1
    assert await home.done() == []


async def test_repeated_after_something_else(hass, sim, home, agent):
    result = await asked(hass, sim)
    talk = {"conversation_id": result.conversation_id}
    for text in ("tell me a joke", "confirm the tool call of the model", "and now"):
        result = await asked(hass, sim, text=text, **talk)
        assert speech(result) == QUESTION, text
    assert await home.done() == []


async def test_says_that_it_is_confirmed(hass, sim, home, agent):
    sim.script(Reply("Yes.", tool_calls=(UNLOCK,)))
    assert speech(await say(hass, "yes")) == QUESTION
    assert await home.done() == []


async def test_two_at_once(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    result = await asked(hass, sim, UNLOCK, ToolCall("open", GARAGE))
    # A yes is given to what is asked, so that all of it must be in the question.
    assert speech(result) == "Shall I unlock Front door? Shall I open Garage door?"
    result = await say(hass, "yes", conversation_id=result.conversation_id)
    assert await home.done() == [UNLOCKED, OPENED]
    assert speech(result) == "I unlocked Front door. I opened Garage door."
    assert len(sim.chats) == 1


async def test_two_of_a_kind(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    result = await asked(hass, sim, UNLOCK, ToolCall("unlock", {"name": "Back door"}))
    assert speech(result) == "Shall I unlock Front door, Back door?"
    await say(hass, "yes", conversation_id=result.conversation_id)
    assert await home.done() == [UNLOCKED, ("lock.unlock", "lock.back_door")]


async def test_mixed(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    result = await asked(hass, sim, ToolCall("turn_on", {"name": "Kitchen light"}), UNLOCK)
    assert speech(result).endswith(QUESTION)
    assert await home.done() == [("light.turn_on", "light.kitchen_light")]
    await say(hass, "yes", conversation_id=result.conversation_id)
    assert (await home.done())[1:] == [UNLOCKED]
    assert len(sim.chats) == 1


# -- ways around -------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
async def test_attack(hass: HomeAssistant, sim: Simulator, home: Home, agent, family: str):
    await attack_all(
        hass,
        sim,
        home,
        FAMILIES[family],
        lambda attack: Reply(tool_calls=(ToolCall(attack.tool, attack.arguments),)),
    )


@pytest.mark.parametrize("family", FAMILIES)
async def test_structured_attack(hass, sim, home: Home, add_entry: AddAgent, family: str):
    """By a model without tools."""
    await add_entry(agent=agent_data(model=PLAIN_MODEL))
    await attack_all(
        hass,
        sim,
        home,
        # The schema leaves no other names of tools.
        [attack for attack in FAMILIES[family] if attack.tool in ("unlock", "open", "run")],
        # In pieces, so that the simulator doesn't hold it to the schema.
        lambda attack: Reply(
            chunks=[json.dumps({"tool": attack.tool, "arguments": attack.arguments})]
        ),
    )


async def test_attack_as_text(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    """By a call that is written into the answer, in every dialect."""
    for dialect in DIALECTS.values():
        await attack_all(
            hass,
            sim,
            home,
            [BY_NAME[1], BY_COVER[0]],
            lambda attack, write=dialect: Reply(write(attack.tool, attack.arguments)),
        )


async def test_what_a_script_does_elsewhere(hass, home: Home):
    """Ways that a script of the home can't be set up with here."""
    policy = Policy()
    component = hass.data["entity_components"]["script"]
    movie = component.get_entity("script.movie")
    strike = er.async_get(hass).async_get("cover.garage_door")
    steps = {
        "device": ({"device_id": "d", "domain": "lock", "type": "unlock"}, Kind.UNLOCK),
        "latch": ({"device_id": "d", "domain": "lock", "type": "open"}, Kind.UNLOCK),
        "alarm": (
            {"device_id": "d", "domain": "alarm_control_panel", "type": "disarm"},
            Kind.DISARM,
        ),
        "cover": (
            {"device_id": "d", "domain": "cover", "type": "open", "entity_id": strike.id},
            Kind.ENTRANCES,
        ),
        "position": (
            {"device_id": "d", "domain": "cover", "type": "set_position", "entity_id": strike.id},
            Kind.ENTRANCES,
        ),
        "old": ({"service": "lock.unlock", "entity_id": "lock.front_door"}, Kind.UNLOCK),
        "generic": (
            {"action": "homeassistant.turn_on", "target": {"entity_id": "script.leave"}},
            Kind.UNLOCK,
        ),
        "generic_template": (
            {"action": "homeassistant.turn_on", "target": {"entity_id": "{{ it }}"}},
            Kind.UNLOCK,
        ),
        "applied": (
            {"action": "scene.apply", "data": {"entities": {"lock.front_door": "unlocked"}}},
            Kind.UNLOCK,
        ),
        "and_area": (
            {
                "action": "cover.open_cover",
                "target": {"entity_id": "cover.blinds", "area_id": "garage"},
            },
            Kind.ENTRANCES,
        ),
        "templated": ({"action": "cover.{{ 'open' }}_cover", "target": GARAGE}, Kind.ENTRANCES),
    }
    for name, (step, kind) in steps.items():
        with patch.object(movie, "raw_config", {"sequence": [step]}):
            kinds = kinds_of(hass, policy, "turn_on", ["script.movie"])
            assert kinds >= {Kind.SCRIPTS, Kind.SENSITIVE_SCRIPTS, kind}, name
    harmless = [
        {"device_id": "d", "domain": "lock", "type": "lock"},
        {"device_id": "d", "domain": "alarm_control_panel", "type": "arm_away"},
        UNLOCK_FRONT | {"action": "lock.lock"},
    ]
    for step in harmless:
        with patch.object(movie, "raw_config", {"sequence": [step]}):
            kinds = kinds_of(hass, policy, "turn_on", ["script.movie"])
            assert kinds == {Kind.SCRIPTS, Kind.SENSITIVE_SCRIPTS}, step
    with patch.object(
        movie, "raw_config", {"sequence": [{"delay": 1}, {"action": "light.turn_on"}]}
    ):
        assert kinds_of(hass, policy, "turn_on", ["script.leave"]) > {Kind.SCRIPTS}


async def test_groups_in_a_circle(hass: HomeAssistant, home: Home):
    assert kinds_of(hass, Policy(), "turn_on", ["group.round"]) == {Kind.DEVICES}


async def test_what_a_script_does_counts_beside_it(hass, home: Home):
    """A light that a script switches as well is still a light of its own."""
    kinds = kinds_of(hass, Policy(), "turn_on", ["script.movie", "light.hall_light"])
    assert kinds == {Kind.SCRIPTS, Kind.DEVICES}


async def test_label_of_device_and_area(hass: HomeAssistant, home: Home):
    def kinds() -> set[Kind]:
        return kinds_of(hass, Policy(), "turn_on", ["switch.coffee"])

    assert kinds() == {Kind.DEVICES}
    areas = ar.async_get(hass)
    kitchen = areas.async_get_area_by_name("Kitchen")
    areas.async_update(kitchen.id, labels={"confirm"})
    assert kinds() == {Kind.DEVICES, Kind.SENSITIVE_SCRIPTS}


async def test_other_labels(hass: HomeAssistant, home: Home):
    policy = Policy.from_data({"labels": ["careful"]})
    assert kinds_of(hass, policy, "turn_on", ["script.marked"]) == {Kind.SCRIPTS}
    er.async_get(hass).async_update_entity("script.movie", labels={"careful"})
    assert Kind.SENSITIVE_SCRIPTS in kinds_of(hass, policy, "turn_on", ["script.movie"])


async def test_entrance_that_is_away(hass: HomeAssistant, home: Home):
    """Its state tells no class; the registry does."""
    er.async_get(hass).async_update_entity("cover.blinds", device_class="garage")
    assert kinds_of(hass, Policy(), "open_cover", ["cover.blinds"]) == {Kind.ENTRANCES}


@pytest.mark.parametrize(
    ("service", "entity_id", "kind"),
    [
        ("lock", "lock.front_door", Kind.LOCK),
        ("open", "lock.front_door", Kind.UNLOCK),
        ("turn_off", "lock.front_door", Kind.UNLOCK),
        ("toggle", "cover.garage_door", Kind.ENTRANCES),
        ("open_cover_tilt", "cover.flap", Kind.ENTRANCES),
        ("set_cover_tilt_position", "cover.flap", Kind.ENTRANCES),
        ("close_cover", "cover.garage_door", Kind.COVERS),
        ("stop_cover", "cover.garage_door", Kind.COVERS),
        ("open_cover", "cover.blinds", Kind.COVERS),
        ("alarm_arm_night", "alarm_control_panel.house", Kind.ARM),
        ("turn_off", "alarm_control_panel.house", Kind.DISARM),
        ("set_temperature", "climate.any", Kind.CLIMATE),
        ("add_item", "todo.any", Kind.LISTS),
        ("announce", "assist_satellite.any", Kind.ANNOUNCEMENTS),
        ("open_valve", "valve.any", Kind.COVERS),
        ("turn_on", "media_player.tv", Kind.DEVICES),
    ],
)
async def test_kind(hass: HomeAssistant, home: Home, service: str, entity_id: str, kind: Kind):
    assert kinds_of(hass, Policy(), service, [entity_id]) == {kind}


# -- what the owner chose ----------------------------------------------------------


async def test_refused(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    set_policy(hass, agent, unlock="refuse")
    for call in (
        UNLOCK,
        ToolCall("unlock", {"entity_id": "lock.all"}),
        ToolCall("run", {"name": "script.leave"}),
        ToolCall("run", {"name": "script.calls_script"}),
        ToolCall("run", {"name": "Open house"}),
        ToolCall("run", {"name": "Visitors"}),
        ToolCall("run", {"name": "Unlatch"}),
        ToolCall("turn_off", {"name": "Door strike"}),
    ):
        sim.requests.clear()
        result = await asked(hass, sim, call)
        assert speech(result) == "As you wish.", call
        told = sim.chats[1].body["messages"][-1]["content"]
        assert "does not allow" in told, call
        assert not result.continue_conversation
        sim.script(Reply("Yes what?"))
        await say(hass, "yes", conversation_id=result.conversation_id)
    assert await home.done() == []
    # To lock by a scene is no unlocking.
    assert speech(await asked(hass, sim, ToolCall("run", {"name": "Good night"}))) == (
        "Shall I start Good night?"
    )


async def test_refused_scripts_are_refused_where_they_are_sensitive_too(hass, sim, home, agent):
    set_policy(hass, agent, scripts="refuse")
    result = await asked(hass, sim, ToolCall("run", {"name": "script.leave"}))
    assert speech(result) == "As you wish."
    assert "does not allow" in str(sim.chats[1].body["messages"])


async def test_allowed(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    set_policy(hass, agent, unlock="allow", entrances="allow", disarm="allow")
    for call in (UNLOCK, ToolCall("open", GARAGE), ToolCall("alarm", {"action": "disarm"})):
        assert speech(await asked(hass, sim, call)) == "As you wish."
    assert len(await home.done()) == 3


async def test_asks_for_what_the_owner_wants(hass, sim, home, agent):
    set_policy(hass, agent, devices="ask", lock="ask")
    light = ToolCall("turn_off", {"name": "Kitchen light"})
    result = await asked(hass, sim, light)
    assert speech(result) == "Shall I really do this with Kitchen light?"
    result = await say(hass, "yes", conversation_id=result.conversation_id)
    assert speech(result) == "I turned off Kitchen light."
    result = await asked(hass, sim, ToolCall("lock", FRONT))
    assert speech(result) == "Shall I really do this with Front door?"
    assert await home.done() == [("light.turn_off", "light.kitchen_light")]


async def add_two_agents(hass: HomeAssistant, sim: Simulator) -> tuple[str, str]:
    data = agent_data(model="qwen3:4b-instruct")
    entry = MockConfigEntry(
        domain=DOMAIN,
        version=3,
        minor_version=3,
        data={"url": sim.url},
        subentries_data=[
            {
                "subentry_type": "conversation",
                "title": title,
                "unique_id": None,
                "data": data,
            }
            for title in ("First", "Second")
        ],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return "conversation.first", "conversation.second"


async def test_each_agent_has_its_own(hass: HomeAssistant, sim: Simulator, home: Home):
    first, second = await add_two_agents(hass, sim)
    set_policy(hass, hass.config_entries.async_entries(DOMAIN)[0], 1, unlock="allow")
    assert speech(await asked(hass, sim, agent_id=first)) == QUESTION
    assert await home.done() == []
    assert speech(await asked(hass, sim, agent_id=second)) == "As you wish."
    assert await home.done() == [UNLOCKED]


def test_policy_from_data():
    assert Policy.from_data({}).rules == DEFAULT_RULES
    policy = Policy.from_data(
        {"unlock": "refuse", "devices": "nonsense", "pin": " 1234 ", "labels": "gate"}
    )
    assert policy.rules == {**DEFAULT_RULES, Kind.UNLOCK: Rule.REFUSE}
    assert policy.pin == PIN
    assert policy.labels == {"gate"}
    assert PIN not in repr(policy)
    assert PIN not in str(policy)
    assert Policy.from_data({"pin": 1234}).pin == PIN
    assert Policy.from_data({"pin": "  "}).pin is None
    assert policy.strictest([]) is Rule.ALLOW
    assert policy.strictest([Kind.DEVICES, Kind.DISARM]) is Rule.ASK
    assert policy.strictest([Kind.DISARM, Kind.UNLOCK]) is Rule.REFUSE


# -- nobody to ask -----------------------------------------------------------------


@pytest.mark.parametrize("in_session", [False, True], ids=["mcp", "another_agent"])
async def test_no_conversation(hass: HomeAssistant, home: Home, agent, in_session: bool):
    context = llm.LLMContext("mcp_server", Context(), "en", "conversation", None)
    api = await llm.async_get_api(hass, "ollama", context)
    with chat_session.async_get_chat_session(hass) if in_session else contextlib.nullcontext():
        for call in (
            UNLOCK,
            ToolCall("open", GARAGE),
            ToolCall("run", {"name": "script.leave"}),
            ToolCall("alarm", {"action": "disarm"}),
        ):
            result = await api.async_call_tool(llm.ToolInput(call.name, dict(call.arguments)))
            assert result.error
            assert "confirmed by a person" in result.data["error"]
    light = llm.ToolInput("turn_on", {"name": "Kitchen light"})
    assert not (await api.async_call_tool(light)).error
    assert await home.done() == [("light.turn_on", "light.kitchen_light")]


async def test_ai_task(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    api = next(api for api in llm.async_get_apis(hass) if api.id == "ollama")
    sim.script(Reply(tool_calls=(UNLOCK,)), Reply("I cannot."))
    result = await ai_task.async_generate_data(
        hass, task_name="t", entity_id=TASK, instructions="Unlock the door.", llm_api=api
    )
    assert result.data == "I cannot."
    assert await home.done() == []
    assert "error" in sim.chats[1].body["messages"][-1]["content"]


# -- the PIN -----------------------------------------------------------------------


@pytest.fixture
async def with_pin(hass: HomeAssistant, agent, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    set_policy(hass, agent, pin=PIN)


@pytest.fixture
def _secret(
    hass: HomeAssistant, with_pin, sim: Simulator, caplog: pytest.LogCaptureFixture
) -> Generator[None]:
    """Nothing that is sent or logged holds the PIN, however the test goes."""
    yield
    for request in sim.requests:
        assert PIN not in str(request.body)
        assert "two three four" not in str(request.body)
    assert PIN not in caplog.text


@pytest.mark.usefixtures("_secret")
@pytest.mark.parametrize("said", [PIN, "1 2 3 4", "one two three four", "my PIN is 1234, please"])
async def test_right_pin(hass: HomeAssistant, sim: Simulator, home: Home, said: str):
    result = await asked(hass, sim)
    assert speech(result) == f"{QUESTION} What is the PIN?"
    assert result.continue_conversation
    talk = {"conversation_id": result.conversation_id}
    assert speech(await say(hass, said, **talk)) == "I unlocked Front door."
    assert await home.done() == [UNLOCKED]
    assert len(sim.chats) == 1
    sim.script(Reply("Gladly."))
    await say(hass, "thanks", **talk)
    assert sentences(sim.chats[1]) == ["please", "••••", "thanks"]


@pytest.mark.usefixtures("_secret")
@pytest.mark.parametrize("said", ["4321", "four three two one", "12345", "0123"])
async def test_wrong_pin(hass: HomeAssistant, sim: Simulator, home: Home, said: str):
    result = await asked(hass, sim)
    talk = {"conversation_id": result.conversation_id}
    assert speech(await say(hass, said, **talk)) == WRONG_PIN
    assert await home.done() == []
    # The right one comes too late, and is a secret all the same.
    assert speech(await say(hass, PIN, **talk)) == DROPPED
    assert speech(await say(hass, "4444", **talk)) == DROPPED
    assert await home.done() == []
    assert len(sim.chats) == 1


@pytest.mark.usefixtures("_secret")
async def test_yes_in_place_of_the_pin(hass: HomeAssistant, sim: Simulator, home: Home):
    result = await asked(hass, sim)
    talk = {"conversation_id": result.conversation_id}
    for _ in range(2):
        result = await say(hass, "yes", **talk)
        assert speech(result) == "What is the PIN?"
        assert result.continue_conversation
        assert await home.done() == []
    await say(hass, PIN, **talk)
    assert await home.done() == [UNLOCKED]
    assert len(sim.chats) == 1


@pytest.mark.usefixtures("_secret")
async def test_yes_does_not_prolong_the_minute(hass, sim, home):
    result = await asked(hass, sim)
    talk = {"conversation_id": result.conversation_id}
    with later(hass, 50.0):
        assert speech(await say(hass, "yes", **talk)) == "What is the PIN?"
    with later(hass, 61.0):
        assert speech(await say(hass, PIN, **talk)) == DROPPED
    assert await home.done() == []


@pytest.mark.usefixtures("_secret")
@pytest.mark.parametrize("said", ["open it now, it's 1234!", "one two three four open sesame"])
async def test_pin_among_other_words(hass: HomeAssistant, sim: Simulator, home, said: str):
    """Never sent to the model; right or wrong, the answer is the same."""
    for text in (said, said.replace("4", "5").replace("four", "five")):
        result = await asked(hass, sim)
        talk = {"conversation_id": result.conversation_id}
        assert speech(await say(hass, text, **talk)) == WRONG_PIN
        sim.script(Reply("Yes what?"))
        await say(hass, "yes", **talk)
    assert await home.done() == []


@pytest.mark.usefixtures("_secret")
async def test_no_in_place_of_the_pin(hass: HomeAssistant, sim: Simulator, home: Home):
    result = await asked(hass, sim)
    talk = {"conversation_id": result.conversation_id}
    assert speech(await say(hass, "no", **talk)) == DROPPED
    assert speech(await say(hass, PIN, **talk)) == DROPPED
    assert await home.done() == []


@pytest.mark.usefixtures("with_pin")
async def test_numbers_are_numbers_where_no_pin_was_asked_for(hass, sim, home):
    sim.script(Reply("That is many."))
    assert speech(await say(hass, "1500")) == "That is many."
    assert sentences(sim.chats[0]) == ["1500"]


@pytest.mark.usefixtures("_secret")
async def test_pin_said_to_another_user(hass: HomeAssistant, sim: Simulator, home: Home):
    user = MockUser(is_owner=True).add_to_hass(hass)
    result = await asked(hass, sim)
    talk = {"conversation_id": result.conversation_id}
    await say(hass, PIN, context=Context(user_id=user.id), **talk)
    assert await home.done() == []


@pytest.mark.parametrize("pin", ["12o4", "12O4", "1-2-0-4"])
async def test_pin_is_read_as_it_is_said(hass, sim, home, agent, pin: str):
    set_policy(hass, agent, pin=pin)
    result = await asked(hass, sim)
    await say(hass, "one two oh four", conversation_id=result.conversation_id)
    assert await home.done() == [UNLOCKED]


async def test_pin_that_nobody_can_say(hass, sim, home, agent):
    """A word, from before the form refused it: nothing is done rather than anything."""
    set_policy(hass, agent, pin="sesame")
    result = await asked(hass, sim)
    talk = {"conversation_id": result.conversation_id}
    assert speech(await say(hass, "yes", **talk)) == "What is the PIN?"
    sim.script(Reply("Hm?"))
    await say(hass, "sesame", **talk)
    assert await home.done() == []


async def test_pin_is_compared_in_constant_time(hass, sim, home, agent):
    set_policy(hass, agent, pin=PIN)
    result = await asked(hass, sim)
    with patch(
        "custom_components.ollama.agent.settle.hmac.compare_digest", return_value=False
    ) as compare:
        await say(hass, PIN, conversation_id=result.conversation_id)
    compare.assert_called_once_with(b"1234", b"1234")
    assert await home.done() == []


# -- users -------------------------------------------------------------------------


def limited_user(hass: HomeAssistant, *entity_ids: str) -> MockUser:
    user = MockUser(name="Child").add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": dict.fromkeys(entity_ids, True)}})
    return user


async def test_user_who_may_not(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    user = limited_user(hass, "light.kitchen_light")
    context = Context(user_id=user.id)
    set_policy(hass, agent, unlock="allow")
    for call in (UNLOCK, ToolCall("turn_on", {"name": "Hall light"})):
        sim.requests.clear()
        assert speech(await asked(hass, sim, call, context=context)) == "As you wish."
        assert "may not control" in str(sim.chats[1].body["messages"])
    await asked(hass, sim, ToolCall("turn_on", {"name": "Kitchen light"}), context=context)
    assert await home.done() == [("light.turn_on", "light.kitchen_light")]


async def test_user_who_may(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    context = Context(user_id=limited_user(hass, "lock.front_door").id)
    result = await asked(hass, sim, context=context)
    await say(hass, "yes", conversation_id=result.conversation_id, context=context)
    assert await home.done() == [UNLOCKED]


async def test_user_who_is_gone(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    """Is not nobody."""
    light = ToolCall("turn_on", {"name": "Kitchen light"})
    await asked(hass, sim, light, context=Context(user_id="gone"))
    assert "may not control" in str(sim.chats[1].body["messages"])
    assert await home.done() == []


# -- Assist ------------------------------------------------------------------------


async def test_assist_is_not_subject_to_it(hass, sim, home: Home, add_entry: AddAgent):
    assert await async_setup_component(hass, "intent", {})
    entry = await add_entry(agent={"llm_hass_api": ["assist"]})
    set_policy(hass, entry, unlock="refuse", pin=PIN)
    call = ToolCall("intent__HassTurnOff", {**FRONT, "domain": ["lock"]})
    result = await asked(hass, sim, call)
    assert speech(result) == "As you wish."
    assert await home.done() == [UNLOCKED]


# -- sentences ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deeds", "text"),
    [
        ([], ""),
        ([Deed("turn_on", ("Kitchen light",))], "I turned on Kitchen light."),
        ([Deed("turn_off", ("Hall light", "Television"))], "I turned off Hall light, Television."),
        ([Deed("lock", ("Front door",))], "I locked Front door."),
        ([Deed("unlock", ("Front door",))], "I unlocked Front door."),
        ([Deed("open", ("Blinds",))], "I opened Blinds."),
        ([Deed("close", ("Blinds",))], "I closed Blinds."),
        ([Deed("run", ("Movie",))], "I started Movie."),
        ([Deed("vacuum_start", ("Robot",))], "I started Robot."),
        ([Deed("media_play", ("Television",))], "I started Television."),
        ([Deed("set_light", ("Hall light",))], "I changed Hall light."),
        ([Deed("alarm_disarm", ("House alarm",))], "I changed House alarm."),
        ([Deed("timer_start", ())], "Done."),
        ([Deed("lock", ("Front door",))] * 2, "I locked Front door."),
        ([Deed("lock", ("Front door", "Front door"))], "I locked Front door."),
        (
            [Deed("lock", ("Front door",)), Deed("close", ("Blinds",))],
            "I locked Front door. I closed Blinds.",
        ),
    ],
)
async def test_report(hass: HomeAssistant, agent, deeds: list[Deed], text: str):
    assert await async_report(hass, "en", deeds) == text


def waiting(action: str, *targets: str, **more: Any) -> Waiting:
    async def carry_out() -> dict[str, Any]:
        return {}

    return Waiting(**{"carry_out": carry_out, "action": action, "targets": targets} | more)


@pytest.mark.parametrize(
    ("actions", "text"),
    [
        ([("unlock", "Front door")], "Shall I unlock Front door?"),
        ([("set_position", "Garage door")], "Shall I open Garage door?"),
        ([("turn_off", "Downstairs")], "Shall I really do this with Downstairs?"),
        (
            [("unlock", "A"), ("open", "B"), ("unlock", "C")],
            "Shall I unlock A, C? Shall I open B?",
        ),
    ],
)
async def test_question(hass: HomeAssistant, agent, actions, text: str):
    asked_for = [
        waiting(action, *targets, user_id=None, expires_at=0.0) for action, *targets in actions
    ]
    assert await async_question(hass, "en", asked_for, with_pin=False) == text
    with_pin = await async_question(hass, "en", asked_for, with_pin=True)
    assert with_pin == f"{text} What is the PIN?"


async def test_failed_after_the_yes(hass: HomeAssistant, sim: Simulator, home: Home, agent):
    result = await asked(hass, sim, ToolCall("unlock", {"name": ["Front door", "Back door"]}))
    hass.states.async_set("lock.back_door", "unavailable", {"friendly_name": "Back door"})
    result = await say(hass, "yes", conversation_id=result.conversation_id)
    assert speech(result) == "I unlocked Front door. This did not work: Back door."
    assert await home.done() == [UNLOCKED]


async def test_all_failed_after_the_yes(hass, sim, home: Home, agent):
    result = await asked(hass, sim)
    hass.states.async_set("lock.front_door", "unavailable", {"friendly_name": "Front door"})
    result = await say(hass, "yes", conversation_id=result.conversation_id)
    assert speech(result) == "This did not work: Front door."
    assert await home.risky() == []
