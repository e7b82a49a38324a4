"""Text messages: every gateway that has an example, and whose messages are answered."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    async_fire_mqtt_message,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, MqttMockHAClient

from simulator import Reply, Simulator

from ..common import AGENT
from .conftest import Calls, Use
from .helpers import NOT_TEMPLATES, example, fire

NUMBER = "+31612345678"

# What the trigger and the templates are does not matter to who is answered.
GATEWAY: dict[str, Any] = {
    "trigger": [{"trigger": "event", "event_type": "sms_received"}],
    "sender": "{{ trigger.event.data.number }}",
    "text": "{{ trigger.event.data.text }}",
    "numbers": [NUMBER],
    "reply": [
        {
            "action": "notify.modem",
            "data": {"target": "{{ recipients }}", "message": "{{ answer }}"},
        }
    ],
}


@pytest.fixture
def sent(hass: HomeAssistant) -> list[ServiceCall]:
    return async_mock_service(hass, "notify", "modem")


async def receive(hass: HomeAssistant, text: str, number: Any = NUMBER) -> None:
    await fire(hass, "sms_received", {"number": number, "text": text})


async def test_a_message_is_answered(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall], calls: Calls
) -> None:
    await use("sms_assistant", **GATEWAY)
    server.script(Reply("It is 21 °C inside."))
    await receive(hass, "How warm is it?")
    assert [dict(call.data) for call in sent] == [
        {"target": [NUMBER], "message": "It is 21 °C inside."}
    ]
    assert calls.of("ollama.ask") == [
        {
            "prompt": "How warm is it?",
            "conversation_id": "sms_31612345678",
            "control": False,
            "max_length": 160,
        }
    ]
    assert not server.chats[0].body.get("tools")


async def test_an_answer_fits_into_one_message(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall]
) -> None:
    await use("sms_assistant", **GATEWAY)
    server.script(Reply(" ".join(f"Lamp number {number} is on." for number in range(50))))
    await receive(hass, "Which lamps are on?")
    message = sent[0].data["message"]
    assert 100 < len(message) <= 160
    assert message.startswith("Lamp number 0 is on.")


@pytest.mark.parametrize(
    ("listed", "number"),
    [
        (NUMBER, "31612345678"),
        (NUMBER, 31612345678),
        (NUMBER, "0031612345678"),
        (NUMBER, " +31 6 1234-5678 "),
        (NUMBER, "+31(0)612345678"),
        ("+31 (0)6 12 34 56 78", NUMBER),
        ("0031 6 12345678", NUMBER),
        ("31612345678", NUMBER),
    ],
)
async def test_numbers_are_compared_by_their_digits(
    hass: HomeAssistant,
    server: Simulator,
    use: Use,
    sent: list[ServiceCall],
    listed: str,
    number: Any,
) -> None:
    await use("sms_assistant", **GATEWAY | {"numbers": ["+1 212 555 0100", listed]})
    server.script(Reply("Hello."))
    await receive(hass, "Hello", number)
    assert len(sent) == 1
    [target] = sent[0].data["target"]
    # The number as it is listed, without what makes it readable.
    assert target == listed.replace(" ", "").replace("(0)", "")


@pytest.mark.parametrize("number", ["0612345678", "06 1234 5678"])
async def test_numbers_of_the_own_country(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall], number: str
) -> None:
    await use("sms_assistant", **GATEWAY, country_code="+31")
    server.script(Reply("Hello."))
    await receive(hass, "Hello", number)
    assert sent[0].data["target"] == [NUMBER]


@pytest.mark.parametrize(
    "number",
    [
        "+31612345679",
        "+32612345678",
        "612345678",
        "0612345678",
        "+316123456780",
        "A31612345678",
        "+31612345678x",
        "31612345678@example.org",
        "+",
        "",
        None,
        "{{ '+31612345678' }}",
        ["+31612345678"],
    ],
)
async def test_nobody_else_is_answered(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall], number: Any
) -> None:
    # An empty line in the list must not let senders without a number in.
    await use("sms_assistant", **GATEWAY | {"numbers": [NUMBER, "", "nobody"]})
    await receive(hass, "Open the door", number)
    assert server.chats == []
    assert sent == []


@pytest.mark.parametrize("text", ["", "   "])
async def test_nothing_written_is_not_answered(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall], text: str
) -> None:
    await use("sms_assistant", **GATEWAY)
    await receive(hass, text)
    assert server.chats == []
    assert sent == []


@pytest.mark.parametrize("text", NOT_TEMPLATES)
async def test_a_message_stays_text(
    hass: HomeAssistant, server: Simulator, use: Use, calls: Calls, text: str
) -> None:
    hass.states.async_set("lock.front_door", "unlocked")
    async_mock_service(hass, "notify", "modem")
    await use("sms_assistant", **GATEWAY)
    server.script(Reply("Hello."))
    await receive(hass, text)
    [asked] = calls.of("ollama.ask")
    # A template gives the text: "1.50" comes out of it as a number, and a list with other spaces.
    assert asked["prompt"].replace(" ", "") in (text.replace(" ", ""), "1.5")


async def test_a_failure_is_told(
    hass: HomeAssistant, server: Simulator, use: Use, sent: list[ServiceCall]
) -> None:
    await use("sms_assistant", **GATEWAY, failed="Nu even niet.")
    await server.stop()
    await receive(hass, "Hello")
    assert sent[0].data["message"] == "Nu even niet."


async def test_other_settings(
    hass: HomeAssistant, server: Simulator, use: Use, calls: Calls, sent: list[ServiceCall]
) -> None:
    await use("sms_assistant", **GATEWAY, control=True, agent=AGENT, length=70.0)
    server.script(Reply("Hello."))
    await receive(hass, "Hello")
    [asked] = calls.of("ollama.ask")
    assert (asked["control"], asked["agent"], asked["max_length"]) == (True, AGENT, 70)
    assert server.chats[0].body["tools"]


type Deliver = Callable[[str], Awaitable[None]]


@pytest.fixture
def deliver(hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator) -> dict[str, Deliver]:
    """Return how each gateway hands over a message from the listed number."""

    async def netgear(text: str) -> None:
        data = {"host": "192.168.5.1", "sms_id": 3, "from": NUMBER, "message": text}
        await fire(hass, "netgear_lte_sms", data)

    async def twilio(text: str) -> None:
        data = {"From": NUMBER, "To": "+15005550006", "Body": text, "webhook_id": "x"}
        await fire(hass, "twilio_data_received", data)

    async def android(text: str) -> None:
        client = await hass_client_no_auth()
        payload = {"messageId": "1", "phoneNumber": NUMBER, "message": text, "simNumber": 1}
        await client.post(
            "/api/webhook/sms-7f3c1e94b2a84d06", json={"event": "sms:received", "payload": payload}
        )
        await hass.async_block_till_done()

    async def clicksend(text: str) -> None:
        client = await hass_client_no_auth()
        await client.post("/api/webhook/sms-2b9d5a07c6e14f83", data={"from": NUMBER, "body": text})
        await hass.async_block_till_done()

    async def mqtt(text: str) -> None:
        async_fire_mqtt_message(hass, "sms/received", f'{{"number": "{NUMBER}", "text": "{text}"}}')
        await hass.async_block_till_done()

    return {
        "sms_netgear_lte": netgear,
        "sms_twilio": twilio,
        "sms_android_gateway": android,
        "sms_clicksend": clicksend,
        "sms_mqtt": mqtt,
    }


REPLIES = {
    "sms_netgear_lte": ("notify", "netgear_lm1200", {"target": [NUMBER]}),
    "sms_twilio": ("notify", "twilio_sms", {"target": [NUMBER]}),
    "sms_android_gateway": ("rest_command", "send_sms", {"to": [NUMBER]}),
    "sms_clicksend": ("rest_command", "send_sms", {"to": [NUMBER]}),
}


@pytest.mark.parametrize("name", REPLIES)
async def test_gateways(
    hass: HomeAssistant, server: Simulator, use: Use, deliver: dict[str, Deliver], name: str
) -> None:
    assert await async_setup_component(hass, "webhook", {})
    domain, action, fields = REPLIES[name]
    sent = async_mock_service(hass, domain, action)
    await use("sms_assistant", **example(name)["use_blueprint"]["input"])
    server.script(Reply("Two lights are on."))
    await deliver[name]("Which lights are on?")
    assert [dict(call.data) for call in sent] == [{**fields, "message": "Two lights are on."}]


# The connection of MQTT's own fixture looks after itself by a timer.
@pytest.mark.parametrize("expected_lingering_timers", [True])
async def test_a_modem_behind_mqtt(
    hass: HomeAssistant,
    mqtt_mock: MqttMockHAClient,
    server: Simulator,
    use: Use,
    deliver: dict[str, Deliver],
) -> None:
    await use("sms_assistant", **example("sms_mqtt")["use_blueprint"]["input"])
    server.script(Reply("Two lights are on."))
    await deliver["sms_mqtt"]("Which lights are on?")
    mqtt_mock.async_publish.assert_called_once()
    topic, payload = mqtt_mock.async_publish.call_args.args[:2]
    assert topic == "sms/send"
    assert payload == '{"number":"+31612345678","text":"Two lights are on."}'
