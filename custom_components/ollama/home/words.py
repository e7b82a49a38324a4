"""Words of the five languages (English, Dutch, German, French, Spanish), as tables.

All are written as people write them; `names` folds case and diacritics away before it
compares. Adding a language means adding one line to each table.
"""

from typing import Final


def _all(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# Dropped before anything else: they never tell two devices apart. His, her, this and that
# are missing on purpose, because they may.
ARTICLES: Final = _all(
    "the a an my our your",
    "de het een 't mijn m'n ons onze",
    "der die das den dem des ein eine einen einem einer eines"
    " mein meine meinen meinem meiner unser unsere unserem unseren",
    "le la les un une des du mon ma mes notre nos ton ta tes votre vos",
    "el los las una unos unas mi mis nuestro nuestra nuestros nuestras tu tus",
)

# Dropped inside a text, never at its end, where they mean something ("turned on").
PREPOSITIONS: Final = _all(
    "in of at from for",
    "in van bij op te",
    "in im ins am an von vom beim bei für",
    "dans de à a au aux en pour sur",
    "en de del al para sobre",
)

# They tell things apart: never corrected into another word, never guessed.
DISTINGUISHING: Final = _all(
    "left right front back rear up down upper lower upstairs downstairs top bottom middle on off"
    " inside outside indoor outdoor indoors outdoors inner outer out north south east west day"
    " night morning evening open close opened closed hot cold warm cool big small large little"
    " old new first last high low main guest master his her hers boys girls boy girl kids"
    " mens womens dad mum mom except without but other not no only rest this that",
    "links linker linkse rechts rechter rechtse voor voorste voorkant achter achterste achterkant"
    " boven beneden bovenste onder onderste aan uit binnen buiten noord zuid oost west dag nacht"
    " open dicht warm koud groot grote klein kleine oud oude nieuw nieuwe hoog laag papa mama"
    " behalve zonder andere niet alleen zijn haar",
    "links linke linker linkes rechts rechte rechter rechtes vorne vorn vordere vorderes hinten"
    " hintere hinteres hinter vorder oben obere oberes ober unten untere unteres unter an aus auf"
    " zu innen außen nord süd ost west norden süden osten westen tag nacht warm kalt groß große"
    " klein kleine alt alte neu neue hoch tief außer ohne andere nicht nur sein ihr",
    "gauche droite droit avant arrière devant derrière haut bas dessus dessous allumé éteint"
    " intérieur extérieur dedans dehors nord sud est ouest jour nuit ouvert fermé chaud froid"
    " grand grande petit petite vieux vieille neuf neuve sauf sans autre pas seulement",
    "izquierda izquierdo derecha derecho delantero delantera trasero trasera frente detrás delante"
    " arriba abajo superior inferior encendido apagado dentro fuera interior exterior norte sur"
    " este oeste día noche abierto cerrado caliente frío grande pequeño pequeña viejo vieja nuevo"
    " nueva alto alta bajo baja excepto menos sin otro otra no solo",
)

ALL: Final = _all(
    "all every each everything everywhere both entire whole",
    "alle alles allemaal elke iedere overal beide hele heel",
    "alle alles allen sämtliche jede jeder jedes überall beide beiden ganze ganzen ganzes",
    "tous toutes tout toute partout chaque",
    "todos todas todo toda cada ambos ambas",
)
BOTH: Final = _all("both", "beide beiden", "ambos ambas")
# Alone they mean the whole home; "todo" and "both" alone mean nothing certain.
EVERYTHING: Final = _all(
    "all everything everywhere",
    "alles overal",
    "alles überall",
    "tout tous partout",
    "todo todos todas",
)
HOME: Final = _all(
    "house home apartment flat place",
    "huis woning appartement",
    "haus wohnung",
    "maison appartement logement",
    "casa piso apartamento",
)
DEVICES: Final = _all(
    "device devices thing things appliance appliances entity entities",
    "apparaat apparaten ding dingen",
    "gerät geräte geräten ding dinge",
    "appareil appareils chose choses",
    "dispositivo dispositivos aparato aparatos cosa cosas",
)
# Of one word after the articles are gone; "this room" and its like are phrases.
HERE: Final = _all("here", "hier", "hier", "ici", "aquí acá")
THIS: Final = _all("this", "deze dit", "diesem dieser dieses diese", "cette ce cet", "esta este")
ROOM: Final = _all(
    "room area space",
    "kamer ruimte vertrek",
    "raum zimmer bereich",
    "pièce chambre salle",
    "habitación sala cuarto estancia",
)
UPSTAIRS: Final = _all("upstairs", "boven bovenverdieping", "oben obergeschoss", "étage", "arriba")
DOWNSTAIRS: Final = _all(
    "downstairs", "beneden benedenverdieping", "unten untergeschoss", "bas", "abajo"
)
GROUND_FLOOR: Final = (
    "ground floor",
    "begane grond",
    "erdgeschoss",
    "rez de chaussée",
    "planta baja",
)
BASEMENT: Final = _all(
    "basement cellar", "kelder souterrain", "keller untergeschoss", "cave sous-sol", "sótano"
)
# Prepositions that go before words of a place: "lights on the first floor".
ON: Final = _all("on", "op", "auf", "sur", "en")
AND: Final = ("and", "und", "en", "et", "y")

# Real words for rooms: one of them is not a misspelling of another.
ROOMS: Final = _all(
    "kitchen bedroom bathroom living dining room hall hallway corridor landing attic loft basement"
    " cellar garage garden office study nursery lounge den pantry laundry utility porch patio"
    " terrace balcony yard driveway shed stairs toilet shower conservatory entrance entry playroom"
    " library gym sauna pool workshop closet bar guest",
    "keuken slaapkamer badkamer woonkamer eetkamer gang hal zolder kelder garage tuin kantoor"
    " werkkamer kinderkamer bijkeuken wasruimte toilet balkon terras schuur oprit trap overloop"
    " berging serre speelkamer",
    "küche schlafzimmer badezimmer bad wohnzimmer esszimmer flur diele dachboden keller garage"
    " garten büro arbeitszimmer kinderzimmer gästezimmer waschküche abstellraum balkon terrasse"
    " schuppen einfahrt treppe toilette wintergarten speicher werkstatt eingang",
    "cuisine chambre salon séjour salle bains bain couloir entrée grenier cave garage jardin bureau"
    " buanderie cellier balcon terrasse toilettes escalier véranda atelier palier",
    "cocina dormitorio baño salón comedor pasillo entrada ático sótano garaje jardín oficina"
    " despacho lavadero despensa balcón terraza aseo escalera trastero taller recibidor",
)
