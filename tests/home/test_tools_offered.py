"""Which tools are offered, what is told of them, and that none of it ever changes by itself."""

from datetime import timedelta
import json
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, entity_registry as er, llm
from homeassistant.setup import async_setup_component
import ollama
import probatio
import pytest

from custom_components.ollama.home import API_ID, prompt_characters
from custom_components.ollama.home.tools import TOOLS, FindDevices

from .conftest import FurnishedHome, llm_context, put

READS = (True, False, True, False)
SETS = (False, False, True, False)
STEPS = (False, False, False, False)
GUARDED = (False, True, True, False)
CHANGES = (False, True, False, False)
RUNS = (False, True, False, True)

# Read only, destructive, idempotent, open world. What can be told to go "up" or "faster" does
# more each time; turning on may run a script.
ANNOTATIONS = {
    "turn_on": RUNS,
    "turn_off": SETS,
    "set_light": STEPS,
    "set_temperature": STEPS,
    "lock": SETS,
    "unlock": GUARDED,
    "open": GUARDED,
    "close": SETS,
    "set_position": GUARDED,
    "media": STEPS,
    "set_fan": STEPS,
    "vacuum": STEPS,
    "set_value": STEPS,
    "alarm": GUARDED,
    "run": RUNS,
    "get_state": READS,
    "get_history": READS,
    "get_forecast": READS,
    "timer": CHANGES,
    "todo_list": CHANGES,
    "get_events": READS,
    "broadcast": STEPS,
    "GetDateTime": READS,
    "find_devices": READS,
}

# What each of Assist's tools can do, and a call that does it here.
COVERED: dict[str, tuple[str, dict[str, Any]]] = {
    "assist_satellite__HassBroadcast": ("broadcast", {"message": "Dinner"}),
    "calendar__get_events": ("get_events", {"days": 7}),
    "climate__HassClimateSetTemperature": ("set_temperature", {"temperature": 21}),
    "fan__HassFanSetSpeed": ("set_fan", {"speed": "50"}),
    "homeassistant__GetLiveContext": ("get_state", {"domain": "light"}),
    "humidifier__HassHumidifierSetpoint": ("set_value", {"value": "45"}),
    "humidifier__HassHumidifierMode": ("set_value", {"value": "Auto"}),
    "intent__HassTurnOn": ("turn_on", {"name": "x"}),
    "intent__HassTurnOff": ("turn_off", {"name": "x"}),
    "intent__HassSetPosition": ("set_position", {"position": "50"}),
    "intent__HassStopMoving": ("set_position", {"position": "stop"}),
    "intent__HassStartTimer": ("timer", {"action": "start"}),
    "intent__HassCancelTimer": ("timer", {"action": "cancel"}),
    "intent__HassCancelAllTimers": ("timer", {"action": "cancel_all"}),
    "intent__HassIncreaseTimer": ("timer", {"action": "add"}),
    "intent__HassDecreaseTimer": ("timer", {"action": "subtract"}),
    "intent__HassPauseTimer": ("timer", {"action": "pause"}),
    "intent__HassUnpauseTimer": ("timer", {"action": "resume"}),
    "intent__HassTimerStatus": ("timer", {"action": "status"}),
    "lawn_mower__HassLawnMowerStartMowing": ("vacuum", {"action": "start"}),
    "lawn_mower__HassLawnMowerDock": ("vacuum", {"action": "dock"}),
    "light__HassLightSet": ("set_light", {"brightness": 30, "color": "red"}),
    "llm__GetDateTime": ("GetDateTime", {}),
    "media_player__HassMediaUnpause": ("media", {"action": "play"}),
    "media_player__HassMediaPause": ("media", {"action": "pause"}),
    "media_player__HassMediaNext": ("media", {"action": "next"}),
    "media_player__HassMediaPrevious": ("media", {"action": "previous"}),
    "media_player__HassMediaPlayerMute": ("media", {"action": "mute"}),
    "media_player__HassMediaPlayerUnmute": ("media", {"action": "unmute"}),
    "media_player__HassSetVolume": ("media", {"volume": 30}),
    "media_player__HassSetVolumeRelative": ("media", {"action": "volume_up"}),
    "media_player__search_media": ("media", {"query": "jazz"}),
    "media_player__play_media": ("media", {"query": "jazz"}),
    "todo__get_items": ("todo_list", {"action": "get"}),
    "todo__HassListAddItem": ("todo_list", {"action": "add", "item": "x"}),
    "todo__HassListCompleteItem": ("todo_list", {"action": "complete", "item": "x"}),
    "todo__HassListRemoveItem": ("todo_list", {"action": "remove", "item": "x"}),
    "vacuum__HassVacuumStart": ("vacuum", {"action": "start"}),
    "vacuum__HassVacuumReturnToBase": ("vacuum", {"action": "dock"}),
    "vacuum__HassVacuumCleanArea": ("vacuum", {"action": "start", "area": "Kitchen"}),
    "script__movie": ("run", {"name": "Movie night"}),
}


