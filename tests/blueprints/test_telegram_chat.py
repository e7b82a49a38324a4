"""A chat on Telegram: events as Home Assistant's Telegram bot fires them."""

from collections.abc import Callable
from datetime import UTC, datetime
import random
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
import probatio
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from simulator import ChatRequest, Reply, Simulator

from ..common import AGENT
from .conftest import Calls, Use
from .helpers import FAILED, NOT_TEMPLATES, fire

CHAT = 123456789
GROUP = -1001234567890
BOT = {"config_entry_id": "bot1", "id": 42, "first_name": "Home", "username": "home_bot"}
LIMIT = 4096

# The fields that the integration takes, with the limit that Telegram's server has.
MESSAGE = probatio.Schema(
    {
        probatio.Required("config_entry_id"): cv.string,
        probatio.Required("chat_id"): probatio.All(cv.ensure_list, [probatio.Coerce(int)]),
        probatio.Required("message"): probatio.All(cv.string, probatio.Length(min=1, max=LIMIT)),
        probatio.Required("parse_mode"): probatio.In(["plain_text"]),
        probatio.Optional("reply_to_message_id"): probatio.Coerce(int),
    }
)


@pytest.fixture(autouse=True)
def sent(hass: HomeAssistant) -> list[ServiceCall]:
    async_mock_service(hass, "telegram_bot", "send_chat_action")
    return async_mock_service(hass, "telegram_bot", "send_message", schema=MESSAGE)


def update(chat: int = CHAT, **more: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "chat_id": chat,
        "date": datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
        "message_thread_id": None,
        "user_id": CHAT,
        "from_first": "Anna",
        "from_last": None,
        "bot": BOT,
        **more,
    }


async def write(hass: HomeAssistant, text: str | None, chat: int = CHAT) -> None:
    await fire(hass, "telegram_text", update(chat, text=text))


def messages(sent: list[ServiceCall]) -> list[str]:
    return [call.data["message"] for call in sent]


def last_question(sim: Simulator) -> str:
    return sim.chats[-1].body["messages"][-1]["content"]


async def test_a_message_is_answered(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall], calls: Calls
) -> None:
    await use("telegram_chat", chats=[str(CHAT)])
    server.script(Reply("Two lights are on."))
    await write(hass, "Which lights are on?")
    assert [dict(call.data) for call in sent] == [
        {
            "config_entry_id": "bot1",
            "chat_id": [CHAT],
            "message": "Two lights are on.",
            "parse_mode": "plain_text",
        }
    ]
    assert calls.of("ollama.ask") == [
        {
            "prompt": "Which lights are on?",
            "conversation_id": f"telegram_{CHAT}",
            "control": False,
        }
    ]
    assert calls.names.index("telegram_bot.send_chat_action") < calls.names.index("ollama.ask")
    assert not server.chats[0].body.get("tools")


async def test_nobody_else_is_answered(
    hass: HomeAssistant, server: Simulator, use: Use, calls: Calls
) -> None:
    await use("telegram_chat", chats=[str(CHAT), "", " "])
    for chat in (CHAT + 1, -CHAT, 1, GROUP):
        await write(hass, "Open the door", chat)
        await fire(hass, "telegram_command", update(chat, command="/ask", args=["hello"]))
    assert server.chats == []
    assert [name for name in calls.names if name.split(".")[0] in ("telegram_bot", "ollama")] == []


@pytest.mark.parametrize("text", [None, "", "  \n"])
async def test_nothing_written_is_not_answered(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall], text: str | None
) -> None:
    await use("telegram_chat", chats=[str(CHAT)])
    await write(hass, text)
    assert server.chats == []
    assert sent == []


@pytest.mark.parametrize("text", NOT_TEMPLATES)
async def test_a_message_stays_text(
    hass: HomeAssistant,
    server: Simulator,
    use: Use,
    sent: list[ServiceCall],
    calls: Calls,
    text: str,
) -> None:
    hass.states.async_set("lock.front_door", "unlocked")
    await use("telegram_chat", chats=[str(CHAT)])
    server.script(Reply(text))
    await write(hass, text)
    assert [asked["prompt"] for asked in calls.of("ollama.ask")] == [text]
    assert last_question(server).startswith(text)
    assert messages(sent) == [text]


async def test_each_chat_has_its_own_memory(
    hass: HomeAssistant, server: Simulator, use: Use
) -> None:
    await use("telegram_chat", chats=[str(CHAT), str(GROUP)])
    server.script(*(Reply(f"Answer {number}.") for number in range(3)))
    await write(hass, "My name is Anna.")
    await write(hass, "Hello everybody.", GROUP)
    await write(hass, "What is my name?")
    told = [message["content"] for message in server.chats[-1].body["messages"]]
    assert any(text.startswith("My name is Anna.") for text in told)
    assert "Answer 0." in told
    assert not any("Hello everybody." in text or text == "Answer 1." for text in told)


async def test_a_group_is_answered_by_a_reply(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall]
) -> None:
    await use("telegram_chat", chats=[str(GROUP)])
    server.script(Reply("Hello."))
    await fire(
        hass,
        "telegram_command",
        update(GROUP, command="/ask@home_bot", args=["How", "warm", "is", "it?"]),
    )
    assert sent[0].data["reply_to_message_id"] == 7
    assert last_question(server).startswith("How warm is it?")


