"""The facts in plain sentences, for when no model words them."""

from collections.abc import Callable, Iterable, Mapping
import re
from typing import Any, Final

from homeassistant.core import HomeAssistant

from .reader import Facts
from .spoken import Words, mappings_of, text_of

type _Told = Iterable[str | None]
type _Teller = Callable[[Words, Mapping[str, Any]], _Told]

# How names are told, and that there are none.
_NAMED: Final = {
    "lights_on": ("facts_lights_on", "facts_no_lights_on"),
    "doors_unlocked": ("facts_doors_unlocked", "facts_no_doors_unlocked"),
    "doors_open": ("facts_doors_open", "facts_no_doors_open"),
    "windows_open": ("facts_windows_open", "facts_no_windows_open"),
    "people_home": ("facts_people_home", "facts_nobody_home"),
    "people_away": ("facts_people_away", "facts_nobody_away"),
}
_TEMPERATURES: Final = {
    "temperature_indoor": "facts_temperature_indoor",
    "temperature_outdoor": "facts_temperature_outdoor",
}
_AMOUNTS: Final = {
    "grid_consumption": "facts_grid_consumption",
    "grid_return": "facts_grid_return",
    "solar_production": "facts_solar_production",
    "battery_charged": "facts_battery_charged",
    "battery_discharged": "facts_battery_discharged",
    "gas": "facts_gas",
    "water": "facts_water",
    "cost": "facts_cost",
    "compensation": "facts_compensation",
}
_ADVICE: Final = {
    "windows_open_in_rain": "facts_windows_open_in_rain",
    "windows_open_in_cold": "facts_windows_open_in_cold",
    "lights_on_nobody_home": "facts_lights_on_nobody_home",
    "doors_unlocked": "facts_doors_unlocked",
    "doors_open": "facts_doors_open",
    "locks_jammed": "facts_locks_jammed",
    "batteries_low": "facts_batteries_low",
}
_DETAILS: Final = {
    "precipitation": "facts_rain",
    "precipitation_probability": "facts_rain_chance",
    "humidity": "facts_humidity",
    "wind_speed": "facts_wind",
}
_SECURES: Final = ("lock", "alarm_control_panel", "cover")
_DOUBLE_STOP: Final = re.compile(r"([.!?…])\.$")


async def async_plain(hass: HomeAssistant, language: str, facts: Mapping[str, Facts]) -> str:
    """Return the facts as sentences, a line for each section, in a language.

    What is not known is left out, and nothing is told twice.
    """
    return tell(await Words.async_in(hass, language), facts)


def tell(words: Words, facts: Mapping[str, Facts]) -> str:
    """Return the facts as sentences in some words."""
    told: set[str] = set()
    lines = []
    for section, found in facts.items():
        if (teller := _TELLERS.get(section)) is None or not isinstance(found, Mapping):
            continue
        sentences = [_DOUBLE_STOP.sub(r"\1", text) for text in teller(words, found) if text]
        new = [text for text in dict.fromkeys(sentences) if text not in told]
        told.update(new)
        if new:
            lines.append(" ".join(new))
    return "\n".join(lines)


def _home(words: Words, facts: Mapping[str, Any]) -> _Told:
    for key, value in facts.items():
        if key in _NAMED:
            yield _named(words, key, value)
    for key, sentence in _TEMPERATURES.items():
        yield words.say(sentence, temperature=words.figure(facts.get(key)))
    yield from _states(words, facts.get("alarms"), "alarm_control_panel")


def _named(words: Words, key: str, value: object) -> str | None:
    if not isinstance(value, Mapping):
        return None
    some, none = _NAMED[key]
    if value.get("count") == 0:
        return words.say(none)
    return words.say(some, names=_names(words, value))


def _names(words: Words, value: Mapping[str, Any]) -> str | None:
    names = value.get("names")
    if not isinstance(names, list):
        return None
    return words.join((text_of(name) for name in names), value.get("count"))


def _states(words: Words, facts: object, *kinds: str) -> _Told:
    for fact in mappings_of(facts):
        state = words.state(fact.get("state"), *kinds)
        yield words.say("facts_state", name=text_of(fact.get("name")), state=state)


def _calendar(words: Words, facts: Mapping[str, Any]) -> _Told:
    events = mappings_of(facts.get("events"))
    if not events and facts.get("count") == 0:
        yield words.say("facts_no_events")
    for event in events:
        # What lasts for days and began before is on today.
        when = words.when(event.get("start"), not_before=words.now.date())
        if event.get("all_day") is True:
            when = words.say("facts_all_day", day=when)
        what = text_of(event.get("summary"))
        if (place := text_of(event.get("location"))) is not None:
            yield words.say("facts_event_at", when=_begun(when), what=what, place=place)
        else:
            yield words.say("facts_event", when=_begun(when), what=what)
    yield _more(words, facts.get("count"), len(events))