async def rendered(hass: HomeAssistant, context: llm.LLMContext) -> bytes:
    """Return prompt and tools as bytes."""
    api = await llm.async_get_api(hass, API_ID, context)
    tools = [
        (tool.name, tool.description, probatio.to_openapi(tool.parameters, openapi_version="3.1.0"))
        for tool in api.tools
    ]
    return json.dumps([api.api_prompt, tools]).encode()


async def offered(hass: HomeAssistant) -> list[str]:
    """Return the names of the tools, in order."""
    api = await llm.async_get_api(hass, API_ID, llm_context())
    return [tool.name for tool in api.tools]


def test_annotations() -> None:
    told = {
        tool.name: (
            tool.annotations.read_only,
            tool.annotations.destructive,
            tool.annotations.idempotent,
            tool.annotations.open_world,
        )
        for tool in (*TOOLS, FindDevices)
    }
    assert told == ANNOTATIONS


@pytest.mark.parametrize("tool", [*TOOLS, FindDevices], ids=lambda tool: tool.name)
def test_schema_survives_the_client(tool: Any) -> None:
    """The client's own model of a tool drops what it doesn't know, and a choice of types."""
    parameters = probatio.to_openapi(tool.parameters, openapi_version="3.1.0")
    sent = ollama.Tool.model_validate(
        {
            "type": "function",
            "function": {
                "name": tool.name, "description": tool.description, "parameters": parameters,
            },
        }
    ).model_dump(exclude_none=True)["function"]["parameters"]  # fmt: skip
    assert sent == parameters
    assert all("type" in about for about in sent["properties"].values())
    known = set(sent["properties"])
    assert set(tool.example) <= known
    assert set(sent.get("required", ())) <= set(tool.example)
    assert len(tool.description) <= 90


async def test_assist_is_covered(hass: HomeAssistant, furnished: FurnishedHome) -> None:
    for domain in ("light", "climate", "fan", "media_player", "vacuum", "humidifier", "lawn_mower"):
        assert await async_setup_component(hass, domain, {})
    assert await async_setup_component(hass, "todo", {})
    assert await async_setup_component(hass, "calendar", {})
    put(hass, "todo.shopping", "Shopping", state="1")
    put(hass, "calendar.family", "Family")
    hass.config.components.add("assist_satellite")
    theirs = await llm.async_get_api(hass, llm.LLM_API_ASSIST, llm_context())
    names = {tool.name for tool in theirs.tools}
    assert len(names) > 25
    assert names <= set(COVERED)
    ours = set(await offered(hass))
    classes = {tool.name: tool for tool in TOOLS}
    for tool, arguments in COVERED.values():
        assert tool in ours
        schema = probatio.to_openapi(classes[tool].parameters, openapi_version="3.1.0")
        for key, value in arguments.items():
            about = schema["properties"][key]
            assert value in about.get("enum", [value])


async def test_nothing_changes_by_itself(
    hass: HomeAssistant, furnished: FurnishedHome, freezer, hass_admin_user, hass_read_only_user
) -> None:
    satellite = furnished.satellite_in("Kitchen")
    first = await rendered(hass, llm_context())
    for context in (
        satellite,
        llm_context(language="nl"),
        llm_context(user_id=hass_admin_user.id),
        llm_context(user_id=hass_read_only_user.id),
    ):
        assert await rendered(hass, context) == first
    freezer.tick(timedelta(hours=7))
    for state in hass.states.async_all():
        hass.states.async_set(state.entity_id, "unavailable", state.attributes)
    hass.states.async_set(
        "light.bedroom", "on", {"friendly_name": "Bedroom light", "brightness": 5}
    )
    await hass.async_block_till_done()
    assert await rendered(hass, satellite) == first


