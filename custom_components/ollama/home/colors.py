"""Colours and shades of white, as people and models write them."""

from collections.abc import Mapping, Sequence
import colorsys
from dataclasses import dataclass
import re
from typing import Final

from homeassistant.util.color import COLORS, color_temperature_mired_to_kelvin
from rapidfuzz.distance import OSA

from .amounts import read_number
from .misread import ValueNotUnderstoodError, not_understood
from .names import fold


@dataclass(frozen=True, slots=True)
class Color:
    """Either a colour or a temperature of white."""

    rgb: tuple[int, int, int] | None = None
    """Each from 0 to 255."""
    kelvin: int | None = None


# Kelvin of what lamps are sold as; the words come from all five languages.
_WHITES: Final = {
    fold(name): kelvin
    for names, kelvin in (
        ("candle,candlelight,kaarslicht,kerzenlicht,bougie,vela,luz de vela", 2000),
        (("warm white,warm,warm light,warm wit,warmwit,warmweiß,warm weiß,warmes weiß,blanc chaud,"
         "blanco cálido,cálido,chaud,incandescent,extra warm white"), 2700),
        ("soft white,soft,zacht wit,blanc doux,blanco suave", 3000),
        (("neutral white,neutral,natural white,natural,neutraal wit,neutraalwit,neutralweiß,"
         "neutral weiß,blanc neutre,blanc naturel,blanco neutro,blanco natural"), 4000),
        (("cool white,cold white,cool,cold,bright white,koel wit,koud wit,koelwit,kaltweiß,"
         "kalt weiß,kaltes weiß,blanc froid,blanco frío,frío,froid"), 5000),
        (("daylight,day light,daglicht,tageslicht,tageslichtweiß,lumière du jour,luz de día,"
         "luz del día"), 6500),
    )
    for name in names.split(",")
}  # fmt: skip

_NAMES: Final = {
    fold(name): english
    for line in (
        # Dutch
        (
            "rood=red groen=green blauw=blue geel=yellow oranje=orange paars=purple roze=pink"
            " wit=white zwart=black bruin=brown grijs=gray turkoois=turquoise goud=gold"
            " zilver=silver lila=plum limoen=lime zalm=salmon"
        ),
        # German
        (
            "rot=red grün=green blau=blue gelb=yellow lila=purple violett=violet rosa=pink"
            " weiß=white weiss=white schwarz=black braun=brown grau=gray türkis=turquoise"
            " silber=silver himmelblau=skyblue lachs=salmon"
        ),
        # French
        (
            "rouge=red vert=green verte=green bleu=blue bleue=blue jaune=yellow violet=violet"
            " violette=violet pourpre=purple rose=pink blanc=white blanche=white noir=black"
            " noire=black brun=brown marron=brown gris=gray doré=gold argent=silver saumon=salmon"
        ),
        # Spanish
        (
            "rojo=red roja=red verde=green azul=blue amarillo=yellow amarilla=yellow naranja=orange"
            " morado=purple morada=purple púrpura=purple violeta=violet rosado=pink blanco=white"
            " blanca=white negro=black negra=black café=brown gris=gray turquesa=turquoise"
            " dorado=gold plateado=silver celeste=skyblue salmón=salmon"
        ),
        # what people say and the web's list of colours lacks
        (
            "rose=pink lilac=plum amber=orange mint=palegreen navyblue=navy scarlet=crimson"
            " burgundy=maroon teal=teal aqua=aqua peach=peachpuff"
        ),
    )
    for pair in line.split()
    for name, _, english in [pair.partition("=")]
}
_SHADES: Final = {
    fold(word): shade
    for words, shade in (
        ("light pale licht lichte hell helles helle clair claire claro clara", "light"),
        ("dark donker donkere dunkel dunkles dunkle foncé foncée sombre oscuro oscura", "dark"),
        ("deep diep tief profond profundo", "deep"),
        # They say how bright, which is another value.
        ("bright vivid pure strong intense fel helder kräftig vif vive brillante", ""),
    )
    for word in words.split()
}
_FILLERS: Final = frozenset({"color", "colour", "kleur", "farbe", "couleur", "the", "in", "a"})
_HEX: Final = re.compile(r"(?:#|0x)?([0-9a-f]{6}|[0-9a-f]{3})")
_KELVIN: Final = re.compile(r"([\d.,\s]+?)\s*(?:°\s*)?(?:k|kelvin)")
_MIRED: Final = re.compile(r"([\d.,\s]+?)\s*(?:mired|mireds|mirek)")
_RGB: Final = re.compile(r"(?:rgb)?\s*[(\[]?\s*(\d+)\s*[,;\s]\s*(\d+)\s*[,;\s]\s*(\d+)\s*[)\]]?")
_HSL: Final = re.compile(
    r"(hsl|hsv|hsb)\s*\(\s*([\d.]+)(?:°|deg)?\s*,\s*([\d.]+)\s*%?\s*,\s*([\d.]+)\s*%?\s*\)"
)
_CSS: Final = frozenset(COLORS)
_CHANNELS: Final = 3
_BYTE: Final = 255
_LEAST_KELVIN: Final = 1_000
_MOST_KELVIN: Final = 20_000
_LEAST_MIRED: Final = 50
_LONGEST: Final = 60  # characters
_CORRECTED_FROM: Final = 5  # letters of a colour with one letter wrong
_EXPECTED: Final = "a color"
_EXAMPLE: Final = '"red", "warm white", "2700 K" or "#ff8800"'


