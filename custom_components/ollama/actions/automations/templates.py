"""Templates in an automation that a model wrote: what they may read has to be written out."""

from collections.abc import Collection
import re
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.template import TemplateEnvironment, is_template_string
from jinja2 import TemplateError, meta, nodes

from .actions import words

__all__ = ["entity_ids_in", "is_template_string", "template_problem"]

ENTITY_ID: Final = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9_]+")

_READERS: Final = frozenset({"states", "is_state", "state_attr", "is_state_attr", "has_value"})
_NAMES: Final = _READERS | words("""
    abs as_datetime as_local as_timedelta as_timestamp average bool float iif int is_number max
    median min namespace now range relative_time repeat round this time_since time_until
    timedelta today_at trigger utcnow wait
    """)
_FILTERS: Final = words("""
    abs as_datetime as_local as_timedelta as_timestamp average bool capitalize count d default
    first float format iif int is_number join last length list lower max median min multiply
    regex_match regex_replace regex_search replace reverse round slugify sort string sum
    timestamp_custom timestamp_local title trim truncate unique upper
    """)
_TESTS: Final = words("""
    boolean defined divisibleby eq equalto even false float ge gt in integer iterable le lt
    mapping match ne none number odd search string true undefined
    """)
_LOADERS: Final = (nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)


def template_problem(
    hass: HomeAssistant, text: str, readable: Collection[str], variables: Collection[str]
) -> str | None:
    """Return why a template may not stand in an automation; None where it may.

    A template can work out an entity's id where it runs. Only those that name what they
    read can be checked before. `variables` are names that the automation itself sets.
    """
    environment = TemplateEnvironment(hass)
    try:
        tree = environment.parse(text)
    except TemplateError as err:
        return f"The template {text!r} is not valid: {err}."
    own = set(variables) - environment.globals.keys()
    used = (
        (meta.find_undeclared_variables(tree) - _NAMES - own)
        | ({node.name for node in tree.find_all(nodes.Filter)} - _FILTERS)
        | ({node.name for node in tree.find_all(nodes.Test)} - _TESTS)
    )
    if used:
        return f"The template {text!r} may not use {', '.join(sorted(used))}."
    if next(tree.find_all(_LOADERS), None) is not None:
        return f"The template {text!r} may not load others."
    named = _read_by_name(tree)
    if named is None:
        return f"The template {text!r} has to write the entity ids that it reads in full."
    unknown = sorted((named | _constants(tree)) - set(readable))
    if unknown:
        return f"There is no {', '.join(unknown)} to be read by the template {text!r}."
    return None


def entity_ids_in(text: str) -> list[str]:
    """Return the entity ids of a text that consists of nothing else."""
    parts = [part.strip().lower() for part in text.split(",")]
    return parts if all(ENTITY_ID.fullmatch(part) for part in parts) else []


def _constants(tree: nodes.Template) -> set[str]:
    return {
        node.value
        for node in tree.find_all(nodes.Const)
        if isinstance(node.value, str) and ENTITY_ID.fullmatch(node.value)
    }


def _read_by_name(tree: nodes.Template) -> set[str] | None:
    """Return the entities that are read; None where one is not written out."""
    named: set[str] = set()
    clear: set[int] = set()
    for call in tree.find_all(nodes.Call):
        if _is_reader(call.node) and call.args and isinstance(call.args[0], nodes.Const):
            named.add(str(call.args[0].value))
            clear.add(id(call.node))
    for outer in tree.find_all(nodes.Getattr):
        # As in states.sensor.outdoor.state
        inner = outer.node
        if isinstance(inner, nodes.Getattr) and _is_reader(inner.node):
            named.add(f"{inner.attr}.{outer.attr}")
            clear.add(id(inner.node))
    readers = (node for node in tree.find_all(nodes.Name) if _is_reader(node))
    return named if all(id(node) in clear for node in readers) else None


def _is_reader(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name in _READERS
