"""Which kinds of action a model may take, and which somebody must agree to first.

The policy is enforced on resolved targets, at the one place where actions are carried
out, so that no name, area, group, script or scene leads around it.

What a script does is read from how it was written. What an action of an integration's own
or a command of the shell does can't be read: a label says it. The label is heeded on
anything, since nothing else tells of the switch that opens a gate.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """A kind of action, as the owner tells them apart."""

    DEVICES = "devices"
    """Lights, switches, fans, media, vacuums, humidifiers, values."""
    CLIMATE = "climate"
    COVERS = "covers"
    """Blinds, shutters, windows, valves."""
    ENTRANCES = "entrances"
    """Opening a garage, a gate or a door."""
    LOCK = "lock"
    UNLOCK = "unlock"
    ARM = "arm"
    DISARM = "disarm"
    SCRIPTS = "scripts"
    """Scripts, scenes, automations and buttons."""
    SENSITIVE_SCRIPTS = "sensitive_scripts"
    """Those that touch a lock, an entrance or an alarm, and all that carries a label of the
    policy."""
    LISTS = "lists"
    """Adding to and changing to-do lists."""
    ANNOUNCEMENTS = "announcements"


class Rule(StrEnum):
    """What the owner decided about a kind."""

    ALLOW = "allow"
    ASK = "ask"
    REFUSE = "refuse"


DEFAULT_RULES: Mapping[Kind, Rule] = {
    kind: Rule.ASK
    if kind in (Kind.ENTRANCES, Kind.UNLOCK, Kind.DISARM, Kind.SENSITIVE_SCRIPTS)
    else Rule.ALLOW
    for kind in Kind
}

SERVICE_TRIGGER: Final = "trigger"
"""Of automations. Home Assistant's own constant moved between 2026.10 and 2026.11."""

CONFIRM_LABEL = "confirm"
"""What has a label of this id asks first, unless the owner chose other labels."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What one agent may do."""

    rules: Mapping[Kind, Rule] = field(default_factory=lambda: DEFAULT_RULES)
    pin: str | None = field(default=None, repr=False)
    """Asked for instead of a yes, where it is set. Compare it as it is spoken."""
    labels: frozenset[str] = frozenset({CONFIRM_LABEL})
    """Ids of labels that make a script, or anything else, a sensitive one."""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Policy:
        """Read a policy from the entry's options; what is missing is the default."""
        rules = dict(DEFAULT_RULES)
        for kind in Kind:
            if (rule := data.get(kind)) in list(Rule):
                rules[kind] = Rule(rule)
        labels = data.get("labels")
        return cls(
            rules=rules,
            pin=str(data["pin"]).strip() or None if data.get("pin") else None,
            labels=frozenset(
                {CONFIRM_LABEL}
                if labels is None
                else {labels}
                if isinstance(labels, str)
                else labels
            ),
        )

    def strictest(self, kinds: Iterable[Kind]) -> Rule:
        """Return the rule for an action that is of several kinds at once."""
        rules = {self.rules[kind] for kind in kinds}
        for rule in (Rule.REFUSE, Rule.ASK):
            if rule in rules:
                return rule
        return Rule.ALLOW
