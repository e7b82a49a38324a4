"""What tools read: states, forecasts, events, lists, timers, the clock; with real entities."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.intent import TimerEventType, async_register_timer_handler
from homeassistant.components.media_player import (
    MediaPlayerEntity,
    MediaPlayerEntityFeature,
    SearchMedia,
)
from homeassistant.components.media_player.browse_media import BrowseMedia
from homeassistant.components.todo import (
    TodoItem,
    TodoItemStatus,
    TodoListEntity,
    TodoListEntityFeature,
)
from homeassistant.components.weather import WeatherEntity, WeatherEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import intent
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import setup_test_component_platform

from custom_components.ollama.home.policy import Kind, Policy, Rule

from .conftest import FurnishedHome

NOON = datetime(2026, 10, 14, 19, 0, tzinfo=dt_util.UTC)  # noon in the tests' zone


class Shopping(TodoListEntity):
    """A list in memory."""

    _attr_name = "Shopping list"
    _attr_should_poll = False
    _attr_supported_features = (
        TodoListEntityFeature.CREATE_TODO_ITEM
        | TodoListEntityFeature.DELETE_TODO_ITEM
        | TodoListEntityFeature.UPDATE_TODO_ITEM
    )

    def __init__(self) -> None:
        self._attr_todo_items = [
            TodoItem("Milk 2 l", "1", TodoItemStatus.NEEDS_ACTION),
            TodoItem("Brown bread", "2", TodoItemStatus.NEEDS_ACTION),
            TodoItem("White bread", "3", TodoItemStatus.NEEDS_ACTION),
            TodoItem("Eggs", "4", TodoItemStatus.COMPLETED),
        ]

    def open_items(self) -> list[str | None]:
        return [
            item.summary
            for item in self._attr_todo_items or []
            if item.status == TodoItemStatus.NEEDS_ACTION
        ]

    async def async_create_todo_item(self, item: TodoItem) -> None:
        item.uid = item.summary
        self._attr_todo_items = [*(self._attr_todo_items or []), item]
        self.async_write_ha_state()

    async def async_delete_todo_items(self, uids: list[str]) -> None:
        self._attr_todo_items = [i for i in self._attr_todo_items or [] if i.uid not in uids]
        self.async_write_ha_state()

    async def async_update_todo_item(self, item: TodoItem) -> None:
        for known in self._attr_todo_items or []:
            if known.uid == item.uid:
                known.status = item.status
        self.async_write_ha_state()


class Diary(CalendarEntity):
    """A calendar with one event a day."""

    _attr_should_poll = False

    def __init__(self, name: str) -> None:
        self._attr_name = name

    @property
    def event(self) -> CalendarEvent | None:
        return None

    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        days = (end_date - start_date).days
        return [
            CalendarEvent(
                start_date + timedelta(days=day, hours=9),
                start_date + timedelta(days=day, hours=10),
                f"{self.name} {day}",
            )
            for day in range(days)
        ]


class Sky(WeatherEntity):
    """A weather service."""

    _attr_name = "Weather"
    _attr_should_poll = False
    _attr_condition = "sunny"
    _attr_native_temperature = 21.0
    _attr_native_temperature_unit = "°C"
    _attr_supported_features = (
        WeatherEntityFeature.FORECAST_DAILY | WeatherEntityFeature.FORECAST_HOURLY
    )

    async def async_forecast_daily(self) -> list[Any]:
        return [
            {"datetime": f"2026-10-{day}T12:00:00+00:00", "condition": "rainy",
             "native_temperature": day, "native_templow": 3.0}
            for day in range(14, 24)
        ]  # fmt: skip

    async def async_forecast_hourly(self) -> list[Any]:
        raise HomeAssistantError("The service is on holiday")


class Jukebox(MediaPlayerEntity):
    """A player that finds music."""

    _attr_name = "Jukebox"
    _attr_should_poll = False
    _attr_supported_features = (
        MediaPlayerEntityFeature.SEARCH_MEDIA | MediaPlayerEntityFeature.PLAY_MEDIA
    )
    played: str | None = None

    async def async_search_media(self, query: Any) -> SearchMedia:
        found = [
            BrowseMedia(
                title=title, media_class="track", media_content_type="music",
                media_content_id=f"id:{title}", can_play=can_play, can_expand=False,
            )
            for title, can_play in (("An artist", False), (f"Best of {query.search_query}", True))
            if query.search_query != "nothing"
        ]  # fmt: skip
        return SearchMedia(result=found)

    async def async_play_media(self, media_type: str, media_id: str, **kwargs: Any) -> None:
        self.played = media_id


async def add(hass: HomeAssistant, domain: str, *entities: Any) -> None:
    """Set up real entities and expose them."""
    setup_test_component_platform(hass, domain, entities)
    assert await async_setup_component(hass, domain, {domain: {"platform": "test"}})
    await hass.async_block_till_done()
    for entity in entities:
        async_expose_entity(hass, "conversation", entity.entity_id, True)


@pytest.fixture
async def home(hass: HomeAssistant, offer_api: None) -> FurnishedHome:
    """Return a home without anything in it."""
    return FurnishedHome(hass)


async def test_states(furnished: FurnishedHome) -> None:
    async def states(**arguments: Any) -> Any:
        result = await furnished.call("get_state", arguments)
        assert not result.error, (arguments, result.data)
        return {item["name"]: item["state"] for item in result.data["states"]}

    assert await states(name="outdoor temperature") == {"Outdoor temperature": "3.456"}
    assert await states(entity_id="binary_sensor.window") == {"Bedroom window": "open"}
    assert set(await states(name="doors")) >= {"Front door", "Back door"}
    every_light = await states(domain="light")
    assert len(every_light) == 5
    assert "Secret lamp" not in every_light
    assert await states(domain="light", state="on") == {"Kitchen ceiling light": "on"}
    assert await states(area="Bedroom", domain="climate") == {"Bedroom heater": "off"}
    assert set(await states(domain="sensor")) == {"Outdoor temperature", "Bedroom window"}
    assert await states(name=["Anna", "Coffee maker"]) == {"Anna": "home", "Coffee maker": "off"}
    none = await furnished.call("get_state", {"domain": "light", "state": "purple"})
    assert none.data == {"states": [], "none_of": 5, "is": "purple"}
    everything = (await furnished.call("get_state", {"name": "everything"})).data
    assert len(everything["states"]) == 35
    kitchen = furnished.satellite_in("Kitchen")
    here = (await furnished.call("get_state", {}, kitchen)).data["states"]
    assert {item["area"] for item in here} == {"Kitchen"}
    assert (await furnished.call("get_state", {"name": "Secret lamp"})).error


async def test_states_are_readable(furnished: FurnishedHome) -> None:
    thermostat = (await furnished.call("get_state", {"name": "thermostat"})).data["states"][0]
    assert thermostat["current_temperature"] == 20.5
    assert thermostat["area"] == "Living room"
    furnished.hass.states.async_set(
        "light.bedroom", "on", {"friendly_name": "Bedroom light", "brightness": 128}
    )
    light = (await furnished.call("get_state", {"name": "Bedroom light"})).data["states"][0]
    assert light["brightness_percent"] == 50


async def test_clock(home: FurnishedHome, freezer) -> None:
    freezer.move_to(NOON)
    result = await home.call("GetDateTime", {"timezone": "local"})
    assert result.data == {
        "date": "2026-10-14", "time": "12:00", "weekday": "Wednesday", "timezone": "PDT",
    }  # fmt: skip


async def test_lists(hass: HomeAssistant, home: FurnishedHome) -> None:
    shopping = Shopping()
    await add(hass, "todo", shopping)

    async def call(**arguments: Any) -> dict[str, Any]:
        return dict((await home.call("todo_list", arguments)).data)

    before = ["Milk 2 l", "Brown bread", "White bread"]
    assert (await call(action="get"))["items"] == before
    assert (await call(action="list", status="completed", list="shopping"))["items"] == ["Eggs"]
    assert (await call(action="get", status="all"))["items"][-1] == {
        "item": "Eggs",
        "completed": True,
    }
    assert (await call(action="add", item="Butter"))["success"]
    assert (await call(item=["Jam", "Tea"], name="Shopping list"))["items"] == ["Jam", "Tea"]
    assert shopping.open_items() == [*before, "Butter", "Jam", "Tea"]
    assert (await call(action="check off", item="the milk"))["success"]
    assert (await call(action="delete", item="butter"))["success"]
    assert shopping.open_items() == ["Brown bread", "White bread", "Jam", "Tea"]
    now = shopping.open_items()
    told = await call(action="complete", item="bread")
    assert told["items"] == ["Brown bread", "White bread"]
    assert "not on" in (await call(action="remove", item="Caviar"))["error"]
    assert "not on" in (await call(action="remove", item=["Jam", "Caviar"]))["error"]
    assert "error" in await call(action="add", item="Beer", name="Cellar list")
    assert "error" in await call(action="add", item="Beer", area="Cellar")
    assert "error" in await call(action="add")
    assert "error" in await call(action="burn", item="Jam")
    assert shopping.open_items() == now
    hass.states.async_set("todo.chores", "3", {"friendly_name": "Chores"})
    async_expose_entity(hass, "conversation", "todo.chores", True)
    told = await call(action="add", item="Beer")
    assert {item["name"] for item in told["candidates"]} == {"Shopping list", "Chores"}


async def test_calendars(hass: HomeAssistant, home: FurnishedHome, freezer) -> None:
    freezer.move_to(NOON)
    await add(hass, "calendar", Diary("Family"), Diary("Work"))

    async def summaries(**arguments: Any) -> Any:
        result = await home.call("get_events", arguments)
        return (
            [event["summary"] for event in result.data["events"]]
            if not result.error
            else result.data
        )

    assert await summaries(days=1) == ["Family 0", "Work 0"]
    assert await summaries(calendar="work", days="tomorrow") == ["Work 0", "Work 1"]
    assert len(await summaries()) == 14
    assert await summaries(name="Family", date="2026-12-24") == ["Family 0"]
    assert await summaries(name="Family", date="tomorrow", days="2") == ["Family 0", "Family 1"]
    assert "2026-12-24" in (await summaries(date="someday"))["error"]
    assert "error" in await summaries(days="many")
    assert "Holidays" in (await summaries(name="Holidays"))["error"]
    assert "left_out" in (await home.call("get_events", {"days": 60})).data
    hass.states.async_set("calendar.work", "unavailable", {"friendly_name": "Work"})
    result = await home.call("get_events", {"days": 1})
    assert result.data["not_available"] == ["Work"]
    assert len(result.data["events"]) == 1


async def test_forecast(hass: HomeAssistant, home: FurnishedHome) -> None:
    await add(hass, "weather", Sky())
    data = (await home.call("get_forecast", {})).data
    assert data["now"] == {"condition": "sunny", "temperature": 21.0}
    assert len(data["forecast"]) == 7
    assert data["forecast"][0] == {
        "when": "Wed 2026-10-14", "condition": "rainy", "temperature": 14.0, "templow": 3.0,
    }  # fmt: skip
    assert data["temperature_unit"] == "°C"
    hass.states.async_set("weather.second", "rainy", {"friendly_name": "Second weather"})
    async_expose_entity(hass, "conversation", "weather.second", True)
    assert not (await home.call("get_forecast", {"type": "tomorrow"})).error
    result = await home.call("get_forecast", {"name": "Weather", "type": "hourly"})
    assert result.error
    assert result.data["error"] == "The service is on holiday"
    assert (await home.call("get_forecast", {"name": "Mars"})).error


async def test_music_is_searched(hass: HomeAssistant, home: FurnishedHome) -> None:
    jukebox = Jukebox()
    await add(hass, "media_player", jukebox)
    result = await home.call("media", {"query": "Queen"})
    assert result.data["playing"] == "Best of Queen"
    assert jukebox.played == "id:Best of Queen"
    result = await home.call("media", {"action": "play", "artist": "Abba", "media_type": "artist"})
    assert jukebox.played == "id:Best of Abba"
    assert (await home.call("media", {"query": "nothing"})).error
    assert (await home.call("media", {"query": "Kiss", "name": "Gramophone"})).error
    assert jukebox.played == "id:Best of Abba"


async def test_timers(hass: HomeAssistant, furnished: FurnishedHome) -> None:
    satellite = furnished.satellite_in("Kitchen")
    events: list[tuple[TimerEventType, Any]] = []
    remove = async_register_timer_handler(
        hass, satellite.device_id, lambda event, timer: events.append((event, timer))
    )

    async def call(**arguments: Any) -> dict[str, Any]:
        return dict((await furnished.call("timer", arguments, satellite)).data)

    assert (await call(action="set", duration="5 minutes", name="pasta"))["success"]
    assert events[-1][1].seconds == 300
    assert (await call(hours=1, minutes="30"))["success"]
    assert events[-1][1].seconds == 5400
    assert (await call(action="add", duration="1 minute", name="pasta"))["success"]
    (pasta,) = (await call(action="status", name="pasta"))["timers"]
    assert pasta["name"] == "pasta"
    assert pasta["left"] in ("0:06:00", "0:05:59")
    assert len((await call(action="status"))["timers"]) == 2
    # With two timers, one has to be said; with one, another name is not that one.
    assert len((await call(action="pause"))["timers"]) == 2
    assert len((await call(action="cancel", name="eggs"))["timers"]) == 2
    assert (await call(action="cancel", duration="90 minutes"))["success"]
    for action in ("pause", "cancel", "add"):
        told = await call(
            action=action, name="eggs", **({"duration": "2 min"} if action == "add" else {})
        )
        assert [timer["name"] for timer in told["timers"]] == ["pasta"]
    assert len((await call(action="status"))["timers"]) == 1
    assert (await call(action="pause"))["success"]
    assert not (await call(action="status"))["timers"][0]["running"]
    assert (await call(action="resume"))["success"]
    assert (await call(action="cancel_all"))["success"]
    assert (await call(action="status"))["timers"] == []
    for arguments in (
        {"action": "start"},
        {"action": "start", "duration": "0"},
        {"action": "start", "duration": "soon"},
        {"action": "explode"},
        {"action": "cancel"},
        {"action": "start", "duration": "5 minutes", "device": "Robot"},
    ):
        assert "error" in await call(**arguments), arguments
    assert (await call(action="status"))["timers"] == []
    remove()
    result = await furnished.call("timer", {"action": "start", "duration": "5 minutes"})
    assert "no timers" in result.data["error"]


class _Broadcast(intent.IntentHandler):
    """Stands for the satellites, whose component needs what isn't installed."""

    intent_type = intent.INTENT_BROADCAST
    names: tuple[str, ...] = ("Hall satellite",)
    said: list[str]

    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        self.said.append(intent_obj.slots["message"]["value"])
        response = intent_obj.create_response()
        response.async_set_results(
            [intent.IntentResponseTarget(name, intent.IntentResponseTargetType.ENTITY, name)
             for name in self.names]
        )  # fmt: skip
        return response


