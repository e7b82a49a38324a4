"""The tools of Assist, held to what was meant.

Assist drops an argument that it doesn't know, and lets the call reach whatever is left:
"unlock the smart lock", with an entity id, unlocks another door. Here every target is
resolved first, and a call whose target isn't found is not made.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, llm

from .inventory import ExposedEntity, Inventory, async_get_inventory
from .problem import ToolProblemError
from .resolver import Ambiguous, Found, NotFound, Wanted, resolve
from .tools.base import (
    AREA_KEYS,
    CLASS_KEYS,
    DOMAIN_KEYS,
    FLOOR_KEYS,
    HARMLESS_KEYS,
    LABEL_KEYS,
    NAME_KEYS,
    described,
    texts_of,
)
from .values import (
    ValueNotUnderstoodError,
    parse_number,
    parse_percent,
    parse_temperature,
)

_PLAYER: Final = "player_"
_TARGET_PROPERTIES: Final = ("name", "area", "floor")
_PERCENTS: Final = frozenset(
    {"brightness", "position", "percentage", "volume_level", "humidity", "tilt_position"}
)
_TEMPERATURES: Final = frozenset({"temperature"})
_VALUES: Final = _PERCENTS | _TEMPERATURES | {"brightness_pct", "color", "rgb_color", "hvac_mode"}


def async_fix_call(
    hass: HomeAssistant,
    llm_context: llm.LLMContext,
    written: Mapping[str, Any],
    schema: Mapping[str, Any],
    *,
    acts: bool,
) -> list[dict[str, Any]]:
    """Return the arguments of the call or calls that are meant.

    Several targets that a name stands for become several calls, one for each. `acts`
    tells that the tool changes something. Raises ToolProblemError.
    """
    properties: Mapping[str, Any] = schema.get("properties") or {}
    try:
        values = {
            key: _value(hass, key, value, properties[key])
            for key, value in written.items()
            if key in properties
        }
    except ValueNotUnderstoodError as err:
        raise ToolProblemError(str(err)) from err
    prefix = _PLAYER if f"{_PLAYER}name" in properties else ""
    if not any(f"{prefix}{key}" in properties for key in _TARGET_PROPERTIES):
        return [values]
    targets = _Targets(written, properties, prefix)
    if acts:
        _refuse_unknown(written, properties, targets)
    if targets.is_empty:
        return [values]
    rest = {key: value for key, value in values.items() if key not in targets.owned}
    inventory = async_get_inventory(hass, llm_context.assistant)
    wanted = Wanted(
        names=targets.names,
        area=targets.area,
        floor=targets.floor,
        label=targets.label,
        domains=targets.domains,
        device_classes=targets.device_classes,
        here=_here(hass, llm_context),
    )
    match resolve(inventory, wanted):
        case NotFound(wanted=text, nearest=nearest):
            raise ToolProblemError(
                f"Nothing was done: there is no {text!r}.", nearest=list(nearest)
            )
        case Ambiguous(wanted=text, candidates=candidates):
            raise ToolProblemError(
                f"Several match {text!r}. Ask the user which one is meant.",
                candidates=described(candidates),
            )
        case Found(entities=entities):
            if targets.by_place_only:
                return [rest | targets.places(inventory, entities)]
            return [rest | targets.exact(inventory, entity) for entity in entities]


class _Targets:
    """What a call says about its targets."""

    def __init__(
        self, written: Mapping[str, Any], properties: Mapping[str, Any], prefix: str
    ) -> None:
        self._properties = properties
        self._prefix = prefix
        self._written = written
        self.owned: set[str] = set()
        # A todo item's or a timer's name is no target: only known keys count.
        self.names = self._take(NAME_KEYS)
        self.area = next(iter(self._take(AREA_KEYS)), None)
        self.floor = next(iter(self._take(FLOOR_KEYS)), None)
        self.label = next(iter(self._take(LABEL_KEYS)), None)
        self.domains = frozenset(text.lower() for text in self._take(DOMAIN_KEYS))
        self.device_classes = frozenset(self._take(CLASS_KEYS))

    def _take(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        found: tuple[str, ...] = ()
        for key in keys:
            for written_key in (f"{self._prefix}{key}", key):
                if written_key not in self._written or written_key in self.owned:
                    continue
                self.owned.add(written_key)
                found = found or texts_of(self._written[written_key])
        return found

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said about a target."""
        return not (self.names or self.area or self.floor or self.label)

    @property
    def by_place_only(self) -> bool:
        """Whether a place and a kind say it all, as Assist itself can read them."""
        return not self.names and self.label is None

    def places(self, inventory: Inventory, entities: tuple[ExposedEntity, ...]) -> dict[str, Any]:
        """Return the place by the name that Assist knows, and the kinds as they were."""
        fixed: dict[str, Any] = {}
        if self.area is not None:
            fixed[f"{self._prefix}area"] = entities[0].area_name
        if self.floor is not None:
            fixed[f"{self._prefix}floor"] = entities[0].floor_name
        if self.domains and "domain" in self._properties:
            fixed["domain"] = sorted(self.domains)
        if self.device_classes and "device_class" in self._properties:
            fixed["device_class"] = sorted(self.device_classes)
        return {
            key: _shaped(value, self._properties[key])
            for key, value in fixed.items()
            if key in self._properties
        }

    def exact(self, inventory: Inventory, entity: ExposedEntity) -> dict[str, Any]:
        """Return arguments that reach this entity and no other. Raises ToolProblemError."""
        fixed: dict[str, Any] = {f"{self._prefix}name": entity.name}
        twins = [
            other
            for other in inventory.entities
            if other.entity_id != entity.entity_id
            and any(name.casefold() == entity.name.casefold() for name in other.names)
        ]
        if any(twin.domain != entity.domain for twin in twins) or self.domains:
            fixed["domain"] = [entity.domain]
        twins = [twin for twin in twins if twin.domain == entity.domain]
        if twins and entity.area_name is not None:
            fixed[f"{self._prefix}area"] = entity.area_name
            twins = [twin for twin in twins if twin.area_id == entity.area_id]
        if twins:
            # Assist knows entities by name alone, and would reach both.
            raise ToolProblemError(
                f"Several devices are called {entity.name!r}, so that none can be reached. "
                "Tell the user to give them different names.",
                candidates=described((entity, *twins)),
            )
        return {
            key: _shaped(value, self._properties[key])
            for key, value in fixed.items()
            if key in self._properties
        }