def parse_color(value: object) -> Color:
    """Return a colour or a white. Raises ValueNotUnderstoodError.

    Takes names in five languages, "dark red", "#ff8800", "rgb(255, 0, 0)", [255, 0, 0],
    {"r": 255, "g": 0, "b": 0}, "warm white", "2700K", 2700. White alone is the colour.
    """
    color = _read(value)
    if color is None:
        raise not_understood(value, _EXPECTED, _EXAMPLE)
    if color.rgb == (0, 0, 0):
        raise ValueNotUnderstoodError("A light can't be black; turn it off instead.")
    return color


def _read(value: object) -> Color | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _kelvin(value)
    if isinstance(value, Mapping):
        return _from_mapping({fold(str(key)): part for key, part in value.items()})
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return _from_channels(list(value))
    return None


def _kelvin(number: float | None) -> Color | None:
    if number is None or not _LEAST_KELVIN <= number <= _MOST_KELVIN:
        return None
    return Color(kelvin=round(number))


def _mired(number: float | None) -> Color | None:
    if number is None or number < _LEAST_MIRED:
        return None
    return _kelvin(color_temperature_mired_to_kelvin(number))


def _from_mapping(value: Mapping[str, object]) -> Color | None:
    for keys in (("r", "g", "b"), ("red", "green", "blue")):
        if all(key in value for key in keys):
            return _from_channels([value[key] for key in keys])
    for key in ("kelvin", "color_temp_kelvin", "rgb", "rgb_color", "hex", "name", "color"):
        if len(value) == 1 and key in value and not isinstance(value[key], Mapping):
            return _read(value[key])
    return None


def _from_channels(parts: Sequence[object]) -> Color | None:
    if len(parts) != _CHANNELS:
        return None
    numbers: list[float] = []
    for part in parts:
        number = read_number(part) if isinstance(part, str) else part
        if isinstance(number, bool) or not isinstance(number, int | float):
            return None
        numbers.append(number)
    # Shares of one, as some models write them; [1, 1, 0] stays nearly black.
    if all(0 <= number <= 1 for number in numbers) and any(number % 1 for number in numbers):
        numbers = [number * _BYTE for number in numbers]
    if not all(0 <= number <= _BYTE for number in numbers):
        return None
    red, green, blue = (round(number) for number in numbers)
    return Color(rgb=(red, green, blue))


def _from_text(value: str) -> Color | None:
    text = fold(value[:_LONGEST]).strip(" .!\"'")
    if (match := _KELVIN.fullmatch(text)) is not None:
        return _kelvin(read_number(match[1]))
    if (match := _MIRED.fullmatch(text)) is not None:
        return _mired(read_number(match[1]))
    if (match := _RGB.fullmatch(text)) is not None:
        return _from_channels([int(part) for part in match.groups() if len(part) <= _CHANNELS])
    if (match := _HSL.fullmatch(text)) is not None:
        return _from_hue(*match.groups())
    if (named := _from_name(text)) is not None:
        return named
    if (match := _HEX.fullmatch(text)) is not None and not text.isdecimal():
        digits = match[1] if len(match[1]) == 2 * _CHANNELS else "".join(d * 2 for d in match[1])
        return _from_channels([int(digits[place : place + 2], 16) for place in (0, 2, 4)])
    if (number := read_number(text)) is not None:
        return _kelvin(number)
    return _misspelled(text)


def _from_hue(kind: str, *numbers: str) -> Color | None:
    """Read hsl(120, 100%, 50%) and hsv(...)."""
    values = [read_number(number) for number in numbers]
    if any(value is None for value in values):
        return None
    hue, second, third = (value or 0.0 for value in values)
    if hue > 360 or second > 100 or third > 100:  # noqa: PLR2004 - degrees and percents
        return None
    if kind == "hsl":
        shares = colorsys.hls_to_rgb(hue / 360, third / 100, second / 100)
    else:
        shares = colorsys.hsv_to_rgb(hue / 360, second / 100, third / 100)
    red, green, blue = (round(share * _BYTE) for share in shares)
    return Color(rgb=(red, green, blue))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s_-]+", text) if word and word not in _FILLERS]


def _from_name(text: str) -> Color | None:
    words = _words(text)
    plain = " ".join(words)
    if (kelvin := _WHITES.get(plain)) is not None:
        return Color(kelvin=kelvin)
    if (rgb := COLORS.get("".join(words))) is not None:
        return Color(rgb=(rgb.r, rgb.g, rgb.b))
    shades: list[str] = []
    names: list[str] = []
    for word in words:
        if word in _SHADES:
            shades.append(_SHADES[word])
            continue
        shade, rest = _split_shade(word)
        if shade:
            shades.append(shade)
        names.append(_NAMES.get(rest, rest))
    if not names:
        return None
    name = "".join((*shades, *names))
    # The web's list has no "dark yellow"; a darker one of it is what brightness is for.
    rgb = COLORS.get(name) or (COLORS.get("".join(names)) if shades == [""] else None)
    return Color(rgb=(rgb.r, rgb.g, rgb.b)) if rgb is not None else None


def _split_shade(word: str) -> tuple[str, str]:
    """Take hellblau and donkerrood apart."""
    for shade, english in _SHADES.items():
        rest = word.removeprefix(shade)
        if english and rest != word and (rest in _NAMES or rest in _CSS):
            return english, rest
    return "", word


def _misspelled(text: str) -> Color | None:
    """Return a colour of which one letter is wrong, if there is just one."""
    joined = "".join(_words(text))
    if len(joined) < _CORRECTED_FROM:
        return None
    near = {
        color
        for name in (*_CSS, *_NAMES, *_WHITES)
        if OSA.distance(joined, name.replace(" ", ""), score_cutoff=1) <= 1
        and (color := _from_name(name)) is not None
    }
    return near.pop() if len(near) == 1 else None