def _more(words: Words, count: object, told: int) -> str | None:
    if not isinstance(count, int) or count <= told or not told:
        return None
    return words.say("facts_more", count=count - told)


def _begun(text: str | None) -> str | None:
    """Return a text as a sentence begins."""
    return text and text[0].upper() + text[1:]


def _weather(words: Words, facts: Mapping[str, Any]) -> _Told:
    if isinstance(now := facts.get("now"), Mapping):
        yield words.say("facts_weather_now", weather=_weather_of(words, now))
    for item in mappings_of(facts.get("forecast")):
        when = words.when(item.get("date") or item.get("time"))
        yield words.say("facts_event", when=_begun(when), what=_weather_of(words, item))


def _weather_of(words: Words, facts: Mapping[str, Any]) -> str | None:
    low, high = (words.figure(facts.get(key)) for key in ("low", "temperature"))
    between = words.say("facts_low_to_high", low=low, high=high)
    details = [words.state(facts.get("condition"), "weather"), between or high or low]
    details += [
        words.say(text, value=words.figure(facts.get(key))) for key, text in _DETAILS.items()
    ]
    return ", ".join(detail for detail in details if detail) or None


def _energy(words: Words, facts: Mapping[str, Any]) -> _Told:
    amounts = [
        words.say(text, value=words.figure(facts.get(key))) for key, text in _AMOUNTS.items()
    ]
    devices = [
        f"{name} {used}"
        for device in mappings_of(facts.get("devices"))
        if (name := text_of(device.get("name")))
        and (used := words.figure(device.get("consumption")))
    ]
    if devices:
        amounts.append(words.say("facts_used_most", devices=words.join(devices)))
    if any(amounts):
        begin, end = (words.when(facts.get(key)) for key in ("from", "until"))
        yield words.say("facts_energy", begin=begin, end=end)
    yield from amounts


def _security(words: Words, facts: Mapping[str, Any]) -> _Told:
    yield from _states(words, facts.get("locks"), "lock")
    for key in ("doors_open", "windows_open"):
        if key in facts:
            yield _named(words, key, facts[key])
    yield from _states(words, facts.get("alarms"), "alarm_control_panel")
    yield from _happened(words, facts.get("events"), *_SECURES)
    yield _more(words, facts.get("count"), len(mappings_of(facts.get("events"))))


def _happened(words: Words, facts: object, *kinds: str) -> _Told:
    for fact in mappings_of(facts):
        yield words.say(
            "facts_happened",
            when=_begun(words.when(fact.get("time"))),
            name=text_of(fact.get("name")),
            state=words.state(fact.get("state"), *kinds),
        )


def _activity(words: Words, facts: Mapping[str, Any]) -> _Told:
    for fact in mappings_of(facts.get("switched")):
        name, when = text_of(fact.get("name")), words.when(fact.get("last"))
        if fact.get("times") == 1:
            yield words.say("facts_switched_once", name=name, when=when)
        elif isinstance(times := fact.get("times"), int):
            yield words.say("facts_switched", name=name, times=times, when=when)
    yield _more(words, facts.get("switched_count"), len(mappings_of(facts.get("switched"))))
    yield from _happened(words, facts.get("people"), "person")
    yield _more(words, facts.get("people_count"), len(mappings_of(facts.get("people"))))


def _tasks(words: Words, facts: Mapping[str, Any]) -> _Told:
    if facts.get("open_count") == 0:
        yield words.say("facts_nothing_to_do")
    due = (_task(words, task) for task in mappings_of(facts.get("open")))
    yield words.say("facts_to_do", tasks=words.join(due, facts.get("open_count")))
    done = (text_of(task.get("summary")) for task in mappings_of(facts.get("completed")))
    yield words.say("facts_done", tasks=words.join(done, facts.get("completed_count")))


def _task(words: Words, task: Mapping[str, Any]) -> str | None:
    name, when = text_of(task.get("summary")), words.when(task.get("due"))
    return words.say("facts_task_due", task=name, when=when) or name


def _recommendations(words: Words, facts: Mapping[str, Any]) -> _Told:
    for item in mappings_of(facts.get("items")):
        kind = item.get("kind")
        if kind == "frost":
            yield words.say("facts_frost", temperature=words.figure(item.get("value")))
        elif isinstance(kind, str) and kind in _ADVICE:
            yield words.say(_ADVICE[kind], names=_names(words, item))


_TELLERS: Final[Mapping[str, _Teller]] = {
    "calendar": _calendar,
    "weather": _weather,
    "home": _home,
    "activity": _activity,
    "energy": _energy,
    "security": _security,
    "tasks": _tasks,
    "recommendations": _recommendations,
}
