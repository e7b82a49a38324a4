"""What the name of a thing, or of its room, says of it, in the five languages.

As tables: words stand alone in a name, parts also inside of a longer word. All are written
without capitals and accents, as `fold` leaves them.
"""

from dataclasses import dataclass
import re
from typing import Final

from ..names import fold

_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Sign:
    """Words that tell one thing of what is called so."""

    words: frozenset[str]
    parts: tuple[str, ...]

    def is_in(self, *names: str | None) -> bool:
        """Whether one of some names says it."""
        return any(self._is_in(name) for name in names if name)

    def _is_in(self, name: str) -> bool:
        words = _WORD.findall(fold(name))
        text = " ".join(words)
        return not self.words.isdisjoint(words) or any(part in text for part in self.parts)


def _sign(words: str, parts: str) -> Sign:
    """Read a line of the table; inside of parts, _ stands for a space."""
    return Sign(frozenset(words.split()), tuple(part.replace("_", " ") for part in parts.split()))


OUTDOORS: Final = _sign(
    "yard deck hof cour fuera",
    "outdoor outside exterior garden backyard courtyard terrac balcon porch patio driveway"
    " buiten tuin terras balkon oprit aussen draussen garten einfahrt exterieur dehors jardin"
    " terraza",
)
WINDOW: Final = _sign("ramen", "window skylight raam fenst fenetre ventana")
# Not "door" or "tur" inside of words: those are in "outdoor" and in "temperatur" too.
DOOR: Final = _sign(
    "door doors gate deur poort tur turen tor tore porte portes portail puerta puertas",
    "tuindeur voordeur achterdeur deurcontact deursensor haustur gartentur terrassentur balkontur"
    " kellertur turkontakt tursensor",
)
# Their doors are not the doors of the house, and their insides are not its rooms.
APPLIANCE: Final = _sign(
    "oven ofen horno",
    "fridge freez refriger microwave dishwash washer washing_machine dryer mailbox letterbox"
    " koelkast vriez magnetron vaatwass afwasmachine wasmachine wasdroger droogtrommel brievenbus"
    " kuhlschrank gefrier backofen mikrowelle spulmaschine waschmaschine trockner briefkasten"
    " frigo congel du_four micro_ondes lave_vaisselle lave_linge seche_linge boite_aux_lettres"
    " nevera microondas lavavajillas lavadora secadora buzon",
)
# Measured of a thing, of a liquid, or worked out: no temperature of the air in a home.
NO_AIR: Final = _sign(
    "cpu gpu core chip soc ssd hdd nvme nas disk board device internal interne intern router"
    " server serveur servidor prozessor processor battery batterij accu akku batterie bateria"
    " inverter water eau agua boiler kettle sauna spa pool grill bbq barbecue flow supply return"
    " retour coil exhaust engine motor target setpoint soll sollwert consigne dew feels"
    " minimum maximum minimale maximale minima maxima yesterday tomorrow gisteren morgen gestern"
    " hier demain ayer manana",
    "processeur procesador omvormer wechselrichter onduleur inversor wasser jacuzzi hot_tub"
    " zwembad schwimmbad piscin aquarium acuario terrarium vorlauf rucklauf aanvoer depart_chau"
    " compressor kompressor compresseur solltemp zieltemp streeftemp doeltemp gewenste objetivo"
    " dauwpunt taupunkt point_de_rosee punto_de_rocio realfeel apparent gevoels gefuhlt ressenti"
    " sensacion windchill wind_chill heat_index forecast voorspel vorhersage prevision printer"
    " drucker imprimante impresora",
)
# Under a roof, but neither heated nor in the open.
BETWEEN: Final = _sign(
    "shed kas serre",
    "garage garaje carport greenhouse garden_room garden_office tuinhuis tuinkamer schuur"
    " gartenhaus gartenzimmer wintergarten schuppen gewachshaus abri_de jardin_d_hiver cobertizo"
    " invernadero jardin_de_invierno",
)
# Wet as they should be.
MEANT_TO_BE_WET: Final = _sign(
    "rain soil", "regen neerslag pluie lluvia bodenfeucht bodemvocht pflanz"
)