@pytest.mark.parametrize("command", ["/start", "/asking", "ask"])
async def test_other_commands_are_left_alone(
    hass: HomeAssistant, server: Simulator, use: Use, command: str
) -> None:
    await use("telegram_chat", chats=[str(CHAT)])
    await fire(hass, "telegram_command", update(command=command, args=["hello"]))
    await fire(hass, "telegram_command", update(command="/ask", args=[]))
    assert server.chats == []


async def test_no_command_at_all(hass: HomeAssistant, server: Simulator, use: Use) -> None:
    await use("telegram_chat", chats=[str(CHAT)], command="")
    await fire(hass, "telegram_command", update(command="/ask", args=["hello"]))
    assert server.chats == []


async def test_it_controls_the_home_only_if_allowed(
    hass: HomeAssistant, server: Simulator, use: Use, calls: Calls
) -> None:
    await use(
        "telegram_chat", chats=[str(CHAT)], control=True, agent=AGENT, system="Answer in rhymes."
    )
    server.script(Reply("Hello."))
    await write(hass, "Hello")
    asked = calls.of("ollama.ask")[0]
    assert (asked["control"], asked["agent"], asked["system"]) == (True, AGENT, "Answer in rhymes.")
    assert server.chats[0].body["tools"]


async def test_a_failure_is_told(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall]
) -> None:
    await use("telegram_chat", chats=[str(CHAT)])
    await server.stop()
    await write(hass, "Hello")
    assert messages(sent) == [FAILED]
    await server.start()
    server.script(Reply("I am back."))
    await write(hass, "Hello again")
    assert messages(sent) == [FAILED, "I am back."]


async def test_typing_is_not_needed(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall]
) -> None:
    async_mock_service(
        hass, "telegram_bot", "send_chat_action", raise_exception=HomeAssistantError("offline")
    )
    await use("telegram_chat", chats=[str(CHAT)])
    server.script(Reply("Hello."))
    await write(hass, "Hello")
    assert messages(sent) == ["Hello."]


async def test_messages_are_answered_in_order(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall]
) -> None:
    await use("telegram_chat", chats=[str(CHAT)])

    def brain(request: ChatRequest) -> Reply:
        return Reply("Re: " + request.messages[-1]["content"].split("\n")[0])

    server.set_brain(brain)
    for number in range(5):
        hass.bus.async_fire("telegram_text", update(text=f"Question {number}"))
    await hass.async_block_till_done()
    assert messages(sent) == [f"Re: Question {number}" for number in range(5)]


def paragraphs(seed: int) -> str:
    source = random.Random(seed)
    words = ["home", "lamp", "é", "日本", "🏡", "3.5", "e.g.", "Yes!", "Why?", "None"]

    def sentence() -> str:
        return " ".join(source.choice(words) for _ in range(source.randint(1, 30))) + "."

    return "\n\n".join(
        " ".join(sentence() for _ in range(source.randint(1, 40))) for _ in range(12)
    )


def unbroken(length: int) -> str:
    """Return one long word that doesn't repeat itself, as a model that is stuck would."""
    return "".join(f"{number}," for number in range(length))[:length]


CASES: dict[str, Callable[[], str]] = {
    "paragraphs": lambda: paragraphs(1),
    "other paragraphs": lambda: paragraphs(2),
    "one paragraph": lambda: paragraphs(3).replace("\n\n", " "),
    "no sentence": lambda: " ".join(f"word{number}" for number in range(1500)),
    "lines": lambda: "\n".join(f"line {number}" for number in range(2000)),
    "no space": lambda: unbroken(9000),
    "exactly one": lambda: unbroken(4000),
    "one more": lambda: unbroken(4001),
    "no spaces, but sentences": lambda: "これは文です。" * 1500,
}


@pytest.mark.parametrize("case", CASES)
async def test_long_answers_are_split(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall], case: str
) -> None:
    text = CASES[case]().strip()
    await use("telegram_chat", chats=[str(CHAT)])
    server.script(Reply(text))
    await write(hass, "Tell me everything")
    parts = messages(sent)
    assert all(0 < len(part) <= LIMIT for part in parts)
    assert len(parts) <= len(text) / 2000 + 1
    assert "".join("".join(parts).split()) == "".join(text.split())
    if " " in text:
        # No word is cut in two.
        assert " ".join(parts).split() == text.split()
    if case == "exactly one":
        assert len(parts) == 1


async def test_paragraphs_and_sentences_stay_whole(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall]
) -> None:
    await use("telegram_chat", chats=[str(CHAT)])
    first, second = "One sentence. " * 150, "Another one here. " * 200
    server.script(Reply(f"{first.strip()}\n\n{second.strip()}"))
    await write(hass, "Tell me everything")
    assert messages(sent) == [first.strip(), second.strip()]
    sent.clear()
    server.script(Reply("Another one here. " * 300))
    await write(hass, "And more")
    assert all(part.endswith("here.") for part in messages(sent))


async def test_its_trace_is_clean(
    hass: HomeAssistant,
    server: Simulator,
    use: Use,
    caplog: pytest.LogCaptureFixture,
    hass_ws_client: WebSocketGenerator,
) -> None:
    entity = await use("telegram_chat", chats=[str(CHAT)])
    server.script(Reply("Hello."))
    await write(hass, "Hello")
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "trace/list", "domain": "automation"})
    [run] = (await client.receive_json())["result"]
    assert (run["script_execution"], run.get("error")) == ("finished", None), entity
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert "Template variable warning" not in caplog.text
