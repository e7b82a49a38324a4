"""The form with what an agent may do."""

from collections.abc import Mapping
from typing import Any

from homeassistant.helpers.selector import (
    LabelSelector,
    LabelSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from ..agent import spoken_digits
from ..home import CONFIRM_LABEL, DEFAULT_RULES, Kind, Policy, Rule

CONF_PIN = "pin"
CONF_LABELS = "labels"


def policy_schema() -> probatio.Schema:
    """Return the fields: a rule for each kind of action, the PIN, the labels."""
    rule = SelectSelector(
        SelectSelectorConfig(
            options=[rule.value for rule in Rule],
            translation_key="rule",
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
    fields: dict[Any, Any] = {probatio.Optional(kind.value): rule for kind in Kind}
    fields[probatio.Optional(CONF_PIN)] = TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD)
    )
    fields[probatio.Optional(CONF_LABELS)] = LabelSelector(LabelSelectorConfig(multiple=True))
    return probatio.Schema(fields)


def policy_as_form(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy as the values of the form: what is in force, whatever was saved."""
    in_force = Policy.from_data(policy)
    values: dict[str, Any] = {kind.value: rule.value for kind, rule in in_force.rules.items()}
    values[CONF_LABELS] = sorted(in_force.labels)
    if in_force.pin:
        values[CONF_PIN] = in_force.pin
    return values


def read_policy(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy from the form, without what is the default. Raises ValueError.

    A PIN has to be one that can be told from a sentence when it is spoken.
    """
    policy: dict[str, Any] = {
        kind.value: chosen
        for kind, rule in DEFAULT_RULES.items()
        if (chosen := user_input.get(kind.value, rule.value)) != rule.value
    }
    labels = list(user_input.get(CONF_LABELS, ()))
    if labels != [CONFIRM_LABEL]:
        policy[CONF_LABELS] = labels
    if pin := (user_input.get(CONF_PIN) or "").strip():
        if spoken_digits(pin) is None:
            raise ValueError("not a PIN")
        policy[CONF_PIN] = pin
    return policy
