"""Facts as words: lists, times, figures and states in a language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import translation
from homeassistant.util import dt as dt_util
from homeassistant.util.language import Dialect

from ...const import DOMAIN

LANGUAGES: Final = ("en", "nl", "de", "fr", "es")
_DECIMAL_POINT: Final = frozenset({"en"})
_STATES_OF: Final = frozenset(
    {"alarm_control_panel", "binary_sensor", "cover", "lock", "person", "weather"}
)
_SENSOR: Final = "binary_sensor.entity_component"
# Where there are words for what the facts tell in English.
_TOLD_AS: Final = {
    "away": "person.entity_component._.state.not_home",
    "wet": f"{_SENSOR}.moisture.state.on",
    "dry": f"{_SENSOR}.moisture.state.off",
    "smoke": f"{_SENSOR}.smoke.state.on",
    "no smoke": f"{_SENSOR}.smoke.state.off",
    "gas": f"{_SENSOR}.gas.state.on",
    "no gas": f"{_SENSOR}.gas.state.off",
    "carbon monoxide": f"{_SENSOR}.carbon_monoxide.state.on",
    "glass broken": f"{_SENSOR}.problem.state.on",
    "unsafe": f"{_SENSOR}.safety.state.on",
    "tampered with": f"{_SENSOR}.tamper.state.on",
    "on": f"{_SENSOR}._.state.on",
    "off": f"{_SENSOR}._.state.off",
}
_DAYS: Final = (
    "facts_monday",
    "facts_tuesday",
    "facts_wednesday",
    "facts_thursday",
    "facts_friday",
    "facts_saturday",
    "facts_sunday",
)
_NEAR_DAYS: Final = {-1: "facts_yesterday", 0: "facts_today", 1: "facts_tomorrow"}
_WITHIN_WEEK: Final = 6
"""Days from today for which the name of the day says which it is."""
_LONGEST_TEXT: Final = 200
_LARGEST: Final = 1e12
_TWO_DIGITS: Final = frozenset({"in"})


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in a language; what can't be said is None."""

    language: str
    texts: Mapping[str, str]
    states: Mapping[str, str]
    now: datetime
    currency: str

    @classmethod
    async def async_in(cls, hass: HomeAssistant, language: str) -> Words:
        """Load the words of a language, English for those that this integration hasn't."""
        language = Dialect.parse(language).language
        if language not in LANGUAGES:
            language = "en"
        texts = await translation.async_get_translations(hass, language, "exceptions", {DOMAIN})
        states = await translation.async_get_translations(
            hass, language, "entity_component", _STATES_OF
        )
        return cls(language, texts, states, dt_util.now(), hass.config.currency)

    def say(self, key: str, **said: object) -> str | None:
        """Return a text; None where a part of it is missing."""
        text = self.texts.get(f"component.{DOMAIN}.exceptions.{key}.message")
        if text is None or any(part is None for part in said.values()):
            return None
        return text.format(**said)

    def join(self, names: Iterable[str | None], count: object = None) -> str | None:
        """Return names with "and" before the last, and how many more there are."""
        told = [name for name in names if name]
        if not told:
            return None
        more = count - len(told) if isinstance(count, int) else 0
        if more > 0:
            return self.say("facts_and_more", names=", ".join(told), count=more)
        if len(told) == 1:
            return told[0]
        return self.say("facts_and", first=", ".join(told[:-1]), last=told[-1])

    def figure(self, fact: object) -> str | None:
        """Return a figure with its unit: "21,5 °C"."""
        if not isinstance(fact, Mapping):
            return None
        value, unit = fact.get("value"), text_of(fact.get("unit"))
        if isinstance(value, bool) or not isinstance(value, int | float) or unit is None:
            return None
        if not abs(value) <= _LARGEST:  # nor is "not a number"
            return None
        number = self._number(value, 2 if unit in _TWO_DIGITS | {self.currency} else 1)
        space = "" if unit == "%" and self.language in ("en", "nl") else " "
        return f"{number}{space}{unit}"

    def _number(self, value: float, digits: int) -> str:
        written = f"{value:.{digits}f}"
        whole, _, decimals = written.partition(".")
        if not decimals.strip("0"):
            return "0" if whole == "-0" else whole
        return written if self.language in _DECIMAL_POINT else written.replace(".", ",")

    def when(self, fact: object, *, not_before: date | None = None) -> str | None:
        """Return when something is: "today at 09:00", "Monday"."""
        if not isinstance(fact, str):
            return None
        try:
            if (day := dt_util.parse_date(fact)) is not None:
                return self._day(max(day, not_before or day))
            moment = dt_util.parse_datetime(fact)
            local = dt_util.as_local(moment) if moment else None
        except ValueError, OverflowError:
            return None
        if local is None:
            return None
        return self.say("facts_day_time", day=self._day(local.date()), time=f"{local:%H:%M}")

    def _day(self, day: date) -> str | None:
        distance = (day - self.now.date()) // timedelta(days=1)
        if (near := _NEAR_DAYS.get(distance)) is not None:
            return self.say(near)
        weekday = self.say(_DAYS[day.weekday()])
        if abs(distance) <= _WITHIN_WEEK:
            return weekday
        return self.say("facts_day_date", weekday=weekday, day=day.day, month=day.month)

    def state(self, fact: object, *domains: str) -> str | None:
        """Return a state as Home Assistant calls it for the things of some domains."""
        state = text_of(fact)
        if state is None:
            return None
        places = [f"{domain}.entity_component._.state.{state}" for domain in domains]
        if state in _TOLD_AS:
            places.append(_TOLD_AS[state])
        texts = (self.states.get(f"component.{place}") for place in places)
        return next((text for text in texts if text), state)


def text_of(fact: object) -> str | None:
    """Return a text on one line; None where there is none."""
    if not isinstance(fact, str):
        return None
    return " ".join(fact.split())[:_LONGEST_TEXT] or None


def mappings_of(fact: object) -> list[Mapping[str, Any]]:
    """Return the mappings of a list."""
    return [one for one in fact if isinstance(one, Mapping)] if isinstance(fact, list) else []