async def test_broadcast(hass: HomeAssistant, home: FurnishedHome) -> None:
    hass.config.components.add("assist_satellite")
    result = await home.call("broadcast", {"message": "Dinner"})
    assert "no voice device" in result.data["error"]
    handler = _Broadcast()
    handler.said = []
    intent.async_register(hass, handler)
    result = await home.call("broadcast", {"text": "Dinner is ready"})
    assert result.data["targets"] == ["Hall satellite"]
    handler.names = ()
    assert (await home.call("broadcast", {"message": "Anybody?"})).error
    assert handler.said == ["Dinner is ready", "Anybody?"]
    assert (await home.call("broadcast", {})).error
    assert (await home.call("broadcast", {"message": "Hi", "device": "Hall"})).error
    home.policy = Policy(rules=dict.fromkeys(Kind, Rule.REFUSE))
    assert "not allow" in (await home.call("broadcast", {"message": "Hi"})).data["error"]
    # To be asked about, and nobody there to ask.
    home.policy = Policy(rules=dict.fromkeys(Kind, Rule.ASK))
    assert "confirmed" in (await home.call("broadcast", {"message": "Hi"})).data["error"]
    assert len(handler.said) == 2


async def test_script_fields(hass: HomeAssistant, home: FurnishedHome) -> None:
    assert await async_setup_component(
        hass,
        "script",
        {
            "script": {
                "greet": {
                    "alias": "Greet",
                    "fields": {
                        "who": {"description": "Whom to greet", "required": True},
                        "level": {"description": "How loud"},
                    },
                    "sequence": [
                        {"event": "greeted", "event_data": {"who": "{{ who }}", "l": "{{ level }}"}}
                    ],
                }
            }
        },
    )
    async_expose_entity(hass, "conversation", "script.greet", True)
    greeted: list[dict[str, Any]] = []
    hass.bus.async_listen("greeted", lambda event: greeted.append(dict(event.data)))
    told = (await home.call("run", {"name": "Greet"})).data
    assert told["missing"] == {"who": "Whom to greet"}
    told = (await home.call("run", {"name": "Greet", "who": "Anna", "colour": "red"})).data
    assert told["arguments"] == ["name", "who", "level"]
    await hass.async_block_till_done()
    assert greeted == []
    assert (await home.call("run", {"name": "Greet", "who": "Anna", "level": 3})).data["success"]
    await hass.async_block_till_done()
    assert greeted == [{"who": "Anna", "l": 3}]
