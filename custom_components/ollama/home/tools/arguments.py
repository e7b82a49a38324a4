"""The arguments of a call: values under whatever name, and targets that are resolved."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, Final

from ..caller import Caller
from ..inventory import ExposedEntity, Inventory, async_get_inventory
from ..names import normalized
from ..problem import ToolProblemError
from ..resolver import Wanted, resolve
from .aiming import Aim, Means, candidates_of, counted
from .listed import domains_of, tool_for
from .reading import (
    AREA_KEYS,
    CLASS_KEYS,
    DOMAIN_KEYS,
    FLOOR_KEYS,
    HARMLESS_KEYS,
    LABEL_KEYS,
    NAME_KEYS,
    REPEATING_KEYS,
    TARGET_KEYS,
    is_blank,
    texts_of,
)

_TARGETS: Final = frozenset({"name", "area", "floor", "label", "domain", "device_class"})


class Unsaid(Enum):
    """What a call without a target means."""

    NOTHING = "nothing"
    HERE = "here"
    """What is in the speaker's room; elsewhere the only one of the home."""
    ONLY = "only"
    """The only one of the home."""
    ALL = "all"


class Arguments:
    """What a model wrote, read with good will."""

    def __init__(
        self, caller: Caller, written: Mapping[str, Any], takes: Mapping[str, tuple[str, ...]]
    ) -> None:
        """Take flattened arguments, and the names that the tool knows with their synonyms."""
        self._caller = caller
        self._written = written
        self._takes = takes
        # What is a value of this tool is no target, as the level of a light is no floor.
        values = {
            name for key, names in takes.items() if key not in _TARGETS for name in (key, *names)
        }
        self._keys: dict[tuple[str, ...], tuple[str, ...]] = {
            keys: tuple(key for key in (*keys, *more) if key not in values)
            for keys, more in (
                (NAME_KEYS, takes.get("name", ())),
                (AREA_KEYS, takes.get("area", ())),
                (FLOOR_KEYS, ()),
                (LABEL_KEYS, ()),
                (DOMAIN_KEYS, takes.get("domain", ())),
                (CLASS_KEYS, ()),
            )
        }

    @property
    def everything(self) -> Mapping[str, Any]:
        """All that was written."""
        return self._written

    @property
    def inventory(self) -> Inventory:
        """What is exposed."""
        return async_get_inventory(self._caller.hass, self._caller.llm_context.assistant)

    def get(self, key: str) -> Any:
        """Return an argument, by its name or a synonym, if it says something."""
        for name in (key, *self._takes.get(key, ())):
            if not is_blank(value := self._written.get(name)):
                return value
        return None

    def text(self, key: str) -> str | None:
        """Return an argument as a text. Raises ToolProblemError."""
        value = self.get(key)
        return None if value is None else ", ".join(texts_of(value))

    def required(self, key: str) -> Any:
        """Return an argument that has to be there. Raises ToolProblemError."""
        value = self.get(key)
        if value is None:
            raise ToolProblemError(f"The argument {key!r} is missing.")
        return value

    def choice(self, key: str, options: Collection[str], same: Mapping[str, str]) -> str | None:
        """Return one of some words, however written. Raises ToolProblemError."""
        written = self.text(key)
        if written is None:
            return None
        plain = written.strip(" .!").lower().rpartition(".")[2].replace(" ", "_").replace("-", "_")
        chosen = same.get(plain, plain)
        if chosen not in options:
            raise ToolProblemError(
                f"There is no {key} {written!r}. Pass one of the options.", options=list(options)
            )
        return chosen

    @property
    def has_target(self) -> bool:
        """Whether a name or a place says what to act on."""
        return any(
            not is_blank(self._written.get(key))
            for keys in (NAME_KEYS, AREA_KEYS, FLOOR_KEYS, LABEL_KEYS)
            for key in self._keys[keys]
        )

    def refuse_unknown(
        self, *, aims: bool, repeats: Collection[str], shown: Collection[str]
    ) -> None:
        """Refuse an argument that nobody knows. Raises ToolProblemError.

        It may have been meant as a target or as a value; dropped, the call would reach
        more than was wanted, or do something else. Words in which the tool is named
        again are let pass.
        """
        known = {*self._takes, *(name for names in self._takes.values() for name in names)}
        for key, value in self._written.items():
            if key in known or key in HARMLESS_KEYS or (aims and key in TARGET_KEYS):
                continue
            word = str(value).strip().lower().rpartition(".")[2].replace(" ", "_")
            if key in REPEATING_KEYS and word in repeats:
                continue
            raise ToolProblemError(
                f"Nothing was done: this tool has no argument {key!r}.",
                unknown=key,
                arguments=list(shown),
            )

    def targets(
        self,
        domains: Iterable[str] = (),
        *,
        area_means: Collection[str] = (),
        all_means: Collection[str] = (),
        unsaid: Unsaid = Unsaid.NOTHING,
        only_one: bool = False,
        each_named: bool = False,
        to_read: bool = False,
    ) -> tuple[ExposedEntity, ...]:
        """Return what to act on, never anything that isn't exposed.

        `domains` are those that the tool can act on; what a call adds can only narrow
        them. A place alone means its devices of `area_means`, everything in it those of
        `all_means`. `each_named` lets groups stand for one thing only. To read, what isn't
        clear may be all that fits. Raises ToolProblemError when something isn't found or
        isn't clear; then nothing may be done.
        """
        allowed = frozenset(domains)
        written, classes = self._kinds(allowed)
        if not self.has_target:
            found = self._unsaid(
                Aim(self.inventory, to_read),
                written or allowed,
                classes,
                unsaid,
                () if written else area_means,
            )
            return counted(found, only_one=only_one)
        wanted = Wanted(
            area=self._place(AREA_KEYS),
            floor=self._place(FLOOR_KEYS),
            label=self._place(LABEL_KEYS),
            domains=written or allowed,
            device_classes=classes,
            here=self._caller.here,
        )
        aim = Aim(self.inventory, to_read)
        (first, *others) = self._names() or [()]
        means = Means(frozenset(area_means), frozenset(all_means), only_one=each_named)
        if written or classes:  # the call says itself what of a place it means
            means = Means(only_one=each_named)
        if not first:
            if wanted.label is None and means.area:
                wanted = replace(wanted, domains=means.area)
            return counted(aim.place(wanted, allowed), only_one=only_one or each_named)
        entities = aim.named(first, wanted, means)
        for names in others:
            aim.check_agrees(names, entities, wanted)
        return counted(entities, only_one=only_one)

    def _names(self) -> list[tuple[str, ...]]:
        """Return the names by the key under which they stand."""
        found = (texts_of(self._written.get(key)) for key in self._keys[NAME_KEYS])
        return list(dict.fromkeys(names for names in found if names))

    def _place(self, keys: tuple[str, ...]) -> str | None:
        """Return a place; two that differ are refused, as neither may be dropped."""
        found = {", ".join(texts_of(self._written.get(key))) for key in self._keys[keys]} - {""}
        if len({normalized(text) for text in found}) > 1:
            raise ToolProblemError(
                f"{' and '.join(sorted(found))} are two places. Pass one as {keys[0]}."
            )
        return min(found, default=None)

    def _kinds(self, allowed: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Return the domains that were written, and words that say it otherwise."""
        classes = {
            text.lower()
            for key in self._keys[CLASS_KEYS]
            for text in texts_of(self._written.get(key))
        }
        written: set[str] = set()
        known = allowed | self.inventory.domains
        for key in self._keys[DOMAIN_KEYS]:
            for text in texts_of(self._written.get(key)):
                word = text.lower().replace(" ", "_")
                if found := domains_of(word, known):
                    written |= found
                else:
                    classes.add(word)
        if not written:
            return frozenset(), frozenset(classes)
        able = frozenset(written) & allowed if allowed else frozenset(written)
        if not able:
            first = min(written)
            raise ToolProblemError(
                f"Nothing was done: this tool does not work on {first}. Use {tool_for(first)}."
            )
        return able, frozenset(classes)

    def _unsaid(
        self,
        aim: Aim,
        domains: frozenset[str],
        classes: frozenset[str],
        unsaid: Unsaid,
        area_means: Collection[str],
    ) -> tuple[ExposedEntity, ...]:
        """Return what a call means that names neither a thing nor a place."""
        here = self._caller.here
        if classes or (domains and unsaid is Unsaid.NOTHING and self._says_kind):
            outcome = resolve(
                self.inventory, Wanted(domains=domains, device_classes=classes, here=here)
            )
            return aim.checked(outcome)
        every = tuple(
            entity for entity in self.inventory.entities if not domains or entity.domain in domains
        )
        near = tuple(
            entity
            for entity in every
            if here is not None
            and entity.area_id == here
            and (not area_means or entity.domain in area_means)
        )
        if unsaid is Unsaid.ALL and every and (domains or not near):
            return every
        if unsaid in (Unsaid.HERE, Unsaid.ALL) and near:
            return near
        # Where a room is meant otherwise, a lone lamp in another one isn't.
        if unsaid is not Unsaid.NOTHING and not area_means and len(every) == 1:
            return every
        if unsaid is Unsaid.ONLY and every:
            raise ToolProblemError(
                "Several match. Ask the user which one is meant.", **candidates_of(every)
            )
        raise ToolProblemError("Say which device: pass its name, or an area.", areas=aim.areas())

    @property
    def _says_kind(self) -> bool:
        return any(not is_blank(self._written.get(key)) for key in self._keys[DOMAIN_KEYS])
