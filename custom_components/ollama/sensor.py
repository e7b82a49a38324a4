"""What a server tells of itself, and what was asked of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfInformation, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .coordinator import ServerState
from .entity import OllamaServerEntity, OllamaUsageEntity
from .runtime import OllamaConfigEntry, OllamaRuntime
from .server import InstalledModel, LoadedModel, QueryResult, Totals
from .voice.entities import LAST_SEEN, TIMINGS, PartSeen, Timing

PARALLEL_UPDATES = 0

TOKENS_PER_SECOND = "tokens/s"


@dataclass(frozen=True, kw_only=True)
class ServerSensorDescription(SensorEntityDescription):
    """A figure that the server tells, unavailable while it is away."""

    value: Callable[[ServerState], StateType]
    attributes: Callable[[OllamaRuntime], Mapping[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class TodaySensorDescription(SensorEntityDescription):
    """A sum that begins anew at local midnight."""

    value: Callable[[Totals], int]


@dataclass(frozen=True, kw_only=True)
class LastSensorDescription(SensorEntityDescription):
    """A figure of the last answer."""

    value: Callable[[QueryResult], float | None]


SERVER_SENSORS = (
    ServerSensorDescription(
        key="installed_models",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda state: len(state.installed),
        attributes=lambda runtime: {
            "models": [_installed(runtime, model) for model in runtime.coordinator.data.installed]
        },
    ),
    ServerSensorDescription(
        key="loaded_models",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda state: len(state.loaded),
        attributes=lambda runtime: {"models": list(map(_loaded, runtime.coordinator.data.loaded))},
    ),
    ServerSensorDescription(
        key="loaded_model_size",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda state: state.loaded_size,
    ),
    ServerSensorDescription(
        key="loaded_model_gpu_memory",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda state: state.gpu_size,
    ),
    ServerSensorDescription(
        key="version",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: state.version or None,
    ),
)

TODAY_SENSORS = (
    TodaySensorDescription(
        key="requests_today",
        state_class=SensorStateClass.TOTAL,
        value=lambda totals: totals.requests,
    ),
    TodaySensorDescription(
        key="errors_today",
        state_class=SensorStateClass.TOTAL,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda totals: totals.errors,
    ),
    TodaySensorDescription(
        key="tokens_today",
        state_class=SensorStateClass.TOTAL,
        value=lambda totals: totals.tokens,
    ),
)

LAST_SENSORS = (
    LastSensorDescription(
        key="response_time",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda result: round(result.duration, 3),
    ),
    LastSensorDescription(
        key="time_to_first_token",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=2,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda result: (
            None if result.time_to_first_token is None else round(result.time_to_first_token, 3)
        ),
    ),
    LastSensorDescription(
        key="tokens_per_second",
        native_unit_of_measurement=TOKENS_PER_SECOND,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda result: (
            None
            if result.figures.tokens_per_second is None
            else round(result.figures.tokens_per_second, 2)
        ),
    ),
)

QUEUE = SensorEntityDescription(
    key="queue",
    state_class=SensorStateClass.MEASUREMENT,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OllamaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of a server and of its voice pipelines."""
    async_add_entities(
        [
            *(ServerSensor(entry, description) for description in SERVER_SENSORS),
            *(TodaySensor(entry, description) for description in TODAY_SENSORS),
            *(LastSensor(entry, description) for description in LAST_SENSORS),
            QueueSensor(entry, QUEUE),
        ]
    )
    runtime = entry.runtime_data
    for subentry_id, health in runtime.voices.items():
        async_add_entities(
            [
                *(Timing(health, description, runtime.device_id) for description in TIMINGS),
                *(PartSeen(health, description, runtime.device_id) for description in LAST_SEEN),
            ],
            config_subentry_id=subentry_id,
        )


class ServerSensor(OllamaServerEntity, SensorEntity):
    """A figure that the server tells."""

    entity_description: ServerSensorDescription
    # A hundred models don't belong into the database with every change of one.
    _unrecorded_attributes = frozenset({"models"})

    @property
    @override
    def native_value(self) -> StateType:
        """Return what the server last told."""
        return self.entity_description.value(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the models, where it is them that are counted."""
        describe = self.entity_description.attributes
        return describe(self._runtime) if describe and self.available else None


class TodaySensor(OllamaUsageEntity, SensorEntity):
    """A sum of today."""

    entity_description: TodaySensorDescription

    @property
    @override
    def native_value(self) -> int:
        """Return the sum."""
        return self.entity_description.value(self._runtime.records.usage.day.all)

    @property
    @override
    def last_reset(self) -> datetime:
        """Return the local midnight from which it counts: that of the zone of then."""
        day = self._runtime.records.usage.day
        return dt_util.as_local(day.since) if day.since else dt_util.start_of_local_day(day.day)


class LastSensor(OllamaUsageEntity, SensorEntity):
    """A figure of the last answer, unknown until there was one."""

    entity_description: LastSensorDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return the figure."""
        last = self._runtime.records.usage.last
        return None if last is None else self.entity_description.value(last)


class QueueSensor(OllamaUsageEntity, SensorEntity):
    """How many requests wait for their turn."""

    @property
    @override
    def native_value(self) -> int:
        """Return the number."""
        return self._runtime.server.queue.waiting


def _installed(runtime: OllamaRuntime, model: InstalledModel) -> dict[str, Any]:
    details = runtime.server.models.known_details(model.name)
    capabilities = model.capabilities or tuple(sorted(details.capabilities if details else ()))
    return {
        "name": model.name,
        "size": model.size,
        "parameters": model.parameter_size or None,
        "quantization": model.quantization or None,
        "capabilities": list(capabilities) or None,
    }


def _loaded(model: LoadedModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "size": model.size,
        "gpu_memory": model.gpu_size,
        "context_length": model.context_length or None,
        "expires_at": model.expires_at and model.expires_at.isoformat(timespec="seconds"),
    }
