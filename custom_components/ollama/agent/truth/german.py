"""German: how it is said that something was done."""

from typing import Final

from .grammar import Grammar, Kind, Pattern, Verbs

_DONE: Final = (
    "eingeschaltet|ausgeschaltet|angeschaltet|abgeschaltet|angemacht|ausgemacht|abgeschlossen|"
    "aufgeschlossen|zugesperrt|aufgesperrt|verriegelt|entriegelt|aktiviert|deaktiviert|gedimmt|"
    "scharfgeschaltet|scharf geschaltet|unscharf geschaltet|stummgeschaltet|stumm geschaltet"
)
_DONE_LOOSE: Final = (
    "gestellt|gesetzt|geöffnet|geschlossen|eingestellt|erhöht|gesenkt|verringert|reduziert|"
    "geändert|gestartet|gestoppt|angehalten|pausiert|fortgesetzt|abgespielt|hinzugefügt|erstellt|"
    "hochgefahren|heruntergefahren|runtergefahren|gelöscht|entfernt|abgebrochen|ausgeführt|"
    "angepasst|aufgemacht|zugemacht|gesperrt|entsperrt|gesendet|geregelt|ausgelöst"
)

GERMAN: Final = Grammar(
    lists={
        "adv": "jetzt|nun|gerade|soeben|eben|sofort|gleich|auch|erfolgreich|für dich|für sie|dir",
        "we": "ich|wir",
        "it": "das|es|dies",
        "over": (
            "erledigt|fertig|gemacht|ist erledigt|schon erledigt|das ist erledigt|es ist erledigt|"
            "ist gemacht|geschafft|ausgeführt|das wäre erledigt"
        ),
        "soon": "wird erledigt|wird gemacht|mach ich|mache ich|kommt sofort|wird sofort erledigt",
    },
    verbs={
        "done": Verbs(_DONE, _DONE_LOOSE),
        "now": Verbs(
            "schalte ... ein|schalte ... aus|schalte ... an|schalte ... ab|mache ... an|"
            "mache ... aus|mach ... an|mach ... aus|verriegle|entriegle|dimme|aktiviere|"
            "deaktiviere|schließe ... ab|schließe ... auf|schliesse ... ab|schliesse ... auf",
            "öffne|schließe|schliesse|stelle ... auf|stelle ... ein|stell ... auf|setze ... auf|"
            "starte|stoppe|pausiere|erhöhe|senke|fahre ... hoch|fahre ... runter|"
            "fahre ... herunter|mache ... auf|mache ... zu|füge ... hinzu|drehe ... auf",
        ),
        # The same with the subject behind the verb: "Nun schalte ich das Licht ein."
        "turned": Verbs(
            "schalte <we> ... ein|schalte <we> ... aus|schalte <we> ... an|mache <we> ... an|"
            "mache <we> ... aus",
            "öffne <we>|schließe <we>|stelle <we> ... auf|starte <we>",
        ),
        "inf": Verbs(
            "einschalten|ausschalten|anschalten|abschalten|anmachen|ausmachen|abschließen|"
            "aufschließen|verriegeln|entriegeln|aktivieren|deaktivieren|dimmen",
            "öffnen|schließen|stellen|setzen|einstellen|erhöhen|senken|ändern|starten|stoppen|"
            "pausieren|abspielen|hinzufügen|erstellen|löschen|hochfahren|herunterfahren|anpassen",
        ),
        "state": Verbs(
            f"an|aus|{_DONE}",
            "offen|zu|geöffnet|geschlossen|eingestellt|gestellt|auf",
        ),
    },
    patterns=(
        Pattern(Kind.FIRM, "<we> habe|hab|haben ... @done"),
        Pattern(Kind.FIRM, "habe|hab|haben <we> ... @done"),
        Pattern(Kind.FIRM, "ist|sind <adv>* jetzt|nun <adv>* @state"),
        Pattern(Kind.OPEN, "& jetzt|nun ist|sind ... @state $"),
        Pattern(Kind.OPEN, "ist|sind ... @done worden"),
        Pattern(Kind.OPEN, "wurde|wurden ... @done"),
        Pattern(Kind.OPEN, "wird|werden ... @done"),
        Pattern(Kind.OPEN, "<we> <adv>* @now"),
        Pattern(Kind.OPEN, "& <adv>* @turned"),
        Pattern(Kind.BARE, "^ ... eingeschaltet|ausgeschaltet|angeschaltet|gedimmt|aktiviert $"),
        Pattern(Kind.BARE, "^ <over> $"),
        Pattern(Kind.OPEN, "<we> werde|werden ... @inf", promise=True),
        Pattern(Kind.OPEN, "werde <we> ... @inf", promise=True),
        Pattern(Kind.OPEN, "<we> mache|erledige <it> sofort|gleich|jetzt|für", promise=True),
        Pattern(Kind.BARE, "^ <soon> $", promise=True),
    ),
    home=(
        r"\w*licht(?:er|ern)?|\w*lampen?|\w*leuchten?|beleuchtung|\w*tür(?:en)?|\w*schloss|"
        r"garage|\w*tor|\w*fenster|\w*vorh[aä]ng(?:e|en)?|\w*rollläden|\w*rollladen|\w*rollos?|"
        r"\w*jalousien?|markise|thermostat|\w*temperatur|\w*heizung|klimaanlage|\w*ventilator|"
        r"helligkeit|farbe|lautstärke|musik|radio|tv|fernseher|\w*lautsprecher|\w*sauger|"
        r"timer|\w*alarm\w*|wecker|erinnerung|szene|automatisierung|\w*liste|kalender|"
        r"\w*schalter|\w*steckdose|grad|prozent|%|°c?|titel|lied|ventil|\w*anlage"
    ),
    negative=(
        "nicht|kein|keine|keinen|keiner|nie|nichts|leider|konnte|kann|fehlgeschlagen|ohne|"
        "weder|nirgends"
    ),
    supposed=(
        "wenn|falls|sobald|ob|dass|sagte|sagt|würde|könnte|könnten|du kannst|sie können|weil|als|"
        "nachdem|bevor|wer|prüfe|soll|sollte|muss|geschäft|museum|restaurant|geschichte|indem"
    ),
    condition=(
        "wenn|falls|sobald|sofern|automatisch|immer|"
        "jeden tag|jeden morgen|jeden abend|meistens|normalerweise|gewöhnlich|"
        r"möchtest|oft|müssen|können|sollten|von (?!mir |\d)\w+"
    ),
    past=(
        r"gestern|vorgestern|vorhin|früher|letzte[nrs]?|(?:1[0-9]|20)\d\d|seit|mal|damals|"
        r"vor (?:\d+|einer|einem|zwei|drei|wenigen) \w+|heute (?:morgen|früh|nacht|vormittag)|"
        r"\w+tag|bereits|schon"
    ),
    clock=r"um (?:\d+|eins?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|halb)\b",
    stops=(
        "ist|sind|war|waren|wird|wurde|nicht|kein|keine|dass|ob|wenn|ich|du|sie|er|kann|"
        "gefunden|gesehen|geprüft|nachgesehen|gehört|gelesen|bleibt|hat|haben|habe|sein"
    ),
    finite="ist|sind|wird|werden|kann|spart|kostet",
)
