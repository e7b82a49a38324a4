"""The furniture of the demo home.

Everything in it really switches: each device is a template entity over hidden input helpers, so a
state that changes has changed because an action was performed.
"""

from dataclasses import dataclass, field
import json
from pathlib import Path
import shutil
from typing import Any

import yaml

from .client import HomeAssistant, Json
from .errors import DemoError
from .household import template_entities

AUTOMATIONS = "automations.yaml"
FLOORS = {"Ground floor": 0, "First floor": 1, "Outside": 0}
AREAS = {
    "Kitchen": "Ground floor",
    "Living room": "Ground floor",
    "Hallway": "Ground floor",
    "Bedroom": "First floor",
    "Bathroom": "First floor",
    "Office": "First floor",
    "Garage": "Outside",
    "Garden": "Outside",
}


@dataclass(frozen=True)
class Item:
    """One entity of the home and the room that it is in."""

    domain: str
    key: str
    area: str | None
    aliases: tuple[str, ...] = ()


@dataclass
class Furniture:
    """Collects entities with the helpers behind them, and writes them as configuration."""

    items: list[Item] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    _template: dict[str, list[Json]] = field(default_factory=dict)

    def light(self, name: str, area: str, *, dimmable: bool = False, on: bool = False) -> None:
        """Add a lamp."""
        key = self._place("light", name, area)
        switch = self._boolean(key, on=on)
        light: Json = {
            "state": _is_on(switch),
            "turn_on": [_call("input_boolean.turn_on", switch)],
            "turn_off": [_call("input_boolean.turn_off", switch)],
        }
        if dimmable:
            level = self._number(f"{key}_level", 255, 0, 255)
            light["level"] = f"{{{{ states('{level}') | int(255) }}}}"
            light["set_level"] = [
                _call("input_number.set_value", level, value="{{ brightness }}"),
                _call("input_boolean.turn_on", switch),
            ]
        self._add("light", key, name, light)

    def outlet(self, name: str, area: str) -> None:
        """Add a switched outlet."""
        key = self._place("switch", name, area)
        switch = self._boolean(key)
        self._add(
            "switch",
            key,
            name,
            {
                "state": _is_on(switch),
                "turn_on": [_call("input_boolean.turn_on", switch)],
                "turn_off": [_call("input_boolean.turn_off", switch)],
            },
        )

    def fan(self, name: str, area: str) -> None:
        """Add a fan with a speed."""
        key = self._place("fan", name, area)
        switch = self._boolean(key)
        speed = self._number(f"{key}_speed", 50, 0, 100)
        self._add(
            "fan",
            key,
            name,
            {
                "state": _is_on(switch),
                "percentage": f"{{{{ states('{speed}') | int(0) }}}}",
                "turn_on": [_call("input_boolean.turn_on", switch)],
                "turn_off": [_call("input_boolean.turn_off", switch)],
                "set_percentage": [
                    _call("input_number.set_value", speed, value="{{ percentage }}"),
                    _call("input_boolean.turn_on", switch),
                ],
            },
        )

    def cover(self, name: str, area: str, device_class: str, *, position: int) -> None:
        """Add something that opens and closes, with a position in percent."""
        key = self._place("cover", name, area)
        helper = self._number(key, position, 0, 100)
        self._add(
            "cover",
            key,
            name,
            {
                "device_class": device_class,
                "position": f"{{{{ states('{helper}') | int(0) }}}}",
                "open_cover": [_call("input_number.set_value", helper, value=100)],
                "close_cover": [_call("input_number.set_value", helper, value=0)],
                "set_cover_position": [
                    _call("input_number.set_value", helper, value="{{ position }}")
                ],
            },
        )

    def lock(self, name: str, area: str) -> None:
        """Add a lock that is locked."""
        key = self._place("lock", name, area)
        locked = self._boolean(key, on=True)
        self._add(
            "lock",
            key,
            name,
            {
                "state": f"{{{{ 'locked' if is_state('{locked}', 'on') else 'unlocked' }}}}",
                "lock": [_call("input_boolean.turn_on", locked)],
                "unlock": [_call("input_boolean.turn_off", locked)],
            },
        )

    def vacuum(self, name: str, area: str) -> None:
        """Add a vacuum cleaner in its dock."""
        key = self._place("vacuum", name, area)
        helper = f"input_select.{key}"
        self.config.setdefault("input_select", {})[key] = {
            "name": f"{name} (behind the entity)",
            "options": ["docked", "cleaning", "paused", "returning"],
            "initial": "docked",
        }

        def becomes(option: str) -> list[Json]:
            return [_call("input_select.select_option", helper, option=option)]

        self._add(
            "vacuum",
            key,
            name,
            {
                "state": f"{{{{ states('{helper}') }}}}",
                "start": becomes("cleaning"),
                "pause": becomes("paused"),
                "stop": becomes("paused"),
                "return_to_base": becomes("docked"),
            },
        )

    def thermostat(self, name: str, area: str, sensor: str, target: float) -> None:
        """Add a thermostat that heats by a sensor of the same room."""
        key = self._place("climate", name, area)
        heater = self._boolean(f"{key}_heater")
        self.config.setdefault("climate", []).append(
            {
                "platform": "generic_thermostat",
                "name": name,
                "unique_id": key,
                "heater": heater,
                "target_sensor": sensor,
                "min_temp": 7,
                "max_temp": 28,
                "target_temp": target,
                "target_temp_step": 0.5,
                "initial_hvac_mode": "heat",
            }
        )

    def speaker(self, name: str, area: str) -> None:
        """Add a media player with a volume."""
        key = self._place("media_player", name, area)
        switch = self._boolean(key)
        volume = self._number(f"{key}_volume", 0.4, 0, 1, step=0.01)
        self.config.setdefault("media_player", []).append(
            {
                "platform": "universal",
                "name": name,
                "unique_id": key,
                "state_template": f"{{{{ 'playing' if is_state('{switch}', 'on') else 'off' }}}}",
                "attributes": {"volume_level": volume},
                "commands": {
                    "turn_on": _call("input_boolean.turn_on", switch),
                    "turn_off": _call("input_boolean.turn_off", switch),
                    "media_play": _call("input_boolean.turn_on", switch),
                    "media_stop": _call("input_boolean.turn_off", switch),
                    "volume_set": _call(
                        "input_number.set_value", volume, value="{{ volume_level }}"
                    ),
                },
            }
        )

    def sensor(self, name: str, area: str, value: float, device_class: str, unit: str) -> str:
        """Add a sensor whose value can be moved, and return its entity id."""
        key = self._place("sensor", name, area)
        helper = self._number(key, value, -50, 10_000, step=0.1)
        self._add(
            "sensor",
            key,
            name,
            {
                "state": f"{{{{ states('{helper}') }}}}",
                "device_class": device_class,
                "unit_of_measurement": unit,
                "state_class": "measurement",
                "availability": f"{{{{ has_value('{helper}') }}}}",
            },
        )
        return f"sensor.{key}"

    def contact(self, name: str, area: str, device_class: str, *, on: bool = False) -> None:
        """Add a binary sensor whose state can be moved."""
        key = self._place("binary_sensor", name, area)
        helper = self._boolean(f"{key}_contact", on=on)
        self._add(
            "binary_sensor", key, name, {"state": _is_on(helper), "device_class": device_class}
        )

    def scene(self, name: str, states: dict[str, Any]) -> None:
        """Add a scene."""
        key = self._place("scene", name, None)
        self.config.setdefault("scene", []).append({"id": key, "name": name, "entities": states})

    def script(self, name: str, sequence: list[Json]) -> None:
        """Add a script."""
        key = self._place("script", name, None)
        self.config.setdefault("script", {})[key] = {"alias": name, "sequence": sequence}

    def alias(self, domain: str, name: str, *aliases: str) -> None:
        """Give an entity other names."""
        at = next(
            index
            for index, item in enumerate(self.items)
            if (item.domain, item.key) == (domain, _slug(name))
        )
        item = self.items[at]
        self.items[at] = Item(item.domain, item.key, item.area, aliases)

    def configuration(self) -> dict[str, Any]:
        """Return the whole as Home Assistant's configuration."""
        every = {**self._template}
        for domain, entities in template_entities().items():
            every[domain] = [*every.get(domain, ()), *entities]
        template = [{domain: entities} for domain, entities in every.items()]
        return {**self.config, "template": template}

    def _place(self, domain: str, name: str, area: str | None) -> str:
        key = _slug(name)
        self.items.append(Item(domain, key, area))
        return key

    def _add(self, domain: str, key: str, name: str, entity: Json) -> None:
        self._template.setdefault(domain, []).append({"name": name, "unique_id": key, **entity})

    def _boolean(self, key: str, *, on: bool = False) -> str:
        self.config.setdefault("input_boolean", {})[key] = {
            "name": f"{key} (behind the entity)",
            "initial": on,
        }
        return f"input_boolean.{key}"

    def _number(self, key: str, value: float, low: float, high: float, step: float = 1) -> str:
        self.config.setdefault("input_number", {})[key] = {
            "name": f"{key} (behind the entity)",
            "initial": value,
            "min": low,
            "max": high,
            "step": step,
        }
        return f"input_number.{key}"