async def test_changes_with_the_home(
    hass: HomeAssistant, furnished: FurnishedHome, area_registry: ar.AreaRegistry
) -> None:
    seen = [await rendered(hass, llm_context())]

    async def assert_changed() -> None:
        await hass.async_block_till_done()
        now = await rendered(hass, llm_context())
        assert now != seen[-1]
        assert now == await rendered(hass, llm_context())
        seen.append(now)

    async_expose_entity(hass, "conversation", "light.secret", True)
    await assert_changed()
    assert b"Secret lamp" in seen[-1]
    er.async_get(hass).async_update_entity("light.secret", name="Cellar lamp")
    hass.states.async_set("light.secret", "off", {"friendly_name": "Cellar lamp"})
    await assert_changed()
    area_registry.async_update("kitchen", name="Cookhouse")
    await assert_changed()
    assert b"Cookhouse" in seen[-1]
    async_expose_entity(hass, "conversation", "light.secret", False)
    await assert_changed()
    assert b"Cellar lamp" not in seen[-1]


async def test_tools_come_with_their_domains(hass: HomeAssistant, offer_api: None) -> None:
    assert await offered(hass) == ["timer", "GetDateTime"]
    put(hass, "switch.coffee", "Coffee maker")
    assert await offered(hass) == ["turn_on", "turn_off", "get_state", "timer", "GetDateTime"]
    order = [tool.name for tool in TOOLS]
    for domain, tools in {
        "light": {"set_light"},
        "climate": {"set_temperature"},
        "lock": {"lock", "unlock"},
        "valve": {"open", "close", "set_position"},
        "media_player": {"media"},
        "fan": {"set_fan"},
        "lawn_mower": {"vacuum"},
        "input_select": {"set_value"},
        "alarm_control_panel": {"alarm"},
        "scene": {"run"},
        "weather": {"get_forecast"},
        "todo": {"todo_list"},
        "calendar": {"get_events"},
    }.items():
        before = set(await offered(hass))
        put(hass, f"{domain}.hidden", f"Hidden {domain}", exposed=False)
        assert set(await offered(hass)) == before
        put(hass, f"{domain}.one", f"One {domain}")
        now = await offered(hass)
        assert set(now) - before == tools
        assert now == sorted(now, key=order.index)
    # These come with integrations, which may be set up after an agent has asked first.
    hass.config.components.add("recorder")
    hass.config.components.add("assist_satellite")
    assert set(order) == set(await offered(hass))


async def test_large_home_is_searched(hass: HomeAssistant, furnished: FurnishedHome) -> None:
    token = prompt_characters.set(900)
    try:
        api = await llm.async_get_api(hass, API_ID, llm_context())
        names = [tool.name for tool in api.tools]
        assert names[-1] == "find_devices"
        assert len(api.api_prompt) <= 900
        assert "Kitchen ceiling light" not in api.api_prompt
        assert "Kitchen" in api.api_prompt

        async def find(**arguments: Any) -> Any:
            return (await api.async_call_tool(llm.ToolInput("find_devices", dict(arguments)))).data

        found = (await find(area="kitchen", kind="lights"))["devices"]
        assert found == [
            {"name": "Kitchen ceiling light", "kind": "light", "area": "Kitchen"},
            {"name": "Kitchen table lamp", "kind": "light", "area": "Kitchen"},
        ]
        assert (await find(query="ceiling light"))["devices"][0]["name"] == "Kitchen ceiling light"
        assert {"Robot", "Mower"} == {
            item["name"] for item in (await find(kind="robot"))["devices"]
        }
        assert "Secret" not in json.dumps(await find(query="secret lamp"))
        assert "areas" in await find(query="xyzzy")
        everything = await find()
        assert len(everything["devices"]) + everything["left_out"] == 35
    finally:
        prompt_characters.reset(token)
    assert "find_devices" not in await offered(hass)


async def test_no_room_at_all(hass: HomeAssistant, furnished: FurnishedHome) -> None:
    """A context of nought characters is no reason to send the whole home."""
    token = prompt_characters.set(0)
    try:
        api = await llm.async_get_api(hass, API_ID, llm_context())
    finally:
        prompt_characters.reset(token)
    assert "Coffee" not in api.api_prompt
    assert len(api.api_prompt) < 600
