"""The list of the home that stands in the prompt."""

import random

from custom_components.ollama.home.context import INSTRUCTIONS, render
from custom_components.ollama.home.records import Area, ExposedEntity, Floor, Inventory

GROUND, UPPER = Floor("ground", ("Ground floor",), 0), Floor("upper", ("Upper floor", "First"), 1)
KITCHEN = Area("kitchen", ("Kitchen", "Cookhouse"), "ground")
HALL = Area("hall", ("Hall",), "ground")
BEDROOM = Area("bedroom", ("Bedroom",), "upper")
SHED = Area("shed", ("Shed",))


def thing(
    entity_id: str, *names: str, area: Area | None = None, device_class: str | None = None
) -> ExposedEntity:
    return ExposedEntity(
        entity_id=entity_id,
        domain=entity_id.partition(".")[0],
        names=names,
        area_id=area.area_id if area else None,
        area_name=area.name if area else None,
        device_class=device_class,
    )


PIECES = [
    thing(
        "light.ceiling",
        "Ceiling light",
        "ceiling lamp",
        "Big sun",
        "the Ceiling Light",
        area=KITCHEN,
    ),
    thing("light.mood", "Aurora", area=KITCHEN),
    thing("switch.coffee", "Coffee maker", area=KITCHEN),
    thing("input_boolean.guests", "Guest mode", area=KITCHEN),
    thing("lock.door", "Door", area=HALL),
    thing("binary_sensor.door", "Door", area=HALL, device_class="door"),
    thing("sensor.temperature", "Temperature", area=BEDROOM, device_class="temperature"),
    thing("sensor.temperature_2", "Temperature", area=SHED, device_class="temperature"),
    thing("cover.window", "Window", area=BEDROOM, device_class="window"),
    thing("person.anna", "Anna\nwith a break"),
]
AREAS = [KITCHEN, HALL, BEDROOM, SHED, Area("empty", ("Empty room",), "upper")]
FLOORS = [UPPER, GROUND, Floor("cellar", ("Cellar",), -1)]

LISTED = """\
# Ground floor
Hall - lock: Door [lock.door]; sensor: Door [binary_sensor.door]
Kitchen (Cookhouse) - Ceiling light (ceiling lamp, Big sun); light: Aurora; switch: Coffee maker, Guest mode
# Upper floor (First)
Bedroom - Temperature; cover: Window
# No floor
Shed - Temperature
No area - person: Anna with a break"""


def home(pieces: list[ExposedEntity] = PIECES, **more) -> Inventory:
    return Inventory.build(pieces, **{"areas": AREAS, "floors": FLOORS, **more})


def body(text: str) -> str:
    """Return what follows the instructions and the line above the list."""
    assert text.startswith(INSTRUCTIONS)
    return text.removeprefix(INSTRUCTIONS).strip().partition("\n")[2]


def test_list() -> None:
    text, complete = render(home())
    assert complete
    assert body(text) == LISTED


def test_order_is_stable() -> None:
    shuffled = random.Random(3)
    for _ in range(5):
        pieces, areas = PIECES[:], AREAS[:]
        shuffled.shuffle(pieces)
        shuffled.shuffle(areas)
        assert render(home(pieces, areas=areas))[0] == render(home())[0]


def test_without_floors() -> None:
    flat = [Area(area.area_id, area.names) for area in AREAS]
    text, _ = render(home(areas=flat, floors=[]))
    assert "#" not in text
    assert body(text).splitlines()[0].startswith("Bedroom - ")


def test_nothing_exposed() -> None:
    text, complete = render(home([]))
    assert complete
    assert "expose" in text
    assert "Kitchen" not in text


def test_hidden_things_are_not_listed() -> None:
    text, _ = render(home(PIECES[:2], hidden=PIECES[2:]))
    assert "Coffee" not in text


def test_too_large() -> None:
    whole, _ = render(home())
    assert render(home(), len(whole)) == (whole, True)
    text, complete = render(home(), len(whole) - 1)
    assert not complete
    assert "find_devices" in text
    assert (
        body(text)
        == """\
# Ground floor
Hall - 1 lock, 1 sensor
Kitchen (Cookhouse) - 2 light, 2 switch
# Upper floor (First)
Bedroom - 1 cover, 1 sensor
# No floor
Shed - 1 sensor
No area - 1 person"""
    )


def test_much_too_large() -> None:
    with_kinds, _ = render(home(), len(render(home())[0]) - 1)
    text, complete = render(home(), len(with_kinds) - 1)
    assert not complete
    assert body(text) == "Bedroom 2, Hall 2, Kitchen (Cookhouse) 4, Shed 1, No area 1"
    shortest, _ = render(home(), len(text) - 1)
    assert body(shortest) == "4 areas, 10 devices"
