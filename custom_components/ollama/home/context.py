"""The home in few words: what a model has to know to name things.

Nothing in it changes with the clock, the states or the speaker, so that a server can
keep what it has read of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from .inventory import Area, ExposedEntity, Inventory
from .names import normalized, phrase
from .things import kind_words
from .tools.listed import kind_of

INSTRUCTIONS: Final = (
    "You control this home with tools. Call a tool for each action and for each question about "
    "the present; only what a tool did is done. Pass names and areas as they are listed. Without "
    "an area, the user means where they are. If a tool fails, say so. Answer briefly, beginning "
    "with a short sentence, in the language of the user."
)
_NOTHING_EXPOSED: Final = (
    "No devices are exposed. If the user wants to control one, tell them to expose it to Assist "
    "in the settings of Home Assistant."
)
_LIST_FOLLOWS: Final = (
    "Devices by area, with their kind where the name does not say it (other names in brackets):"
)
_PLAIN: Final = ""
"""The heading of names that say themselves what they are; it stands before all others."""
_TOO_MANY: Final = (
    "The home is too large to list. Find names with find_devices first. Areas with the number of "
    "their devices:"
)
_NO_AREA: Final = "No area"


def render(inventory: Inventory, most_characters: int | None = None) -> tuple[str, bool]:
    """Return the text for a home, and whether it names every device.

    Where that is longer than `most_characters`, areas and counts take the place of the
    names, in as much detail as there is room for: a list that was cut would hide devices
    without telling.
    """
    if not inventory.entities:
        return f"{INSTRUCTIONS}\n{_NOTHING_EXPOSED}", True
    whole = "\n".join((INSTRUCTIONS, _LIST_FOLLOWS, *_by_floor(inventory, _listed(inventory))))
    if most_characters is None or len(whole) <= most_characters:
        return whole, True
    shorter = (
        "\n".join((INSTRUCTIONS, _TOO_MANY, *lines))
        for lines in (
            _by_floor(inventory, _counted_kinds(inventory)),
            [", ".join(_counted(inventory))],
            [f"{len(inventory.areas)} areas, {len(inventory.entities)} devices"],
        )
    )
    *others, shortest = shorter
    return next((text for text in others if len(text) <= most_characters), shortest), False


def _by_floor(inventory: Inventory, lines: Mapping[str | None, str]) -> list[str]:
    """Return the lines of the areas, under the names of their floors if there are any."""
    by_floor: dict[str | None, list[str]] = {}
    for area in inventory.areas:
        if area.area_id in lines:
            by_floor.setdefault(area.floor_id, []).append(lines[area.area_id])
    found: list[str] = []
    for floor in inventory.floors:
        if areas := by_floor.pop(floor.floor_id, None):
            found += (f"# {_with_aliases(floor.names)}", *areas)
    if rest := [line for areas in by_floor.values() for line in areas]:
        found += ("# No floor", *rest) if found else rest
    if None in lines:
        found.append(lines[None])
    return found


def _listed(inventory: Inventory) -> dict[str | None, str]:
    """Return a line of names for each area."""
    ambiguous = _ambiguous(inventory)
    lines: dict[str | None, str] = {}
    for area_id, heading, entities in _areas(inventory):
        by_kind: dict[str, list[str]] = {}
        for entity in entities:
            kind = _PLAIN if _says_kind(entity) else f"{kind_of(entity.domain)}: "
            by_kind.setdefault(kind, []).append(_name(entity, ambiguous))
        kinds = "; ".join(f"{kind}{', '.join(names)}" for kind, names in sorted(by_kind.items()))
        lines[area_id] = f"{heading} - {kinds}"
    return lines


def _counted_kinds(inventory: Inventory) -> dict[str | None, str]:
    """Return a line of numbers for each area."""
    lines: dict[str | None, str] = {}
    for area_id, heading, entities in _areas(inventory):
        counted = Counter(kind_of(entity.domain) for entity in entities)
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items()))
        lines[area_id] = f"{heading} - {kinds}"
    return lines


def _counted(inventory: Inventory) -> list[str]:
    return [f"{heading} {len(entities)}" for _, heading, entities in _areas(inventory)]


def _areas(inventory: Inventory) -> Iterable[tuple[str | None, str, list[ExposedEntity]]]:
    """Yield the areas in their order with what is in them; what has no area comes last."""
    by_area: dict[str | None, list[ExposedEntity]] = {}
    for entity in inventory.entities:
        by_area.setdefault(entity.area_id, []).append(entity)
    for area in inventory.areas:
        if entities := by_area.get(area.area_id):
            yield area.area_id, _heading(area), entities
    if rest := by_area.get(None):
        yield None, _NO_AREA, rest


def _heading(area: Area) -> str:
    return _with_aliases(area.names)


def _name(entity: ExposedEntity, ambiguous: frozenset[tuple[str, str]]) -> str:
    """Return how a device is listed; its id where the name alone says too little."""
    text = _with_aliases(entity.names)
    if (entity.area_id or "", normalized(entity.name)) in ambiguous:
        return f"{text} [{entity.entity_id}]"
    return text


def _says_kind(entity: ExposedEntity) -> bool:
    """Whether a name ends on what the thing is: a window may be a cover or a sensor."""
    words = kind_words(phrase(entity.name).raw)
    if not words or not (thing := words[-1][2].thing).includes(entity):
        return False
    return len({kind_of(domain) for domain in thing.domains}) == 1


def _with_aliases(names: tuple[str, ...]) -> str:
    """Return a name with those of its aliases that add a word to it, all on one line."""
    first, *others = (" ".join(name.split()) for name in names)
    known = set(normalized(first).split())
    added = []
    for alias in others:
        words = set(normalized(alias).split())
        if not words <= known:
            added.append(alias)
            known |= words
    return f"{first} ({', '.join(added)})" if added else first


def _ambiguous(inventory: Inventory) -> frozenset[tuple[str, str]]:
    """Return the names that stand twice in one area."""
    counted = Counter(
        (entity.area_id or "", normalized(entity.name)) for entity in inventory.entities
    )
    return frozenset(key for key, count in counted.items() if count > 1)