def furnished() -> Furniture:
    """Return the demo home."""
    home = Furniture()
    home.light("Kitchen light", "Kitchen")
    home.light("Counter light", "Kitchen", dimmable=True)
    home.outlet("Coffee machine", "Kitchen")
    home.sensor("Kitchen temperature", "Kitchen", 20.4, "temperature", "°C")
    home.sensor("Fridge power", "Kitchen", 85, "power", "W")

    home.light("Living room light", "Living room", on=True)
    home.light("Reading lamp", "Living room", dimmable=True)
    home.alias("light", "Reading lamp", "Sofa lamp")
    home.cover("Living room blinds", "Living room", "blind", position=100)
    home.speaker("Living room speaker", "Living room")
    living_room = home.sensor("Living room temperature", "Living room", 21.5, "temperature", "°C")
    home.sensor("Living room humidity", "Living room", 46, "humidity", "%")
    home.thermostat("Living room thermostat", "Living room", living_room, 21)
    home.vacuum("Vacuum cleaner", "Living room")

    home.light("Hallway light", "Hallway")
    home.lock("Front door lock", "Hallway")
    home.contact("Front door", "Hallway", "door")
    home.contact("Hallway motion", "Hallway", "motion")

    home.light("Bedroom light", "Bedroom", dimmable=True)
    home.fan("Bedroom fan", "Bedroom")
    bedroom = home.sensor("Bedroom temperature", "Bedroom", 18.2, "temperature", "°C")
    home.thermostat("Bedroom thermostat", "Bedroom", bedroom, 18)
    home.contact("Bedroom window", "Bedroom", "window", on=True)

    home.light("Bathroom light", "Bathroom")
    home.sensor("Bathroom humidity", "Bathroom", 61, "humidity", "%")

    home.light("Office light", "Office")
    home.light("Desk lamp", "Office", dimmable=True)
    home.outlet("Printer", "Office")

    home.cover("Garage door", "Garage", "garage", position=0)
    home.light("Garage light", "Garage")

    home.light("Garden light", "Garden")
    home.outlet("Sprinkler", "Garden")
    home.sensor("Outdoor temperature", "Garden", 9.3, "temperature", "°C")

    home.scene(
        "Movie night",
        {
            "light.living_room_light": "off",
            "light.reading_lamp": {"state": "on", "brightness": 60},
        },
    )
    home.scene("Good night", {"light.living_room_light": "off", "light.kitchen_light": "off"})
    home.script(
        "Welcome home",
        [_call("light.turn_on", ["light.hallway_light", "light.living_room_light"])],
    )
    return home


