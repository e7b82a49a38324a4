"""What is shown of a voice pipeline: its servers, and how long its last run took."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components import persistent_notification
from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.button import (
    DOMAIN as BUTTON_DOMAIN,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity, EntityDescription

from ..agent import async_sentence
from ..const import DOMAIN
from ..runtime import time_limits
from .health import VoiceHealth
from .records import Part
from .round_trip import RoundTrip, async_round_trip
from .sentences import neutral_sentence
from .timings import RunTimings


@dataclass(frozen=True, kw_only=True)
class PartStatusDescription(BinarySensorEntityDescription):
    """Whether a server of the pipeline answers."""

    part: Part


@dataclass(frozen=True, kw_only=True)
class PartSeenDescription(SensorEntityDescription):
    """When a server of the pipeline last answered."""

    part: Part


@dataclass(frozen=True, kw_only=True)
class TimingDescription(SensorEntityDescription):
    """How long a stage of the last run took."""

    value: Callable[[RunTimings], float | None]


STATUSES = tuple(
    PartStatusDescription(
        key=f"{part}_status",
        part=part,
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
    )
    for part in (Part.STT, Part.TTS)
)

LAST_SEEN = tuple(
    PartSeenDescription(
        key=f"{part}_last_seen",
        part=part,
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
    )
    for part in (Part.STT, Part.TTS)
)


def _timing(key: str, value: Callable[[RunTimings], float | None]) -> TimingDescription:
    return TimingDescription(
        key=key,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=2,
        state_class=SensorStateClass.MEASUREMENT,
        value=value,
    )


TIMINGS = (
    _timing("speech_to_text", lambda run: run.speech_to_text),
    _timing("time_to_first_token", lambda run: run.first_token),
    _timing("intent", lambda run: run.intent),
    _timing("speech_start", lambda run: run.speech_start),
    _timing("whole", lambda run: run.whole),
)

SHOWN_EVERY: Final = timedelta(minutes=5)
"""How often it is shown anew that a server has answered, as long as it goes on to do so."""

TEST_VOICE = ButtonEntityDescription(key="test_voice", entity_category=EntityCategory.DIAGNOSTIC)


class VoiceEntity(Entity):
    """An entity of a pipeline's device."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self, health: VoiceHealth, description: EntityDescription, server_device_id: str
    ) -> None:
        """Take what it is."""
        self.entity_description = description
        self._health = health
        self._attr_unique_id = f"{health.subentry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = dr.DeviceInfo(
            identifiers={(DOMAIN, health.subentry_id)},
            name=health.subentry.title,
            entry_type=dr.DeviceEntryType.SERVICE,
            via_device_id=server_device_id,
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what is learned."""
        self._take_in()
        self.async_on_remove(self._health.async_listen(self._show))

    @callback
    def _take_in(self) -> None:
        """Look at what is new, before it is shown."""

    @callback
    def _show(self) -> None:
        self._take_in()
        self.async_write_ha_state()


class PartStatus(VoiceEntity, BinarySensorEntity):
    """Whether a server answers; unknown until it was asked."""

    entity_description: PartStatusDescription
    # A hundred voices don't belong into the database with every change.
    _unrecorded_attributes = frozenset({"program", "version", "models", "voices"})

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the last question was answered."""
        return self._health.parts[self.entity_description.part].connected

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what it told of itself when it last answered."""
        service = self._health.parts[self.entity_description.part].service
        if service is None:
            return None
        told: dict[str, Any] = {"program": service.name, "version": service.version}
        if service.part is Part.TTS:
            return told | {"voices": [voice.title for voice in service.voices]}
        return told | {"models": list(service.models)}


class PartSeen(VoiceEntity, SensorEntity):
    """When a server last answered: exactly once it is away, else now and then.

    It is asked every minute; so many states would only fill the database.
    """

    entity_description: PartSeenDescription
    _seen: datetime | None = None
    _connected: bool | None = None

    @override
    @callback
    def _take_in(self) -> None:
        part = self._health.parts[self.entity_description.part]
        if (seen := part.last_seen) is None:
            return
        is_recent = self._seen is not None and seen - self._seen < SHOWN_EVERY
        if is_recent and part.connected == self._connected:
            return
        self._seen, self._connected = seen, part.connected

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the moment, to the second."""
        return self._seen and self._seen.replace(microsecond=0)


class Timing(VoiceEntity, SensorEntity):
    """How long a stage of the last run took, unknown where the run didn't come to it."""

    entity_description: TimingDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return seconds."""
        run = self._health.last_run
        return None if run is None else self.entity_description.value(run)


@callback
def voice_buttons(
    hass: HomeAssistant, health: VoiceHealth, server_device_id: str
) -> list[TestVoice]:
    """Return the button of a pipeline; none where nothing could be said in its language."""
    button = TestVoice(health, TEST_VOICE, server_device_id)
    if neutral_sentence(health.settings.language) is not None:
        return [button]
    # There may be one of when it had another language.
    registry = er.async_get(hass)
    known = registry.async_get_entity_id(BUTTON_DOMAIN, DOMAIN, button.unique_id or "")
    if known is not None:
        registry.async_remove(known)
    return []


class TestVoice(VoiceEntity, ButtonEntity):
    """Speaks a sentence to the pipeline, and shows what came of it."""

    @override
    async def async_press(self) -> None:
        """Try it out. Raises HomeAssistantError, translated."""
        trip = await async_round_trip(
            self.hass,
            self._health.settings.pipeline or "",
            time_limits(self.hass),
            context=self._context,
        )
        persistent_notification.async_create(
            self.hass,
            await self._async_report(trip),
            self._health.subentry.title,
            f"{DOMAIN}_{self.unique_id}",
        )

    async def _async_report(self, trip: RoundTrip) -> str:
        """Tell a test in a few lines; it is kept as long as somebody lets it stand."""
        return await async_sentence(
            self.hass,
            self.hass.config.language,
            "voice_test_report",
            sentence=trip.sentence,
            heard=trip.heard,
            response=trip.response,
            speech_to_text=f"{trip.timings.speech_to_text:.1f}",
            intent=f"{trip.timings.intent:.1f}",
            time_to_first_audio=f"{trip.timings.time_to_first_audio:.1f}",
        )
