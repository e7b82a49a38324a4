"""French: how it is said that something was done."""

from typing import Final

from .grammar import Grammar, Kind, Pattern, Verbs

_AGREES: Final = "(?:e|s|es)?"
_STRONG: Final = ("allumé", "éteint", "verrouillé", "déverrouillé", "activé", "désactivé", "tamisé")
_LOOSE: Final = (
    *("ouvert", "fermé", "réglé", "mis", "mise", "augmenté", "baissé", "changé", "lancé"),
    *("démarré", "arrêté", "ajouté", "créé", "annulé", "programmé", "monté", "descendu", "ajusté"),
    *("défini", "coupé", "envoyé", "supprimé", "diminué", "exécuté"),
)
_DONE: Final = Verbs(
    "|".join(verb + _AGREES for verb in _STRONG), "|".join(verb + _AGREES for verb in _LOOSE)
)

FRENCH: Final = Grammar(
    lists={
        "adv": (
            "bien|maintenant|juste|aussi|également|désormais|tout de suite|immédiatement|donc|"
            "à présent|avec succès"
        ),
        "it": "l|les|la|le|vous|te|t|lui",
        "now": "maintenant|désormais|à présent",
        "over": (
            "c est fait|fait|voilà c est fait|c est chose faite|terminé|action effectuée|"
            "c est réglé|c est bon c est fait"
        ),
        "soon": "je m en occupe|tout de suite|je le fais|je le fais tout de suite",
        "noun": (
            "allumage|extinction|ouverture|fermeture|verrouillage|déverrouillage|activation|"
            "désactivation|lecture|réglage"
        ),
    },
    verbs={
        "done": _DONE,
        "now": Verbs(
            "allume|éteins|verrouille|déverrouille|active|désactive|tamise",
            "ouvre|ferme|règle|mets|augmente|baisse|lance|démarre|arrête|ajoute|monte|descends|"
            "programme|change|coupe",
        ),
        "inf": Verbs(
            "allumer|éteindre|verrouiller|déverrouiller|activer|désactiver|tamiser",
            "ouvrir|fermer|régler|mettre|augmenter|baisser|lancer|démarrer|arrêter|ajouter|monter|"
            "descendre|programmer|changer|couper|créer",
        ),
        "fut": Verbs(
            "allumerai|éteindrai|verrouillerai|déverrouillerai|activerai|désactiverai",
            "ouvrirai|fermerai|réglerai|mettrai|augmenterai|baisserai|lancerai|démarrerai",
        ),
    },
    patterns=(
        # Not firm: the perfect is the plain past as well ("J'ai allumé la lumière hier").
        Pattern(Kind.OPEN, "j|je|nous|on <it>* ai|avons|a <adv>* @done"),
        Pattern(Kind.OPEN, "a|ont <adv>* été <adv>* @done"),
        Pattern(Kind.OPEN, "vient|viennent d être @done"),
        Pattern(Kind.OPEN, "je viens d|de <it>* @inf"),
        Pattern(Kind.OPEN, "je suis en train d|de <it>* @inf"),
        Pattern(Kind.OPEN, "est|sont en train d être @done"),
        Pattern(Kind.FIRM, "est|sont <now> @done"),
        Pattern(Kind.OPEN, "& <now> ... est|sont @done"),
        Pattern(Kind.OPEN, "est|sont @done maintenant"),
        Pattern(Kind.OPEN, "j|je <it>* @now"),
        Pattern(Kind.BARE, "^ <noun> ... en cours"),
        Pattern(Kind.BARE, "^ <over> $"),
        Pattern(Kind.OPEN, "je vais <adv>* <it>* @inf", promise=True),
        Pattern(Kind.OPEN, "j|je <it>* @fut", promise=True),
        Pattern(Kind.BARE, "^ <soon> $", promise=True),
    ),
    home=(
        r"lumières?|lampes?|éclairage|spots?|portes?|serrures?|garage|portail|fenêtres?|volets?|"
        r"rideaux?|stores?|thermostat|température|chauffage|climatisation|clim|ventilateur|"
        r"luminosité|couleur|volume|son|musique|radio|tv|télé|télévision|enceintes?|aspirateur|"
        r"minuteur|minuterie|alarme|réveil|rappel|scène|automatisation|liste|calendrier|agenda|"
        r"interrupteur|prises?|degrés?|%|°c?|chanson|piste|vanne"
    ),
    negative=(
        "pas|jamais|aucun|aucune|rien|impossible|échoué|plus|ni|sans|n|ne|malheureusement|"
        "désolé|personne"
    ),
    supposed=(
        "si|quand|lorsque|dès que|dit|disait|pourrais|pourrait|voudrais|vous pouvez|tu peux|"
        "parce que|avant que|après que|qui|vérifiez|vérifie|assurez|dois|devez|histoire|"
        "magasin|musée|restaurant|après avoir"
    ),
    condition=(
        "si|quand|lorsque|dès que|toujours|"
        "chaque jour|chaque matin|chaque soir|chaque fois|"
        "automatiquement|habituellement|souvent|d habitude|"
        r"par (?!moi )\w+"
    ),
    past=(
        r"hier|avant hier|dernier|dernière|(?:1[0-9]|20)\d\d|depuis|fois|il y a|ce matin|"
        r"cette nuit|tout à l heure|plus tôt|déjà|\w+di|auparavant|autrefois"
    ),
    clock=r"à \d+ ?(?:h\w*|heures?)|à (?:midi|minuit)|à \d+h\d*|vers \d+",
    stops="est|sont|était|pas|que|qui|si|je|tu|il|elle|vous|ai|a|ont",
    finite="est|sont|peut|permet|économise|coûte",
)
