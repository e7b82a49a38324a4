"""Dutch: how it is said that something was done."""

from typing import Final

from .grammar import Grammar, Kind, Pattern, Verbs

_CARRIED_OUT: Final = (
    "aangezet|uitgezet|aangedaan|uitgedaan|op slot gedaan|op slot gezet|van het slot gehaald|"
    "van het slot gedaan"
)
_DONE: Final = (
    f"{_CARRIED_OUT}|ingeschakeld|uitgeschakeld|vergrendeld|ontgrendeld|gedimd|geactiveerd|"
    "gedeactiveerd|aangemaakt"
)
_DONE_LOOSE: Final = (
    "gezet|geopend|gesloten|opengedaan|dichtgedaan|opengezet|ingesteld|verhoogd|verlaagd|"
    "veranderd|gestart|gestopt|gepauzeerd|hervat|afgespeeld|toegevoegd|gemaakt|verwijderd|"
    "geannuleerd|aangepast|gewijzigd|omhooggedaan|omlaaggedaan|uitgevoerd|verstuurd"
)

DUTCH: Final = Grammar(
    lists={
        "adv": "nu|net|zojuist|meteen|direct|alvast|even|dan|ook|succesvol|voor je|voor u",
        "just": "net|zojuist|nu|succesvol",
        "we": "ik|we|wij",
        "over": (
            "gedaan|klaar|geregeld|gelukt|is gebeurd|gebeurd|het is gedaan|het is gebeurd|"
            "voor elkaar|is gelukt|het is gelukt|is geregeld|het is geregeld|uitgevoerd"
        ),
        "soon": (
            "komt in orde|komt voor elkaar|doe ik|ga ik doen|komt eraan|ik ga het doen|"
            "ik zal het doen|ik doe het|ik doe het meteen"
        ),
    },
    verbs={
        "done": Verbs(_DONE, _DONE_LOOSE),
        # "is ingeschakeld" and "is gesloten" tell a state, these tell an action.
        "carried": Verbs(_CARRIED_OUT, "opengedaan|dichtgedaan|toegevoegd|gezet|gestart"),
        "now": Verbs(
            "zet ... aan|zet ... uit|doe ... aan|doe ... uit|schakel ... in|schakel ... uit|"
            "draai ... op slot|doe ... op slot|doe ... van het slot|vergrendel|ontgrendel|dim|"
            "activeer|deactiveer",
            "open|sluit|doe ... open|doe ... dicht|zet ... op|stel ... in|verhoog|verlaag|start|"
            "stop|pauzeer|voeg ... toe|zet ... hoger|zet ... lager|zet ... harder|zet ... zachter",
        ),
        "inf": Verbs(
            "aanzetten|uitzetten|aandoen|uitdoen|inschakelen|uitschakelen|op slot doen|"
            "van het slot halen|vergrendelen|ontgrendelen|dimmen|activeren|deactiveren",
            "openen|sluiten|opendoen|dichtdoen|instellen|zetten|verhogen|verlagen|veranderen|"
            "starten|stoppen|pauzeren|afspelen|toevoegen|maken|verwijderen|annuleren|aanpassen",
        ),
        "state": Verbs(
            "aan|uit|ingeschakeld|uitgeschakeld|vergrendeld|ontgrendeld|op slot|van het slot|"
            "gedimd|geactiveerd|gedeactiveerd",
            "open|dicht|geopend|gesloten|ingesteld|gestart|gestopt",
        ),
    },
    patterns=(
        Pattern(Kind.FIRM, "<we> heb|hebben ... @done"),
        Pattern(Kind.FIRM, "heb|hebben <we> ... @done"),
        Pattern(Kind.FIRM, "is|zijn <just> ... @done"),
        Pattern(Kind.FIRM, "is|zijn|staat|staan|gaat|gaan <adv>* nu <adv>* @state"),
        Pattern(Kind.OPEN, "is|zijn|staat|staan @state nu"),
        Pattern(Kind.OPEN, "& nu is|zijn|staat|staan ... @state $"),
        Pattern(Kind.OPEN, "is|zijn ... @carried"),
        Pattern(Kind.OPEN, "wordt|worden ... @done"),
        Pattern(Kind.OPEN, "<we> <adv>* @now"),
        Pattern(Kind.OPEN, "& zet|doe|schakel <we> ... aan|uit|in|open|dicht"),
        Pattern(Kind.BARE, "^ ... @carried $"),
        Pattern(Kind.BARE, "^ ... ingeschakeld|uitgeschakeld|gedimd|geactiveerd $"),
        Pattern(Kind.BARE, "^ <over> $"),
        Pattern(Kind.OPEN, "<we> zal|zullen|ga|gaan ... @inf", promise=True),
        Pattern(Kind.OPEN, "& dan? ga|zal <we> ... @inf", promise=True),
        Pattern(Kind.BARE, "^ <soon> $", promise=True),
    ),
    home=(
        r"\w*licht(?:en|je|jes)?|\w*lamp(?:en|je|jes)?|verlichting|\w*deur(?:en)?|\w*slot|garage|"
        r"\w*poort|\w*ra(?:am|men)|\w*gordijn(?:en)?|\w*luik(?:en)?|\w*scherm(?:en)?|"
        r"\w*thermostaat|\w*temperatuur|\w*verwarming|airco|\w*ventilator(?:en)?|helderheid|"
        r"kleur|volume|muziek|radio|tv|televisie|\w*speakers?|stofzuiger|timers?|\w*alarm|wekker|"
        r"herinnering|scène|automatisering|\w*lijst(?:je)?|agenda|schakelaar|stekker|"
        r"\w*stopcontact|graden|procent|%|°c?|rolluik(?:en)?|nummer|jaloezie(?:ën)?|zonwering|"
        r"gas\w*|kraan|ketel|"
        r"\w*apparaat"
    ),
    negative="niet|geen|nooit|niets|niks|mislukt|helaas|kan|kon|zonder|nergens",
    supposed=(
        "als|wanneer|zodra|indien|of|dat|zei|zegt|zou|zouden|kun je|kan je|je kunt|u kunt|omdat|"
        "toen|wie|stel|controleer|zorg|moet|nadat|voordat|winkel|museum|restaurant|verhaal"
    ),
    condition="als|wanneer|zodra|indien|tenzij|altijd|"
    "elke dag|elke avond|elke ochtend|elke keer|vaak|meestal|automatisch|toch|wil|"
    r"wilt|door (?!mij )\w+",
    past=(
        r"gisteren|gister\w+|geleden|eerder|vorige|vanochtend|vanmorgen|vanmiddag|vannacht|"
        r"(?:1[0-9]|20)\d\d|sinds|keer|al \d+|\w+dag|toen|eerste keer|reeds"
    ),
    clock=r"om (?:\d+|een|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|half)\b",
    stops=(
        "is|zijn|was|waren|wordt|worden|werd|staat|niet|geen|dat|die|of|als|ik|je|u|hij|heb|heeft|"
        "kan|gevonden|gezien|gecontroleerd|gekeken|gehoord|gelezen|blijft"
    ),
    finite="is|zijn|wordt|kan|bespaart|kost",
)
