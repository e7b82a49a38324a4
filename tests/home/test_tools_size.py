"""What a home costs in a request, beside what core's integration sends of it."""

from itertools import cycle, islice
import json
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, entity_registry as er, llm
from homeassistant.setup import async_setup_component
import ollama
import probatio
import pytest

from custom_components.ollama.home import API_ID

from .conftest import llm_context

# Kind, what it is called after its area, features; as homes have them, lights first.
KINDS = (
    ("light", "ceiling light", {"supported_color_modes": ["rgb"]}),
    ("sensor", "temperature", {"device_class": "temperature"}),
    ("light", "table lamp", {"supported_color_modes": ["brightness"]}),
    ("switch", "wall socket", {}),
    ("binary_sensor", "motion", {"device_class": "motion"}),
    ("cover", "blinds", {"device_class": "blind", "supported_features": 15}),
    ("sensor", "humidity", {"device_class": "humidity"}),
    ("climate", "thermostat", {"supported_features": 1, "hvac_modes": ["heat", "off"]}),
    ("binary_sensor", "window", {"device_class": "window"}),
    ("media_player", "speaker", {"supported_features": 4_194_304 | 512 | 4 | 1}),
    ("light", "floor lamp", {"supported_color_modes": ["rgb"]}),
    ("fan", "fan", {"supported_features": 1}),
    ("switch", "heater plug", {}),
    ("sensor", "battery", {"device_class": "battery"}),
    ("lock", "door", {}),
    ("scene", "evening scene", {}),
    ("light", "reading light", {"supported_color_modes": ["brightness"]}),
    ("sensor", "power", {"device_class": "power"}),
    ("vacuum", "robot", {}),
    ("humidifier", "humidifier", {}),
    ("automation", "night mode", {}),
    ("script", "movie time", {}),
    ("input_boolean", "guest mode", {}),
    ("todo", "chores", {}),
    ("valve", "radiator valve", {}),
)
ROOMS = [
    "Kitchen",
    "Office",
    "Hallway",
    "Bedroom",
    "Garage",
    "Bathroom",
    "Attic",
    "Nursery",
    "Laundry",
    "Pantry",
    "Study",
    "Porch",
    "Garden",
    "Cellar",
    "Lounge",
    "Den",
    "Studio",
    "Workshop",
    "Balcony",
    "Terrace",
]


def area_names(count: int) -> list[str]:
    """Return names such as Kitchen, and Kitchen 2 in a larger home."""
    return [
        room if number < len(ROOMS) else f"{room} {number // len(ROOMS) + 1}"
        for number, room in islice(enumerate(cycle(ROOMS)), count)
    ]


async def furnish(hass: HomeAssistant, size: int, areas: int, more: str) -> list[str]:
    """Put a home into Home Assistant and return the names of what is exposed.

    What `more` names is added to each name.
    """
    domains = {kind for kind, _, _ in KINDS}
    for domain in sorted(domains - {"scene", "automation", "script"}):
        assert await async_setup_component(hass, domain, {})
    registry, area_registry = er.async_get(hass), ar.async_get(hass)
    names: list[str] = []
    rooms = area_names(areas)
    for number in range(size):
        room = rooms[number % areas]
        domain, what, attributes = KINDS[(number // areas + number) % len(KINDS)]
        name = f"{room} {what}{more}"
        if name in names:
            name = f"{name} {number}"
        names.append(name)
        entry = registry.async_get_or_create(domain, "test", str(number), original_name=name)
        registry.async_update_entity(
            entry.entity_id, area_id=area_registry.async_get_or_create(room).id
        )
        hass.states.async_set(entry.entity_id, "off", {"friendly_name": name, **attributes})
        async_expose_entity(hass, "conversation", entry.entity_id, True)
    await hass.async_block_till_done()
    return names


async def sent(hass: HomeAssistant, api_id: str) -> tuple[str, str, str]:
    """Return prompt, tools as they are described, and tools as the client sends them."""
    api = await llm.async_get_api(hass, api_id, llm_context())
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": probatio.to_openapi(
                    tool.parameters,
                    custom_serializer=api.custom_serializer,
                    openapi_version="3.1.0",
                ),
            },
        }
        for tool in api.tools
    ]
    dumped = [ollama.Tool.model_validate(tool).model_dump(exclude_none=True) for tool in tools]
    return (api.api_prompt, as_json(tools), as_json(dumped))


def as_json(tools: list[dict[str, Any]]) -> str:
    return json.dumps(tools, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize(
    ("size", "areas", "share", "of"),
    [
        (50, 10, 0.40, ""),
        (200, 20, 0.38, ""),
        (1000, 50, 0.38, ""),
        # Longer names weigh on both alike, and lessen what is saved.
        (200, 25, 0.45, " nr"),
        (1000, 30, 0.40, " nr"),
    ],
)
async def test_request_is_small(
    hass: HomeAssistant, offer_api: None, size: int, areas: int, share: float, of: str
) -> None:
    names = await furnish(hass, size, areas, of)
    theirs = await sent(hass, llm.LLM_API_ASSIST)
    ours = await sent(hass, API_ID)
    assert [name for name in names if name not in ours[0]] == []
    for tools in (1, 2):
        sizes = [len(parts[0].encode()) + len(parts[tools].encode()) for parts in (ours, theirs)]
        told = f"{size} in {areas}, names of {sum(map(len, names)) / size:.1f}: {sizes} {sizes[0] / sizes[1]:.1%}"
        assert sizes[0] <= (share if tools == 1 else share + 0.03) * sizes[1], told