def write_config(config_dir: Path, home: Furniture, *, port: int, component: Path | None) -> None:
    """Fill a fresh config folder.

    Args:
        config_dir: an empty folder.
        home: what stands in the home.
        port: for Home Assistant's own web server, on loopback.
        component: the integration's folder, which is put where HACS would put it.
    """
    configuration: dict[str, Any] = {
        "homeassistant": {
            "name": "Demo home",
            "time_zone": "Europe/Amsterdam",
            "unit_system": "metric",
            "currency": "EUR",
            "country": "NL",
            "latitude": 52.37,
            "longitude": 4.89,
            "elevation": 0,
        },
        "http": {"server_host": "127.0.0.1", "server_port": port},
        "logger": {"default": "warning"},
        "conversation": None,
        "energy": None,
        "assist_pipeline": None,
        "history": None,
        "logbook": None,
        "media_source": None,
        "mobile_app": None,
        "sun": None,
        **home.configuration(),
    }
    written = yaml.safe_dump(configuration, allow_unicode=True, sort_keys=False)
    (config_dir / "configuration.yaml").write_text(
        f"{written}automation: !include {AUTOMATIONS}\n", encoding="utf-8"
    )
    (config_dir / AUTOMATIONS).write_text("[]\n", encoding="utf-8")
    # Onboarding's step "core_config" sets up integrations that fetch from the internet (weather,
    # radio, speech), and "analytics" asks to send: both count as done. The rest is done over HTTP.
    storage = config_dir / ".storage"
    storage.mkdir()
    (storage / "onboarding").write_text(
        json.dumps(
            {
                "version": 4,
                "minor_version": 1,
                "key": "onboarding",
                "data": {"done": ["core_config", "analytics"]},
            }
        ),
        encoding="utf-8",
    )
    if component is not None:
        shutil.copytree(
            component,
            config_dir / "custom_components" / component.name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )


