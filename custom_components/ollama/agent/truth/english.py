"""English: how it is said that something was done."""

from typing import Final

from .grammar import Grammar, Kind, Pattern, Verbs

_PARTICLES: Final = "on|off"
_BARE_LOOSE: Final = (
    "changed|adjusted|opened|closed|started|stopped|paused|resumed|played|skipped|added|removed|"
    "created|cancelled|canceled|raised|lowered|increased|decreased|reduced|enabled|disabled|"
    "triggered|updated|sent|announced|queued|docked|scheduled|turned ... up|turned ... down"
)
_DONE: Final = (
    "turned ... on|turned ... off|switched ... on|switched ... off|powered ... on|"
    "powered ... off|locked|unlocked|dimmed|brightened|activated|deactivated|armed|disarmed|"
    "muted|unmuted|toggled"
)

ENGLISH: Final = Grammar(
    lists={
        "adv": (
            "just|now|successfully|also|both|all|automatically|quickly|then|immediately|"
            "gone ahead and|went ahead and|go ahead and|currently|for you|right away|only"
        ),
        "we": "i|we",
        "is": "is|are|'s",
        "end": r"(?= (?:\$|,|and |at |in |with |for |again |as |now ))",
        "over": (
            r"done|all done|it is done|it 's done|that is done|that 's done|all set|"
            r"you are all set|consider it done|task completed?|action completed?|"
            r"request completed?|success|there you go|taken care of|all taken care of"
        ),
        "soon": "on it|right away|will do|doing it now|doing that now",
        "what": "it|that|so|this|your request|the request|your command|the task",
    },
    verbs={
        "done": Verbs(_DONE, f"{_BARE_LOOSE}|set|put|run|ran|shut"),
        # Not "set" and "put": at the beginning they give an order.
        "bare": Verbs(_DONE, _BARE_LOOSE),
        # Not "locked" and "closed": "Door locked." answers a question about the door.
        "final": Verbs("turned on|turned off|switched on|switched off|activated|deactivated"),
        "base": Verbs(
            "turn ... on|turn ... off|switch ... on|switch ... off|power ... on|power ... off|"
            "lock|unlock|dim|brighten|activate|deactivate|arm|disarm|mute|unmute|toggle",
            "change|adjust|open|close|start|stop|pause|resume|play|skip|add|remove|create|cancel|"
            "raise|lower|increase|decrease|reduce|enable|disable|trigger|update|send|announce|"
            "set|put|run|shut|turn ... up|turn ... down|schedule",
        ),
        "ing": Verbs(
            "turning ... on|turning ... off|switching ... on|switching ... off|powering ... on|"
            "powering ... off|locking|unlocking|dimming|brightening|activating|deactivating|"
            "arming|disarming|muting|unmuting|toggling",
            "changing|adjusting|opening|closing|starting|stopping|pausing|resuming|playing|"
            "skipping|adding|removing|creating|cancelling|canceling|raising|lowering|increasing|"
            "decreasing|reducing|enabling|disabling|triggering|updating|sending|announcing|"
            "setting|putting|running|shutting|turning ... up|turning ... down",
        ),
        "state": Verbs(
            "on<end>|off<end>|turned on|turned off|switched on|switched off|locked|unlocked|"
            "dimmed|activated|deactivated|armed|disarmed|muted",
            "open|closed|shut|set|playing|paused|running|started|stopped|enabled|disabled",
        ),
    },
    patterns=(
        Pattern(Kind.FIRM, "<we> have <adv>* @done"),
        Pattern(Kind.FIRM, "<we> have ... and <adv>* @done"),
        Pattern(Kind.FIRM, "<we> am|are <adv>* @ing"),
        Pattern(Kind.FIRM, "is|are|'s|should|will <adv>* now be? <adv>* @state"),
        Pattern(Kind.FIRM, "is|are|'s @state now"),
        Pattern(Kind.FIRM, "is|are|'s now @ing"),
        Pattern(Kind.FIRM, "is|are|'s @ing now"),
        Pattern(Kind.FIRM, "<we> have <adv>* done|completed|executed <what>"),
        Pattern(Kind.OPEN, "& now ... <is> @state"),
        Pattern(Kind.OPEN, "has|have|'s <adv>* been <adv>* @done"),
        Pattern(Kind.OPEN, "is|are|'s <adv>* being <adv>* @done"),
        Pattern(Kind.OPEN, "was|were <adv>* just|successfully|now @done"),
        Pattern(Kind.OPEN, "<we> <adv>* @done"),
        Pattern(Kind.BARE, "^ <adv>* @ing"),
        Pattern(Kind.BARE, "^ <adv>* @bare"),
        Pattern(Kind.BARE, "^ now playing"),
        Pattern(Kind.BARE, "^ ... @final successfully? $"),
        Pattern(Kind.BARE, "^ <over> $"),
        Pattern(Kind.OPEN, "<we> will|shall <adv>* @base", promise=True),
        Pattern(Kind.OPEN, "<we> am|are going to <adv>* @base", promise=True),
        Pattern(Kind.OPEN, "let me <adv>* @base", promise=True),
        Pattern(Kind.OPEN, "<we> will <adv>* do <what>", promise=True),
        Pattern(Kind.BARE, "^ <soon> $", promise=True),
    ),
    home=(
        r"(?:\w+)?lights?|lamps?|lighting|bulbs?|(?:\w+)?doors?|locks?|garage|gates?|windows?|"
        r"blinds?|curtains?|shutters?|shades?|awnings?|thermostats?|temperature|heating|heater|"
        r"heat|ac|conditioner|conditioning|fans?|brightness|colou?r|volume|music|songs?|tracks?|"
        r"radio|tv|television|speakers?|playlist|vacuum|mower|humidifier|dehumidifier|valves?|"
        r"sprinklers?|timers?|alarms?|reminders?|scenes?|automations?|lists?|calendar|switch|"
        r"switches|plugs?|sockets?|outlets?|degrees|percent|%|°c?f?|channel|announcement|siren|"
        r"boiler|covers?|rooms?|kitchen|bedroom|bathroom|hall|hallway|office"
    ),
    negative=(
        "not|never|cannot|unable|failed|nothing|no|none|neither|couldnt|cant|didnt|havent|without"
    ),
    supposed=(
        "if|when|whenever|once|until|unless|whether|would|could see|could tell|suppose|imagine|"
        "pretend|there is|there are|said|says|say|told|thought|because|who|wish|before|"
        "after i|after the|after you|make sure|ensure|"
        "check that|verify|you can|you will|you should|to confirm|suddenly|example|as i said|"
        "shop|store|museum|restaurant|road|school|should i|remember|story"
    ),
    condition=(
        "if|when|whenever|once|unless|until|as soon as|would you|should you|always|usually|"
        "every day|every morning|every night|every evening|every time|"
        # "by Peter", not "by half": somebody else did it.
        r"already|need you|by (?!me |half |ten |\d)\w+"
    ),
    past=(
        r"yesterday|ago|earlier|last|(?:1[0-9]|20)\d\d|since|times|previously|(?:this|that) "
        r"(?:morning|afternoon|evening|night)|(?:mon|tues|wednes|thurs|fri|satur|sun)day|"
        r"for (?:\d+|an?|two|three|four|five|six|several|many|some) \w+ now|first time|history"
    ),
    clock=r"at (?:about |around )?\d+(?::\d\d)?(?! ?(?:%|percent|degrees|°))|at (?:noon|midnight)",
    stops="is|are|was|were|'s|be|not|if|which|who|when|i|you|he|she|they|we|to|and|can|will",
    finite=(
        "is|are|was|were|'s|can|will|would|may|might|could|should|save|saves|use|uses|require|"
        "requires|help|helps|make|makes|take|takes|cost|costs|reduce|reduces|mean|means|need|"
        "needs|work|works|does|do|has|have|caused|causes|seems|sounds"
    ),
)
