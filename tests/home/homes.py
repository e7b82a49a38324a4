"""Five furnished homes, of different habits of naming.

`inventory_of` gives a home's inventory without Home Assistant, `build_home` puts the same
home into one: registries, areas, floors, labels, exposure and states, no platforms.
"""

from dataclasses import dataclass
from functools import cache

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ollama.home.records import Area, ExposedEntity, Floor, Inventory, Label

PLATFORM = "furnished"
_STATES = {
    "light": "off", "switch": "off", "lock": "locked", "cover": "closed", "climate": "heat",
    "sensor": "20", "binary_sensor": "off", "media_player": "idle", "fan": "off",
    "vacuum": "docked", "alarm_control_panel": "armed_away",
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """An entity as it is furnished."""

    entity_id: str
    name: str
    area: str | None = None
    device_class: str | None = None
    aliases: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    exposed: bool = True
    device: str | None = None
    """With a device the area is the device's."""


@dataclass(frozen=True)
class Home:
    """Floors are name, level, aliases; areas are name, floor, aliases."""

    floors: tuple[tuple[str, int, tuple[str, ...]], ...]
    areas: tuple[tuple[str, str | None, tuple[str, ...]], ...]
    pieces: tuple[Piece, ...]


def _flat() -> Home:
    return Home(
        (),
        (
            ("Living Room", None, ("Lounge",)),
            ("Kitchen", None, ()),
            ("Bedroom", None, ()),
            ("Bathroom", None, ()),
            ("Hall", None, ("Hallway",)),
        ),
        (
            Piece("light.living_room_ceiling", "Living Room Ceiling Light", "Living Room"),
            Piece("light.reading_lamp", "Reading Lamp", "Living Room"),
            Piece("light.kitchen", "Kitchen", "Kitchen"),
            Piece("light.worktop", "Worktop", "Kitchen"),
            Piece("light.lamp", "Lamp", "Bedroom"),
            Piece("light.bathroom_mirror", "Mirror", "Bathroom"),
            Piece("light.hall", "Hall Light", "Hall"),
            Piece("switch.coffee", "Coffee Machine", "Kitchen", "outlet"),
            Piece("switch.tree", "Christmas Tree", "Living Room"),
            Piece("lock.front_door", "Front Door Lock", "Hall"),
            Piece("binary_sensor.front_door", "Front Door", "Hall", "door"),
            Piece("binary_sensor.hall_motion", "Hall Motion", "Hall", "motion"),
            Piece("cover.bedroom", "Bedroom Blind", "Bedroom", "blind"),
            Piece("climate.home", "Thermostat", "Living Room"),
            Piece("media_player.tv", "Samsung TV", "Living Room", "tv"),
            Piece("media_player.sonos", "Sonos", "Kitchen", "speaker"),
            Piece("sensor.bedroom_temperature", "Bedroom Temperature", "Bedroom", "temperature"),
            Piece("vacuum.rosie", "Rosie", "Living Room"),
            Piece("fan.bathroom", "Extractor", "Bathroom"),
            Piece("todo.shopping", "Shopping List"),
            Piece("scene.movie", "Movie Night"),
            Piece("script.bedtime", "Bedtime", exposed=False),
            Piece("update.tv", "Samsung TV Update", "Living Room", exposed=False),
        ),
    )


def _house() -> Home:
    """Two hundred exposed entities on four floors, and as many hidden ones."""
    floors = (
        ("Basement", -1, ("Cellar",)),
        ("Ground Floor", 0, ("Downstairs",)),
        ("First Floor", 1, ("Upstairs",)),
        ("Attic Floor", 2, ()),
    )
    rooms = {
        "Basement": ("Laundry", "Workshop", "Wine Cellar", "Boiler Room"),
        "Ground Floor": (
            "Kitchen", "Dining Room", "Living Room", "Study", "Garage", "Entrance", "Guest Toilet",
        ),
        "First Floor": (
            "Master Bedroom", "Emma's Room", "Oliver's Room", "Bathroom", "Landing", "Guest Room",
        ),
        "Attic Floor": ("Attic", "Playroom"),
    }  # fmt: skip
    pieces: list[Piece] = []
    for names in rooms.values():
        for room in names:
            slug = room.lower().replace(" ", "_").replace("'", "")
            device = f"{room} Multisensor"
            pieces += (
                Piece(f"light.{slug}_ceiling", f"{room} Ceiling Light", room),
                Piece(f"light.{slug}_lamp", f"{room} Lamp", room),
                Piece(f"light.{slug}_spots", f"{room} Spots", room),
                Piece(f"switch.{slug}_plug", f"{room} Plug", room, "outlet"),
                Piece(f"cover.{slug}_blind", f"{room} Blind", room, "blind"),
                Piece(f"climate.{slug}", f"{room} Thermostat", room),
                Piece(
                    f"sensor.{slug}_temperature", f"{room} Temperature", room, "temperature",
                    device=device,
                ),
                Piece(
                    f"sensor.{slug}_humidity", f"{room} Humidity", room, "humidity", device=device
                ),
                Piece(f"binary_sensor.{slug}_motion", f"{room} Motion", room, "motion",
                      device=device),
                Piece(f"binary_sensor.{slug}_window", f"{room} Window", room, "window"),
                *(
                    Piece(f"sensor.{slug}_{what}", f"{room} Multisensor {what.title()}", room,
                          exposed=False, device=device)
                    for what in ("battery", "signal", "uptime", "voltage", "firmware", "lux",
                                 "restarts", "address", "channel", "power")
                ),
            )  # fmt: skip
    pieces += (
        Piece("lock.front_door", "Front Door", "Entrance"),
        Piece("lock.back_door", "Back Door", "Kitchen"),
        Piece("lock.cellar", "Cellar Door", "Wine Cellar", exposed=False),
        Piece("cover.garage_door", "Garage Door", "Garage", "garage"),
        Piece("cover.driveway_gate", "Driveway Gate", None, "gate"),
        Piece("media_player.living_room", "Living Room TV", "Living Room", "tv"),
        Piece("media_player.kitchen", "Kitchen Speaker", "Kitchen", "speaker"),
        Piece("alarm_control_panel.home", "Alarm"),
        Piece("vacuum.downstairs", "Dusty", "Living Room"),
        Piece("vacuum.upstairs", "Fluffy", "Landing"),
        Piece("weather.home", "Home"),
    )
    areas = tuple((room, floor, ()) for floor, names in rooms.items() for room in names)
    return Home(floors, areas, tuple(pieces))


def _europe() -> Home:
    """One home in three languages: names with diacritics, compounds, articles."""
    return Home(
        (
            ("Erdgeschoss", 0, ("Begane grond",)),
            ("Obergeschoss", 1, ("Bovenverdieping", "Étage")),
        ),
        (
            ("Küche", "Erdgeschoss", ()),
            ("Wohnzimmer", "Erdgeschoss", ()),
            ("Schlafzimmer", "Obergeschoss", ()),
            ("Büro", "Obergeschoss", ()),
            ("Woonkamer", "Erdgeschoss", ("Zitkamer",)),
            ("Keuken", "Erdgeschoss", ()),
            ("Zolder", "Obergeschoss", ()),
            ("Chambre", "Obergeschoss", ("Chambre d'Éloïse",)),
            ("Entrée", "Erdgeschoss", ()),
            ("Salle à manger", "Erdgeschoss", ()),
        ),
        (
            Piece("light.kuche_decke", "Deckenleuchte", "Küche"),
            Piece("light.kuche_spule", "Spüle", "Küche"),
            Piece("light.wohnzimmerlampe", "Wohnzimmerlampe", "Wohnzimmer"),
            Piece("light.stehlampe", "Stehlampe", "Wohnzimmer", aliases=("Die große Lampe",)),
            Piece("light.nachttisch", "Nachttischlampe", "Schlafzimmer"),
            Piece("light.schreibtisch", "Schreibtisch", "Büro"),
            Piece("cover.buro", "Bürorollo", "Büro", "blind"),
            Piece("cover.wohnzimmer_links", "Rollladen links", "Wohnzimmer", "shutter"),
            Piece("cover.wohnzimmer_rechts", "Rollladen rechts", "Wohnzimmer", "shutter"),
            Piece("climate.wohnzimmer", "Heizung Wohnzimmer", "Wohnzimmer"),
            Piece("lock.haustur", "Haustür", "Wohnzimmer"),
            Piece("lock.hintertur", "Hintertür", "Küche", exposed=False),
            Piece("light.woonkamer_vloer", "Vloerlamp", "Woonkamer"),
            Piece("light.woonkamer_bureau", "Bureaulamp", "Woonkamer"),
            Piece("light.keuken", "Keuken", "Keuken"),
            Piece("light.zolder", "Licht", "Zolder"),
            Piece("cover.gordijn", "Gordijnen", "Woonkamer", "curtain"),
            Piece("lock.voordeur", "Voordeur", "Keuken"),
            Piece("lock.achterdeur", "Achterdeur", "Keuken", exposed=False),
            Piece("light.suspension_chambre", "Suspension", "Chambre"),
            Piece("light.suspension_entree", "Suspension", "Entrée"),
            Piece("light.suspension_manger", "Suspension", "Salle à manger"),
            Piece("light.chevet", "Lampe de chevet", "Chambre"),
            Piece("cover.volets", "Volets", "Chambre", "shutter"),
            Piece("light.eclairage_escalier", "Éclairage de l'escalier", "Entrée"),
            Piece("media_player.tele", "La télé", "Salle à manger", "tv"),
        ),
    )


def _twins() -> Home:
    """Nearly the same names everywhere; some of the twins are not exposed."""
    pieces = [
        Piece(f"light.lamp_{number}", f"Lamp {number}", "Hall", exposed=number != 13)
        for number in range(1, 21)
    ]
    pieces += [
        Piece(f"light.{side}_bedside", f"{side.title()} Bedside Lamp", "Bedroom")
        for side in ("left", "right")
    ]
    for name, area, exposed in (
        ("Front Door", "Hall", True),
        ("Back Door", "Kitchen", True),
        ("Side Door", "Garage", False),
        ("Smart Lock", "Garage", False),
    ):
        pieces.append(Piece(f"lock.{name.lower().replace(' ', '_')}", name, area, exposed=exposed))
    for name in ("Upper Cabinet Light", "Lower Cabinet Light", "Inside Light", "Outside Light"):
        pieces.append(Piece(f"light.{name.lower().replace(' ', '_')}", name, "Kitchen"))
    for person in ("Lena", "Lina", "Anna", "Hanna"):
        pieces.append(
            Piece(
                f"light.{person.lower()}", f"{person}'s Lamp", "Bedroom", exposed=person != "Lina"
            )
        )
    pieces += (
        Piece("cover.garage_left", "Garage Door Left", "Garage", "garage"),
        Piece("cover.garage_right", "Garage Door Right", "Garage", "garage"),
        Piece("switch.heater_upstairs", "Heater Upstairs", "Bedroom"),
        Piece("switch.heater_downstairs", "Heater Downstairs", "Kitchen", exposed=False),
        Piece("light.ceiling_hall", "Ceiling", "Hall"),
        Piece("light.ceiling_kitchen", "Ceiling", "Kitchen"),
        Piece("light.ceiling_bedroom", "Ceiling", "Bedroom", exposed=False),
        Piece("light.lights_bedroom", "Lights", "Bedroom"),
        Piece("light.lights_garage", "Lights", "Garage"),
    )
    return Home(
        (("Downstairs", 0, ()), ("Upstairs", 1, ())),
        (
            ("Hall", "Downstairs", ()),
            ("Kitchen", "Downstairs", ()),
            ("Bedroom", "Upstairs", ()),
            ("Garage", "Downstairs", ()),
        ),
        tuple(pieces),
    )


def _aliases() -> Home:
    """Product names with aliases, labels, and hidden twins behind what is exposed."""
    return Home(
        (("Main", 0, ("Downstairs",)), ("Loft", 1, ("Top",))),
        (
            ("Office", "Loft", ("Study", "Home Office")),
            ("Living Room", "Main", ("Lounge", "Front Room")),
            ("Terrace", None, ("Patio", "Outside")),
            ("Kids Room", "Loft", ("Nursery",)),
        ),
        (
            Piece("light.ormanas", "IKEA of Sweden ORMANAS LED Strip", "Living Room",
                  aliases=("LED Strip",), labels=("Mood",)),
            Piece("switch.multi_2", "Multisocket Switch 2", "Living Room",
                  aliases=("Salt lamp",), labels=("Mood",)),
            Piece("light.office_ceiling", "Office ceiling light", "Office",
                  aliases=("luz de la oficina",)),
            Piece("switch.office_ceiling", "Office ceiling light", "Office", exposed=False),
            Piece("light.upstairs_hallway", "Hue Ambiance 3", "Office",
                  aliases=("Upstairs, hallway",)),
            Piece("light.desk", "0x00158d0001a2b3c4", "Office", aliases=("Desk", "Work light")),
            Piece("cover.awning", "Somfy RTS", "Terrace", "awning", aliases=("Sun shade",)),
            Piece("light.lanterns", "Lanterns", "Terrace", labels=("Mood", "Christmas")),
            Piece("switch.garland", "Garland", "Terrace", labels=("Christmas",)),
            Piece("light.all", "All Lights"),
            Piece("light.night", "Night light", "Kids Room"),
            Piece("light.night_2", "Nightlight 2", "Kids Room", exposed=False),
            Piece("media_player.kids", "Toniebox", "Kids Room", "speaker"),
            Piece("fan.dyson", "Dyson Pure Cool", "Living Room", aliases=("Fan", "Air purifier")),
            Piece("climate.ac", "Daikin FTXM35", "Living Room", aliases=("AC",)),
            Piece("lock.nuki", "Nuki", "Living Room", aliases=("Front door",)),
            Piece("lock.nuki_opener", "Nuki Opener", "Living Room", exposed=False),
            Piece("button.doorbell", "Ring the doorbell"),
            Piece("camera.terrace", "Terrace camera", "Terrace", exposed=False),
        ),
    )  # fmt: skip


_HOMES = {
    "flat": _flat,
    "house": _house,
    "europe": _europe,
    "twins": _twins,
    "aliases": _aliases,
}
HOMES = tuple(_HOMES)


@cache
def home(name: str) -> Home:
    """Return the plan of a home."""
    return _HOMES[name]()


def records_of(name: str) -> tuple[list[ExposedEntity], list[ExposedEntity], Home]:
    """Return what is exposed and what is hidden in a home."""
    plan = home(name)
    floors = {area: floor for area, floor, _ in plan.areas}
    exposed, hidden = [], []
    for piece in plan.pieces:
        floor = floors.get(piece.area) if piece.area else None
        (exposed if piece.exposed else hidden).append(
            ExposedEntity(
                entity_id=piece.entity_id,
                domain=piece.entity_id.partition(".")[0],
                names=(piece.name, *piece.aliases),
                area_id=piece.area,
                area_name=piece.area,
                floor_id=floor,
                floor_name=floor,
                labels=tuple(Label(label.lower(), label) for label in piece.labels),
                device_class=piece.device_class,
            )
        )
    return exposed, hidden, plan


@cache
def inventory_of(name: str) -> Inventory:
    """Return a home's inventory; the names of areas and floors are their ids."""
    exposed, hidden, plan = records_of(name)
    return Inventory.build(
        exposed,
        areas=[Area(area, (area, *aliases), floor) for area, floor, aliases in plan.areas],
        floors=[Floor(floor, (floor, *aliases), level) for floor, level, aliases in plan.floors],
        hidden=hidden,
    )


def build_home(hass: HomeAssistant, name: str, assistant: str = "conversation") -> dict[str, str]:
    """Furnish Home Assistant; return the ids of the areas by their names.

    The component `homeassistant` has to be set up.
    """
    plan = home(name)
    entry = MockConfigEntry(domain=PLATFORM, title=name)
    entry.add_to_hass(hass)
    floor_ids = {
        floor: fr.async_get(hass).async_create(floor, aliases=set(aliases), level=level).floor_id
        for floor, level, aliases in plan.floors
    }
    area_ids = {
        area: ar.async_get(hass)
        .async_create(area, aliases=set(aliases), floor_id=floor_ids.get(floor) if floor else None)
        .id
        for area, floor, aliases in plan.areas
    }
    label_ids = {
        label: lr.async_get(hass).async_create(label).label_id
        for label in sorted({label for piece in plan.pieces for label in piece.labels})
    }
    for piece in plan.pieces:
        _furnish(hass, entry, piece, area_ids, label_ids)
        async_expose_entity(hass, assistant, piece.entity_id, piece.exposed)
    return area_ids


def _furnish(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    piece: Piece,
    area_ids: dict[str, str],
    label_ids: dict[str, str],
) -> None:
    domain, _, object_id = piece.entity_id.partition(".")
    area_id = area_ids[piece.area] if piece.area else None
    device_id = None
    if piece.device:
        devices = dr.async_get(hass)
        device = devices.async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(PLATFORM, piece.device)},
            name=piece.device,
        )
        devices.async_update_device(device.id, area_id=area_id)
        device_id, area_id = device.id, None
    registry = er.async_get(hass)
    registered = registry.async_get_or_create(
        domain,
        PLATFORM,
        piece.entity_id,
        suggested_object_id=object_id,
        config_entry=entry,
        device_id=device_id,
        original_device_class=piece.device_class,
    )
    assert registered.entity_id == piece.entity_id
    registry.async_update_entity(
        piece.entity_id,
        name=piece.name,
        area_id=area_id,
        aliases=[er.COMPUTED_NAME, *piece.aliases],
        labels={label_ids[label] for label in piece.labels},
    )
    attributes = {"friendly_name": piece.name}
    if piece.device_class:
        attributes["device_class"] = piece.device_class
    hass.states.async_set(piece.entity_id, _STATES.get(domain, "unknown"), attributes)