def _refuse_unknown(
    written: Mapping[str, Any], properties: Mapping[str, Any], targets: _Targets
) -> None:
    """Refuse what the tool doesn't know where leaving it out would change what is done.

    A value would be lost; and without a name, a text may have been meant as one.
    """
    for key, value in written.items():
        if key in properties or key in targets.owned or key in HARMLESS_KEYS:
            continue
        if key in _VALUES or (not targets.names and isinstance(value, str | list)):
            raise ToolProblemError(
                f"This tool has no argument {key!r}.", arguments=list(properties)
            )


def _shaped(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a list where the schema wants one, and a text where it doesn't."""
    if schema.get("type") == "array":
        return value if isinstance(value, list) else [value]
    if isinstance(value, list):
        return value[0] if len(value) == 1 else value
    return value


def _here(hass: HomeAssistant, llm_context: llm.LLMContext) -> str | None:
    device_id = llm_context.device_id
    if not device_id or (device := dr.async_get(hass).async_get(device_id)) is None:
        return None
    return dr.async_get_effective_area_id(hass, device)


def _value(hass: HomeAssistant, key: str, value: Any, schema: Mapping[str, Any]) -> Any:
    """Read a number as people write it, where the schema wants a number."""
    if schema.get("type") not in ("integer", "number") or not isinstance(value, str):
        return value
    if key in _TEMPERATURES:
        return parse_temperature(value, hass.config.units.temperature_unit)
    if key in _PERCENTS:
        return parse_percent(value)
    number = parse_number(value)
    return int(number) if schema["type"] == "integer" else number