async def arrange(ha: HomeAssistant, home: Furniture) -> int:
    """Put the furniture into its rooms, expose it, and return how many entities that are."""
    floors = {
        name: (await ha.command("config/floor_registry/create", name=name, level=level))["floor_id"]
        for name, level in FLOORS.items()
    }
    # The rooms that a new Home Assistant comes with are taken over where the name is the same.
    known = {
        area["name"].casefold(): area["area_id"]
        for area in await ha.command("config/area_registry/list")
    }
    areas: dict[str, str] = {}
    for name, floor in AREAS.items():
        fields = {"name": name, "floor_id": floors[floor]}
        if area_id := known.get(name.casefold()):
            await ha.command("config/area_registry/update", area_id=area_id, **fields)
        else:
            area_id = (await ha.command("config/area_registry/create", **fields))["area_id"]
        areas[name] = area_id

    registered = {
        (entry["entity_id"].split(".")[0], entry["unique_id"]): entry["entity_id"]
        for entry in await ha.command("config/entity_registry/list")
    }
    for item in home.items:
        if (entity_id := registered.get((item.domain, item.key))) is None:
            raise DemoError(f"The demo home lacks {item.domain}.{item.key}.")
        changes: Json = {}
        if item.area:
            changes["area_id"] = areas[item.area]
        if item.aliases:
            # None stands for the entity's own name, which would no longer be heard without it.
            changes["aliases"] = [None, *item.aliases]
        if changes:
            await ha.command("config/entity_registry/update", entity_id=entity_id, **changes)

    exposed = [registered[item.domain, item.key] for item in home.items]
    states = await ha.get("/api/states")
    hidden = [state["entity_id"] for state in states if state["entity_id"].startswith("input_")]
    for entity_ids, should_expose in ((exposed, True), (hidden, False)):
        await ha.command(
            "homeassistant/expose_entity",
            assistants=["conversation"],
            entity_ids=entity_ids,
            should_expose=should_expose,
        )
    return len(exposed)


def _slug(name: str) -> str:
    return name.lower().replace(" ", "_")


def _is_on(entity_id: str) -> str:
    return f"{{{{ is_state('{entity_id}', 'on') }}}}"


def _call(action: str, entity_id: str | list[str], **data: Any) -> Json:
    call: Json = {"action": action, "target": {"entity_id": entity_id}}
    if data:
        call["data"] = data
    return call
