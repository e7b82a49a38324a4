"""Actions that an automation of a model's may call, as a table.

Nothing that restarts, reloads or configures Home Assistant, runs a command, sends a
request, fires an event, writes a file or opens an address: only what devices do.
"""

from collections.abc import Mapping
from typing import Final

_SWITCHED: Final = "turn_on turn_off toggle"


def words(text: str) -> frozenset[str]:
    """Return the words of a line of a table."""
    return frozenset(text.split())


def _table(lines: Mapping[str, str]) -> dict[str, frozenset[str]]:
    return {domain: words(names) for domain, names in lines.items()}


ENTITY_ACTIONS: Final = _table(
    {
        "alarm_control_panel": "alarm_arm_away alarm_arm_home alarm_arm_night alarm_arm_vacation"
        " alarm_disarm",
        "assist_satellite": "announce",
        "automation": f"{_SWITCHED} trigger",
        "button": "press",
        "climate": f"{_SWITCHED} set_fan_mode set_humidity set_hvac_mode set_preset_mode"
        " set_swing_mode set_temperature",
        "counter": "decrement increment reset",
        "cover": "close_cover close_cover_tilt open_cover open_cover_tilt set_cover_position"
        " set_cover_tilt_position stop_cover stop_cover_tilt toggle toggle_cover_tilt",
        "fan": f"{_SWITCHED} decrease_speed increase_speed oscillate set_direction set_percentage"
        " set_preset_mode",
        "group": "",
        "humidifier": f"{_SWITCHED} set_humidity set_mode",
        "input_boolean": _SWITCHED,
        "input_button": "press",
        "input_datetime": "set_datetime",
        "input_number": "decrement increment set_value",
        "input_select": "select_first select_last select_next select_option select_previous",
        "input_text": "set_value",
        "lawn_mower": "dock pause start_mowing",
        "light": _SWITCHED,
        "lock": "lock open unlock",
        "media_player": f"{_SWITCHED} media_next_track media_pause media_play media_play_pause"
        " media_previous_track media_stop repeat_set select_sound_mode select_source shuffle_set"
        " volume_down volume_mute volume_set volume_up",
        "number": "set_value",
        "remote": _SWITCHED,
        "scene": "turn_on",
        "script": _SWITCHED,
        "select": "select_first select_last select_next select_option select_previous",
        "siren": _SWITCHED,
        "switch": _SWITCHED,
        "text": "set_value",
        "timer": "cancel finish pause start",
        "todo": "add_item remove_item update_item",
        "vacuum": "clean_spot locate pause return_to_base start stop",
        "valve": "close_valve open_valve set_valve_position stop_valve toggle",
        "water_heater": "set_away_mode set_operation_mode set_temperature turn_off turn_on",
    }
)
"""By domain; they act on entities of that domain."""

GENERIC_ACTIONS: Final = _table({"homeassistant": _SWITCHED})
"""They act on entities of any domain that is switched on and off."""

MESSAGE_ACTIONS: Final = _table({"persistent_notification": "create dismiss"})
"""They tell somebody something, as all actions of `notify` do."""

MESSAGE_FIELDS: Final = frozenset({"message", "title", "notification_id", "preannounce"})
"""All that a message may hold: no commands for phones, no addresses to fetch."""
