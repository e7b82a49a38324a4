"""A furnished home: real entities of mixed kinds, in areas, exposed to the assistant."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.components.climate import ClimateEntity, ClimateEntityFeature, HVACMode
from homeassistant.components.conversation import DOMAIN as CONVERSATION
from homeassistant.components.cover import CoverDeviceClass, CoverEntity, CoverEntityFeature
from homeassistant.components.fan import FanEntity, FanEntityFeature
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.light import ColorMode, LightEntity
from homeassistant.components.lock import LockEntity
from homeassistant.components.media_player import (
    MediaPlayerEntity,
    MediaPlayerEntityFeature,
    MediaPlayerState,
)
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.components.switch import SwitchEntity
from homeassistant.const import PERCENTAGE, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_component import DATA_INSTANCES

from . import talk

DOMAINS = (
    "binary_sensor",
    "climate",
    "cover",
    "fan",
    "light",
    "lock",
    "media_player",
    "sensor",
    "switch",
)
_ALIAS_EVERY = 10
"""One thing of so many has a second name."""


class _Thing(Entity):
    """What all things have in common."""

    _attr_should_poll = False

    def __init__(self, name: str) -> None:
        self._attr_name = name
        self._attr_unique_id = name


class _Light(_Thing, LightEntity):
    _attr_supported_color_modes = {ColorMode.BRIGHTNESS}
    _attr_color_mode = ColorMode.BRIGHTNESS
    _attr_is_on = False

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch it on."""
        self._attr_is_on = True
        self.async_write_ha_state()


class _Switch(_Thing, SwitchEntity):
    _attr_is_on = False


class _Cover(_Thing, CoverEntity):
    _attr_device_class = CoverDeviceClass.BLIND
    _attr_supported_features = (
        CoverEntityFeature.OPEN | CoverEntityFeature.CLOSE | CoverEntityFeature.SET_POSITION
    )
    _attr_current_cover_position = 60
    _attr_is_closed = False


class _Climate(_Thing, ClimateEntity):
    _attr_hvac_modes = [HVACMode.OFF, HVACMode.HEAT]
    _attr_hvac_mode = HVACMode.HEAT
    _attr_temperature_unit = UnitOfTemperature.CELSIUS
    _attr_current_temperature = 20.4
    _attr_target_temperature = 21.0
    _attr_supported_features = ClimateEntityFeature.TARGET_TEMPERATURE


class _Fan(_Thing, FanEntity):
    _attr_supported_features = FanEntityFeature.SET_SPEED
    _attr_percentage = 33


class _Lock(_Thing, LockEntity):
    _attr_is_locked = True


class _Player(_Thing, MediaPlayerEntity):
    _attr_state = MediaPlayerState.PLAYING
    _attr_volume_level = 0.4
    _attr_supported_features = (
        MediaPlayerEntityFeature.PAUSE
        | MediaPlayerEntityFeature.PLAY
        | MediaPlayerEntityFeature.NEXT_TRACK
        | MediaPlayerEntityFeature.VOLUME_SET
    )


class _Thermometer(_Thing, SensorEntity):
    _attr_device_class = SensorDeviceClass.TEMPERATURE
    _attr_native_unit_of_measurement = UnitOfTemperature.CELSIUS
    _attr_native_value = 20.4


class _Hygrometer(_Thing, SensorEntity):
    _attr_device_class = SensorDeviceClass.HUMIDITY
    _attr_native_unit_of_measurement = PERCENTAGE
    _attr_native_value = 48


class _Window(_Thing, BinarySensorEntity):
    _attr_device_class = BinarySensorDeviceClass.WINDOW
    _attr_is_on = False


class _Motion(_Thing, BinarySensorEntity):
    _attr_device_class = BinarySensorDeviceClass.MOTION
    _attr_is_on = False


_KINDS: tuple[tuple[str, str, Callable[[str], Entity]], ...] = (
    # The domain, what it is called after its area, and how it is made. One of each kind, or two,
    # so that two thirds of the things can be controlled and the others only tell.
    ("light", "ceiling light", _Light),
    ("sensor", "temperature", _Thermometer),
    ("binary_sensor", "window", _Window),
    ("switch", "socket", _Switch),
    ("light", "reading lamp", _Light),
    ("sensor", "humidity", _Hygrometer),
    ("cover", "blind", _Cover),
    ("binary_sensor", "motion", _Motion),
    ("climate", "heating", _Climate),
    ("media_player", "speaker", _Player),
    ("fan", "fan", _Fan),
    ("lock", "cabinet lock", _Lock),
)


@dataclass(frozen=True, slots=True)
class Thing:
    """An entity that is not yet in the home."""

    area: str
    domain: str
    name: str
    entity: Entity


def things() -> Iterator[Thing]:
    """Yield things without end, the same ones every time.

    One area after another gets one of each kind; from the second time on they are numbered.
    """
    for number in count(1):
        for area in talk.AREAS:
            for domain, called, make in _KINDS:
                name = f"{area} {called}" if number == 1 else f"{area} {called} {number}"
                yield Thing(area, domain, name, make(name))


async def furnish(hass: HomeAssistant, size: int) -> None:
    """Put `size` things into a home, and expose them all."""
    areas = {name: ar.async_get(hass).async_create(name).id for name in talk.AREAS}
    found = list(islice(things(), size))
    for domain in DOMAINS:
        entities = [thing.entity for thing in found if thing.domain == domain]
        await hass.data[DATA_INSTANCES][domain].async_add_entities(entities)
    await hass.async_block_till_done()

    registry = er.async_get(hass)
    for index, thing in enumerate(found, start=1):
        entity_id = thing.entity.entity_id
        registry.async_update_entity(entity_id, area_id=areas[thing.area])
        if not index % _ALIAS_EVERY:
            registry.async_update_entity(
                entity_id, aliases=[er.COMPUTED_NAME, f"{thing.name} by the door"]
            )
        async_expose_entity(hass, CONVERSATION, entity_id, True)
    await hass.async_block_till_done()
