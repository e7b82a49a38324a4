"""A question from a phone's notification: taps as Home Assistant's app fires them."""

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import Context, CoreState, HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser, async_mock_service

from simulator import Reply, Simulator, ToolCall

from ..common import AGENT
from .conftest import Calls, Use
from .helpers import FAILED, NOT_TEMPLATES, PHONE_ACTION, fire, run_by_hand


@pytest.fixture
def shown(hass: HomeAssistant) -> list[ServiceCall]:
    return async_mock_service(hass, "notify", PHONE_ACTION)


async def reply(
    hass: HomeAssistant, phone: str, text: str | None, context: Context | None = None
) -> None:
    data = {"action": f"OLLAMA_ASK_{phone}", "reply_text": text, "tag": f"ollama_ask_{phone}"}
    await fire(hass, "mobile_app_notification_action", data, context)


def texts(shown: list[ServiceCall]) -> list[str]:
    return [call.data["message"] for call in shown]


async def test_a_question_is_answered_where_it_was_asked(
    hass: HomeAssistant,
    server: Simulator,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    calls: Calls,
) -> None:
    await use("phone_command", phone=phone)
    server.script(Reply("The kitchen light is on."))
    await reply(hass, phone, "Turn on the kitchen light")
    assert calls.of("ollama.ask") == [
        {
            "prompt": "Turn on the kitchen light",
            "conversation_id": f"phone_{phone}",
            "control": True,
        }
    ]
    [call] = shown
    assert call.data["title"] == "Turn on the kitchen light"
    assert call.data["message"] == "The kitchen light is on."
    assert call.data["data"]["tag"] == f"ollama_ask_{phone}"
    [button] = call.data["data"]["actions"]
    assert (button["action"], button["behavior"]) == (f"OLLAMA_ASK_{phone}", "textInput")


async def test_the_light_is_really_switched(
    hass: HomeAssistant,
    server: Simulator,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    kitchen_light: str,
) -> None:
    await use("phone_command", phone=phone)
    server.script(
        Reply(tool_calls=[ToolCall("HassTurnOn", {"name": "Kitchen light"})]),
        Reply("The kitchen light is on."),
    )
    await reply(hass, phone, "Turn on the kitchen light")
    assert hass.states.get(kitchen_light).state == "on"
    assert texts(shown) == ["The kitchen light is on."]


async def test_control_can_be_switched_off(
    hass: HomeAssistant, server: Simulator, use: Use, phone: str, shown: list[ServiceCall]
) -> None:
    await use("phone_command", phone=phone, control=False, agent=AGENT)
    server.script(Reply("I can only talk."))
    await reply(hass, phone, "Turn on the kitchen light")
    assert not server.chats[0].body.get("tools")
    assert texts(shown) == ["I can only talk."]


@pytest.mark.parametrize("text", NOT_TEMPLATES)
async def test_a_question_stays_text(
    hass: HomeAssistant,
    server: Simulator,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    calls: Calls,
    text: str,
) -> None:
    hass.states.async_set("lock.front_door", "unlocked")
    await use("phone_command", phone=phone, control=False)
    server.script(Reply("Read: " + text))
    await reply(hass, phone, text)
    assert [asked["prompt"] for asked in calls.of("ollama.ask")] == [text]
    assert texts(shown) == ["Read: " + text]
    assert shown[0].data["title"] == text


@pytest.mark.parametrize("word", ["clear_notification", "command_bluetooth", "TTS"])
async def test_an_answer_is_no_command_to_the_phone(
    hass: HomeAssistant,
    server: Simulator,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    word: str,
) -> None:
    await use("phone_command", phone=phone, control=False)
    server.script(Reply(word))
    await reply(hass, phone, "Say this word")
    assert texts(shown) == [f"{word}."]


@pytest.mark.parametrize("text", ["", "  ", None])
async def test_nothing_said_is_not_answered(
    hass: HomeAssistant,
    server: Simulator,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    text: str | None,
) -> None:
    await use("phone_command", phone=phone)
    await reply(hass, phone, text)
    await reply(hass, "other", "Hello")
    await fire(hass, "mobile_app_notification_action", {"action": "REPLY", "reply_text": "Hello"})
    assert server.chats == []
    assert shown == []


async def test_a_failure_is_told(
    hass: HomeAssistant, server: Simulator, use: Use, phone: str, shown: list[ServiceCall]
) -> None:
    await use("phone_command", phone=phone)
    await server.stop()
    await reply(hass, phone, "Hello")
    assert texts(shown) == [FAILED]


async def test_a_shortcut_asks_by_an_event(
    hass: HomeAssistant, server: Simulator, use: Use, phone: str, shown: list[ServiceCall]
) -> None:
    await use("phone_command", phone=phone, event="ask_home")
    server.script(Reply("Hello."))
    await fire(hass, "ollama_phone_command", {"text": "Hello"})
    await fire(hass, "ask_home", {"text": "Hello"})
    await fire(hass, "ask_home", {})
    assert texts(shown) == ["Hello."]


async def test_only_this_person_is_answered(
    hass: HomeAssistant, server: Simulator, use: Use, phone: str, shown: list[ServiceCall]
) -> None:
    anna = MockUser(name="Anna").add_to_hass(hass)
    ben = MockUser(name="Ben").add_to_hass(hass)
    person = {"id": "anna", "name": "Anna", "user_id": anna.id}
    assert await async_setup_component(hass, "person", {"person": [person]})
    await use("phone_command", phone=phone, person="person.anna", control=False)
    server.script(Reply("Hello Anna."))
    for context in (None, Context(user_id=ben.id), Context(user_id=anna.id)):
        await reply(hass, phone, "Hello", context)
    assert texts(shown) == ["Hello Anna."]


@pytest.mark.parametrize(("keep", "times"), [(True, 2), (False, 0)])
async def test_the_notification_is_kept(
    hass: HomeAssistant,
    server: Simulator,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    keep: bool,
    times: int,
) -> None:
    hass.set_state(CoreState.starting)
    await use("phone_command", phone=phone, keep=keep, ready="Zeg het maar.")
    hass.set_state(CoreState.running)
    await fire(hass, EVENT_HOMEASSISTANT_STARTED, {})
    await fire(hass, "mobile_app_notification_cleared", {"tag": f"ollama_ask_{phone}"})
    await fire(hass, "mobile_app_notification_cleared", {"tag": "another"})
    assert texts(shown) == ["Zeg het maar."] * times
    assert server.chats == []


async def test_run_by_hand_it_shows_the_notification(
    hass: HomeAssistant, server: Simulator, use: Use, phone: str, shown: list[ServiceCall]
) -> None:
    await run_by_hand(hass, await use("phone_command", phone=phone))
    assert texts(shown) == ["What can I do for you?"]
