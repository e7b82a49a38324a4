"""A door that was left unlocked or open."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
    async_mock_service,
)

from simulator import Simulator

from .conftest import Calls, Decides, Use
from .helpers import PHONE_ACTION, PHONE_CALL, run_by_hand, tap

LOCK, CONTACT = "lock.front_door", "binary_sensor.front_door"
NAME = {"friendly_name": "Front door"}
REMINDER = "Front door is still unlocked."


@pytest.fixture(autouse=True)
def _closed(hass: HomeAssistant) -> None:
    hass.states.async_set(LOCK, "locked", NAME)
    hass.states.async_set(CONTACT, "off", NAME)
    hass.states.async_set("person.anna", "home", {"friendly_name": "Anna"})
    hass.states.async_set("sun.sun", "below_horizon")


@pytest.fixture(autouse=True)
def shown(hass: HomeAssistant) -> list[ServiceCall]:
    return async_mock_service(hass, "notify", PHONE_ACTION)


@pytest.fixture(autouse=True)
def locked(hass: HomeAssistant) -> list[ServiceCall]:
    return async_mock_service(hass, "lock", "lock")


async def leave(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entity: str, state: str, minutes: int = 10
) -> None:
    """Leave a door in a state for some minutes."""
    hass.states.async_set(entity, state, NAME)
    await hass.async_block_till_done()
    freezer.tick(timedelta(minutes=minutes, seconds=1))
    async_fire_time_changed(hass)


def options(calls: Calls) -> list[str]:
    [asked] = calls.of("ollama.decide")
    return [option["id"] for option in asked["options"]]


@pytest.mark.parametrize(("button", "times"), [(0, 1), (1, 0)])
async def test_locked_if_confirmed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    decides: Decides,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    locked: list[ServiceCall],
    calls: Calls,
    button: int,
    times: int,
) -> None:
    await use("door_watch", lock=[LOCK], contact=[CONTACT], phone=phone, wishes="Always lock.")
    decides("lock")
    await leave(hass, freezer, LOCK, "unlocked")
    notification = await calls.first(PHONE_CALL)
    assert locked == []
    await tap(hass, notification, button)
    assert [call.data["entity_id"] for call in locked] == [[LOCK]] * times
    [asked] = calls.of("ollama.decide")
    assert (asked["mode"], asked["notify"]) == ("confirm", f"notify.{PHONE_ACTION}")
    assert options(calls) == ["lock"]
    situation = asked["situation"]
    assert "Front door has been unlocked for 10 minutes." in situation
    assert "and dark. At home: Anna. Always lock." in situation


async def test_never_locked_while_it_is_open(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    decides: Decides,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    locked: list[ServiceCall],
    calls: Calls,
) -> None:
    await use("door_watch", lock=[LOCK], contact=[CONTACT], phone=phone, mode="execute")
    decides("remind")
    hass.states.async_set(LOCK, "unlocked", NAME)
    await leave(hass, freezer, CONTACT, "on", 9)
    assert calls.of("ollama.decide") == []
    freezer.tick(timedelta(minutes=2))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert options(calls) == ["remind"]
    assert locked == []
    assert [call.data["message"] for call in shown] == ["Front door is still open."]


@pytest.mark.parametrize("state", ["on", "unavailable"])
async def test_not_locked_if_it_was_opened_meanwhile(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    decides: Decides,
    use: Use,
    phone: str,
    locked: list[ServiceCall],
    calls: Calls,
    state: str,
) -> None:
    await use("door_watch", lock=[LOCK], contact=[CONTACT], phone=phone)
    decides("lock")
    await leave(hass, freezer, LOCK, "unlocked")
    notification = await calls.first(PHONE_CALL)
    hass.states.async_set(CONTACT, state, NAME)
    await tap(hass, notification, 0)
    assert locked == []
    told = [call["message"] for call in calls.of(PHONE_CALL)[1:]]
    assert [text for text in told if text != "clear_notification"] == [REMINDER]


async def test_not_locked_if_the_contact_is_silent(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    decides: Decides,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    locked: list[ServiceCall],
) -> None:
    """Nobody is told that it is locked when it is not."""
    await use("door_watch", lock=[LOCK], contact=[CONTACT], phone=phone, mode="execute")
    decides("lock", "It is late, so I lock it.")
    hass.states.async_set(CONTACT, "unavailable", NAME)
    await leave(hass, freezer, LOCK, "unlocked")
    await hass.async_block_till_done()
    assert locked == []
    assert [call.data["message"] for call in shown] == [REMINDER]


async def test_locked_at_once_and_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    decides: Decides,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    locked: list[ServiceCall],
    calls: Calls,
) -> None:
    await use("door_watch", lock=[LOCK], phone=phone, mode="execute", after={"minutes": 3})
    decides("lock", "It is late.")
    await leave(hass, freezer, LOCK, "unlocked", 3)
    await hass.async_block_till_done()
    assert options(calls) == ["lock", "remind"]
    assert [call.data["entity_id"] for call in locked] == [[LOCK]]
    assert [call.data["message"] for call in shown] == ["Front door: It is late."]


@pytest.mark.parametrize(
    ("mode", "action", "message"),
    [
        ("execute", "remind", "Front door is still unlocked."),
        ("suggest", "remind", "Front door: It has been long."),
        ("suggest", "lock", "Front door: It has been long."),
        ("execute", "none", None),
        ("suggest", "none", None),
    ],
)
async def test_told_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    decides: Decides,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    locked: list[ServiceCall],
    mode: str,
    action: str,
    message: str | None,
) -> None:
    await use("door_watch", lock=[LOCK], phone=phone, mode=mode)
    decides(action)
    await leave(hass, freezer, LOCK, "unlocked")
    await hass.async_block_till_done()
    assert [call.data["message"] for call in shown] == ([message] if message else [])
    assert locked == []


@pytest.mark.parametrize("mode", ["confirm", "execute", "suggest"])
@pytest.mark.parametrize(
    ("entity", "state", "message"),
    [(LOCK, "unlocked", "Nog van het slot: Front door"), (CONTACT, "on", "Nog open: Front door")],
)
async def test_without_the_model_there_is_a_reminder(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    locked: list[ServiceCall],
    mode: str,
    entity: str,
    state: str,
    message: str,
) -> None:
    await use(
        "door_watch",
        lock=[LOCK],
        contact=[CONTACT],
        phone=phone,
        mode=mode,
        unlocked="Nog van het slot: {{ name }}",
        opened="Nog open: {{ name }}",
    )
    await server.stop()
    await leave(hass, freezer, entity, state)
    await hass.async_block_till_done()
    assert [call.data["message"] for call in shown] == [message]
    assert locked == []


async def test_closed_in_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
) -> None:
    await use("door_watch", lock=[LOCK], contact=[CONTACT], phone=phone)
    await leave(hass, freezer, LOCK, "unlocked", 9)
    await leave(hass, freezer, LOCK, "locked", 9)
    await leave(hass, freezer, CONTACT, "on", 9)
    await leave(hass, freezer, CONTACT, "off", 9)
    await hass.async_block_till_done()
    assert server.chats == []
    assert shown == []


async def test_a_name_is_no_template(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    server: Simulator,
    decides: Decides,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
    calls: Calls,
) -> None:
    name = {"friendly_name": "{{ states('person.anna') }} door"}
    hass.states.async_set(LOCK, "locked", name)
    await use("door_watch", lock=[LOCK], phone=phone, mode="execute")
    decides("remind")
    hass.states.async_set(LOCK, "unlocked", name)
    await hass.async_block_till_done()
    freezer.tick(timedelta(minutes=11))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert calls.of("ollama.decide")[0]["situation"].startswith(name["friendly_name"])
    assert shown[0].data["message"] == f"{name['friendly_name']} is still unlocked."


async def test_run_by_hand(
    hass: HomeAssistant,
    server: Simulator,
    decides: Decides,
    use: Use,
    phone: str,
    shown: list[ServiceCall],
) -> None:
    hass.states.async_set(LOCK, "unlocked", NAME)
    decides("remind")
    await run_by_hand(hass, await use("door_watch", lock=[LOCK], phone=phone, mode="execute"))
    assert [call.data["message"] for call in shown] == ["Front door is still unlocked."]
