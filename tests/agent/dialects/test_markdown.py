"""What of a text with Markdown is spoken."""

import pytest

from custom_components.ollama.agent.dialects import MarkdownStripper, strip_markdown

SPOKEN = [
    ("bold", "**bold** word", "bold word"),
    ("bold_underscores", "__bold__ word", "bold word"),
    ("italic", "an *it* word", "an it word"),
    ("italic_underscore", "an _it_ word", "an it word"),
    ("bold_italic", "***both***", "both"),
    ("bold_in_the_middle", "The **kitchen light** is on.", "The kitchen light is on."),
    ("bold_and_colon", "**Note:** it is on", "Note: it is on"),
    ("nested", "**a *b* c**", "a b c"),
    ("in_parentheses", "(*it*)", "(it)"),
    ("before_punctuation", "Is it *on*?", "Is it on?"),
    ("struck", "~~no~~ yes", "no yes"),
    ("code", "`code` word", "code word"),
    ("code_with_marks", "`snake_case *a*` word", "snake_case *a* word"),
    ("heading", "# Title\ntext", "Title\ntext"),
    ("heading_3", "### Title", "Title"),
    ("bullets", "- one\n- two", "one\ntwo"),
    ("bullets_star", "* one\n* two", "one\ntwo"),
    ("bullets_plus", "+ one", "one"),
    ("bullets_dot", "• one", "one"),
    ("bullets_indented", "- one\n  - two", "one\ntwo"),
    ("bullets_bold", "- **Kitchen**: on", "Kitchen: on"),
    ("checkboxes", "- [ ] Milk\n- [x] Eggs", "Milk\nEggs"),
    ("quote", "> so it is", "so it is"),
    ("rule", "above\n\n---\n\nbelow", "above\nbelow"),
    ("rule_stars", "***\nbelow", "below"),
    ("link", "See [the page](https://x.com/a_b?c=1) now", "See the page now"),
    ("link_relative", "See [the page](/config/devices) now", "See the page now"),
    ("link_bold", "[**the page**](https://x.com)", "the page"),
    ("link_address", "[https://x.com](https://x.com)", "x.com"),
    ("link_then_full_stop", "See [it](https://x.com).", "See it."),
    ("link_never_closed", "See [it](https://x.com", "See it"),
    ("image", "![a cat](https://x.com/cat.png) here", "a cat here"),
    ("address", "See https://www.example.com/path?x=1 now", "See example.com now"),
    ("address_full_stop", "See https://example.com/path. Then", "See example.com. Then"),
    ("address_only_host", "See http://example.com. Then", "See example.com. Then"),
    ("address_at_the_end", "See http://example.com.", "See example.com."),
    ("address_www", "See www.example.com/x now", "See example.com now"),
    ("address_port", "http://192.168.1.5:8123/lovelace", "192.168.1.5"),
    ("address_parentheses", "(https://a.b/c)", "(a.b)"),
    ("address_user", "https://me:secret@a.b/c", "a.b"),
    ("fence", "Before\n```python\nx = 1\n```\nafter", "Before\nafter"),
    ("fence_never_closed", "Before\n```python\nx = 1", "Before"),
    ("fence_inline", "a ```b``` c", "a c"),
    ("table", "| a | b |\n|---|:--|\n| 1 | 2 |\nend", "a, b\n1, 2\nend"),
    ("table_empty_cell", "| a | | b |", "a, b"),
    ("table_negative", "| a | -5 |", "a, -5"),
    ("emoji", "Done ✅ now", "Done now"),
    ("emoji_at_the_end", "Done 👍🏽", "Done"),
    ("emoji_first", "💡 On", "On"),
    ("emoji_joined", "The 👨‍👩‍👧 family", "The family"),
    ("emoji_heart", "I ❤️ you", "I you"),
    ("emoji_flag", "In 🇩🇪 too", "In too"),
    ("tags", "<b>bold</b> and <em>it</em>", "bold and it"),
    ("line_break_tag", "a<br>b<br/>c", "a\nb\nc"),
    ("escaped", "\\*not it\\* and 1\\. one", "*not it* and 1. one"),
]

UNCHANGED = {
    "times": "2 * 3 * 4",
    "times_tight": "2*3*4",
    "star_at_the_end": "5*",
    "stars": "5* hotel, 4* hotel",
    "snake": "snake_case_name and light.kitchen_lamp_2",
    "power": "2**3",
    "wildcard": "*.py",
    "minus": "-5 degrees",
    "dash": "a - b \u2013 c \u2014 d",
    "hash": "#1 and #foo and C#",
    "less": "a < b, b > a, I <3 you, <x>, < b>",
    "tilde": "~5 minutes ~ ok",
    "pipe": "a | b",
    "brackets": "[1] and [x] and f[0](y)",
    "parentheses": "[text](not a link)",
    "exclamation": "Hi! Ho!! [x]!",
    "backslash": "C:\\Users\\x",
    "degrees": "21 °C, 50 %, ½, 3 €",
    "numbered": "1. Milk\n2. Eggs",
    "paragraphs": "One.\n\nTwo.\n  Three. ",
    "h_words": "how what https http www. h w hello House",
    "equals": "a = b == c",
    "quotes": 'It\'s "so" ‘so’ “so”',  # noqa: RUF001
    "languages": "Grüße! 你好。 нет، ça va",
    "time": "at 15:30",
    "long_bracket": "[" + "a" * 80,
    "long_tag": "<b " + "a" * 80,
    "email": "anna@example.com",
    "spaces": "a" + " " * 30 + "b",
    "lone_marks": "a * b _ c",
    "empty": "",
}


@pytest.mark.parametrize(
    ("text", "spoken"), [row[1:] for row in SPOKEN], ids=[row[0] for row in SPOKEN]
)
def test_what_is_spoken(text: str, spoken: str) -> None:
    assert strip_markdown(text) == spoken
    stripper = MarkdownStripper()
    assert "".join(map(stripper.feed, text)) + stripper.close() == spoken


@pytest.mark.parametrize("text", UNCHANGED.values(), ids=UNCHANGED.keys())
def test_what_only_looks_like_markdown_stays(text: str) -> None:
    assert strip_markdown(text) == text


def test_words_are_spoken_at_once() -> None:
    stripper = MarkdownStripper()
    assert stripper.feed("The light is on. ") == "The light is on."
    assert stripper.feed("**Really**") == " Really"
    assert stripper.close() == ""
