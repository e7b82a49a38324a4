"""What hassfest and HACS check of a custom integration, as far as it can be checked here."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
import string
import struct
import subprocess
import tomllib
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
COMPONENT = ROOT / "custom_components" / "ollama"
REPOSITORY = "https://github.com/ollama-for-home-assistant/ollama"
LANGUAGES = ("en", "nl", "de", "fr", "es")

MANIFEST_REQUIRED = {
    "domain",
    "name",
    "codeowners",
    "config_flow",
    "documentation",
    "iot_class",
    "issue_tracker",
    "requirements",
    "version",
}
MANIFEST_ALLOWED = MANIFEST_REQUIRED | {
    "after_dependencies",
    "bluetooth",
    "dependencies",
    "dhcp",
    "disabled",
    "homekit",
    "import_executor",
    "integration_type",
    "loggers",
    "mqtt",
    "preview_features",
    "quality_scale",
    "single_config_entry",
    "ssdp",
    "usb",
    "zeroconf",
}
TRANSLATION_SECTIONS = {
    "common",
    "conditions",
    "config",
    "config_subentries",
    "device",
    "device_automation",
    "entity",
    "entity_component",
    "exceptions",
    "issues",
    "options",
    "selector",
    "services",
    "system_health",
    "title",
    "triggers",
}
STEP_KEYS = {
    "data",
    "data_description",
    "description",
    "menu_option_descriptions",
    "menu_options",
    "sections",
    "submit",
    "title",
}
FLOW_KEYS = {
    "abort",
    "create_entry",
    "entry_type",
    "error",
    "flow_title",
    "initiate_flow",
    "progress",
    "step",
}
QUALITY_RULES = {
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
    "async-dependency",
    "inject-websession",
    "strict-typing",
}
# Newer than some readings of the scale, so known but not demanded.
QUALITY_RULES_OPTIONAL = {"docs-triggers", "docs-conditions"}

RE_KEY = re.compile(r"^(?!.+[_-]{2})(?![_-])[a-z0-9-_]+(?<![_-])$")
RE_HTML = re.compile(r"<[^<>]+>")
RE_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://|\bwww\.", re.IGNORECASE)
RE_QUOTED_PLACEHOLDER = re.compile(r"'\{\w+\}'")
PNG_SIZE = struct.Struct(">II")


def read_json(path: Path) -> dict[str, Any]:
    """Read an object, refusing a key that stands there twice."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"{path.name} has a key twice: {sorted(keys)}"
        return dict(pairs)

    data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=unique)
    assert isinstance(data, dict), f"{path.name} is not an object"
    return data


def translations(language: str) -> dict[str, Any]:
    return read_json(COMPONENT / "translations" / f"{language}.json")


def leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text with its path."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    else:
        assert isinstance(node, str), f"{'.'.join(path)} is not a text"
        yield path, node


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def flows(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every flow of a translation with its place."""
    for section in ("config", "options"):
        if section in data:
            yield section, data[section]
    for kind, flow in data.get("config_subentries", {}).items():
        yield f"config_subentries.{kind}", flow
    for issue, texts in data.get("issues", {}).items():
        if "fix_flow" in texts:
            yield f"issues.{issue}.fix_flow", texts["fix_flow"]


def project_files() -> list[Path]:
    """Return the files that are, or are about to be, in version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


# The manifest


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return read_json(COMPONENT / "manifest.json")


def test_manifest_keys(manifest: dict[str, Any]) -> None:
    """Required keys are there, no others are, and they are in hassfest's order."""
    assert MANIFEST_REQUIRED - set(manifest) == set()
    assert set(manifest) - MANIFEST_ALLOWED == set()
    rest = list(manifest)[2:]
    assert list(manifest)[:2] == ["domain", "name"]
    assert rest == sorted(rest)


def test_manifest_values(manifest: dict[str, Any]) -> None:
    assert manifest["domain"] == COMPONENT.name == "ollama"
    assert manifest["name"] == "Ollama"
    assert manifest["config_flow"] is True
    assert manifest["documentation"].startswith(REPOSITORY)
    assert manifest["issue_tracker"] == f"{REPOSITORY}/issues"
    assert manifest["iot_class"] in {"local_polling", "local_push"}
    assert manifest["codeowners"]
    assert all(owner.startswith("@") for owner in manifest["codeowners"])
    # An invalid version would make Home Assistant load its own integration without a word.
    assert re.fullmatch(r"\d+\.\d+\.\d+(b\d+)?", manifest["version"])
    assert manifest.get("quality_scale", "custom") == "custom"
    assert manifest.get("integration_type", "service") == "service"


def test_manifest_pins_what_core_pins(manifest: dict[str, Any]) -> None:
    """Both integrations can be installed side by side."""
    import homeassistant.components

    built_in = read_json(Path(homeassistant.components.__path__[0], "ollama", "manifest.json"))
    assert set(built_in["requirements"]) <= set(manifest["requirements"])
    assert set(built_in["dependencies"]) <= set(manifest["dependencies"])


def test_one_integration_and_its_files() -> None:
    folders = [
        path for path in (ROOT / "custom_components").iterdir() if path.name != "__pycache__"
    ]
    assert [path.name for path in folders if path.is_dir()] == ["ollama"]
    for name in ("__init__.py", "config_flow.py", "icons.json", "quality_scale.yaml"):
        assert (COMPONENT / name).is_file(), f"{name} is missing"
    assert not (COMPONENT / "strings.json").exists(), "only core's build resolves strings.json"
    for name in ("LICENSE", "README.md", "CHANGELOG.md", "hacs.json"):
        assert (ROOT / name).is_file(), f"{name} is missing"


def test_config_entry_only() -> None:
    """Hassfest wants this of an integration with async_setup and a config flow."""
    source = (COMPONENT / "__init__.py").read_text(encoding="utf-8")
    if "def async_setup(" in source:
        assert "CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)" in source


# Translations


@pytest.mark.parametrize("language", LANGUAGES)
def test_translation_same_keys_and_placeholders(language: str) -> None:
    english = dict(leaves(translations("en")))
    other = dict(leaves(translations(language)))
    assert sorted(set(english) - set(other)) == [], f"missing in {language}"
    assert sorted(set(other) - set(english)) == [], f"only in {language}"
    for path, text in english.items():
        assert placeholders(text) == placeholders(other[path]), ".".join(path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translation_texts(language: str) -> None:
    """No markup, addresses, references, stray spaces or placeholders that could not be filled."""
    for path, text in leaves(translations(language)):
        place = ".".join(path)
        assert text, f"{place} is empty"
        assert text == text.strip(), f"{place} begins or ends with a space"
        assert not RE_HTML.search(text), f"{place} holds HTML"
        assert not RE_URL.search(text), f"{place} holds an address"
        assert "[%" not in text, f"{place} holds a reference"
        assert not RE_QUOTED_PLACEHOLDER.search(text), f"{place} quotes a placeholder"
        for name in placeholders(text):
            assert name.isidentifier(), f"{place} has a placeholder {{{name}}}"
        if "state" in path[:-1] and path[0] == "entity":
            assert not placeholders(text), f"{place}: a state text takes no placeholder"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translation_keys(language: str) -> None:
    data = translations(language)
    assert set(data) <= TRANSLATION_SECTIONS
    for path, _ in leaves(data):
        for key in path:
            assert key == "_" or RE_KEY.match(key), f"{'.'.join(path)}: the key {key!r}"


def test_translation_languages() -> None:
    found = {path.name for path in (COMPONENT / "translations").iterdir()}
    assert found == {f"{language}.json" for language in LANGUAGES}


def test_translation_of_flows() -> None:
    seen = []
    for place, flow in flows(translations("en")):
        seen.append(place)
        assert set(flow) <= FLOW_KEYS, place
        for step_id, step in flow["step"].items():
            where = f"{place}.{step_id}"
            assert set(step) <= STEP_KEYS, where
            assert set(step.get("data_description", {})) <= set(step.get("data", {})), where
            for name, section in step.get("sections", {}).items():
                inside = f"{where}.{name}"
                assert section.get("name"), f"{inside} has no name"
                assert set(section) <= {"data", "data_description", "description", "name"}, inside
                described = set(section.get("data_description", {}))
                assert described <= set(section.get("data", {})), inside
        if place.startswith("config_subentries."):
            assert flow.get("entry_type"), f"{place} lacks entry_type"
            assert flow.get("initiate_flow", {}).get("user"), f"{place} lacks initiate_flow.user"
    assert "config" in seen


def test_translation_of_issues_and_exceptions() -> None:
    data = translations("en")
    for name, texts in data.get("issues", {}).items():
        assert texts.get("title"), f"the issue {name} has no title"
        assert ("description" in texts) != ("fix_flow" in texts), (
            f"the issue {name} needs exactly one of description and fix_flow"
        )
    for name, texts in data.get("exceptions", {}).items():
        assert set(texts) == {"message"}, f"the exception {name}"


# Icons and actions


def test_icons() -> None:
    icons = read_json(COMPONENT / "icons.json")
    assert set(icons) <= {"entity", "services", "triggers", "conditions"}
    for path, icon in leaves(icons):
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon), f"{'.'.join(path)}: {icon}"
    english = translations("en")
    source = "".join(path.read_text(encoding="utf-8") for path in COMPONENT.rglob("*.py"))
    for platform, entities in icons.get("entity", {}).items():
        assert entities, f"icons.json: entity.{platform} is empty"
        for key, icon in entities.items():
            # An entity that bears its device's name has an icon without having a translation.
            translated = key in english.get("entity", {}).get(platform, {})
            assert translated or f'"{key}"' in source, (
                f"icons.json: nothing is called entity.{platform}.{key}"
            )
            assert set(icon) <= {"default", "state", "state_attributes", "range"}
            assert icon.get("default") not in set(icon.get("state", {}).values()), (
                f"icons.json: entity.{platform}.{key} repeats its default"
            )


def test_actions_are_described() -> None:
    """Each action has a definition, a name, a description and an icon; so have its fields."""
    english = translations("en").get("services", {})
    icons = read_json(COMPONENT / "icons.json").get("services", {})
    file = COMPONENT / "services.yaml"
    actions = yaml.safe_load(file.read_text(encoding="utf-8")) or {} if file.exists() else {}
    assert set(english) == set(actions)
    assert set(icons) == set(actions)
    for name, action in actions.items():
        texts = english[name]
        assert texts.get("name"), name
        assert texts.get("description"), name
        assert icons[name].get("service"), name
        fields: dict[str, Any] = {}
        sections: set[str] = set()
        for key, field in ((action or {}).get("fields") or {}).items():
            if "fields" in field:
                sections.add(key)
                fields.update(field["fields"])
            else:
                fields[key] = field
        assert set(texts.get("fields", {})) == set(fields), name
        assert set(texts.get("sections", {})) == sections, name
        assert set(icons[name].get("sections", {})) <= sections, name
        for key, field in fields.items():
            assert texts["fields"][key].get("name"), f"{name}.{key}"
            assert texts["fields"][key].get("description"), f"{name}.{key}"
            assert "selector" in field, f"{name}.{key} has no selector"


def test_actions_are_defined_when_registered() -> None:
    registers = [
        path.relative_to(COMPONENT)
        for path in COMPONENT.rglob("*.py")
        if re.search(
            r"\.services\.async_register\(|async_register_(admin|platform)_", path.read_text()
        )
    ]
    assert not registers or (COMPONENT / "services.yaml").is_file(), registers


# Images


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", f"{path.name} is not a PNG"
    width, height = PNG_SIZE.unpack(data[16:24])
    return width, height


@pytest.mark.parametrize("variant", ["", "dark_"])
def test_icon_images(variant: str) -> None:
    assert png_size(COMPONENT / "brand" / f"{variant}icon.png") == (256, 256)
    assert png_size(COMPONENT / "brand" / f"{variant}icon@2x.png") == (512, 512)


@pytest.mark.parametrize("variant", ["", "dark_"])
def test_logo_images(variant: str) -> None:
    size = png_size(COMPONENT / "brand" / f"{variant}logo.png")
    assert 128 <= min(size) <= 256
    double = COMPONENT / "brand" / f"{variant}logo@2x.png"
    if double.exists():
        assert png_size(double) == (size[0] * 2, size[1] * 2)


def test_brand_holds_nothing_else() -> None:
    allowed = {
        f"{variant}{image}{scale}.png"
        for variant in ("", "dark_")
        for image in ("icon", "logo")
        for scale in ("", "@2x")
    }
    assert {path.name for path in (COMPONENT / "brand").iterdir()} <= allowed


# HACS, quality scale, versions


def test_hacs() -> None:
    hacs = read_json(ROOT / "hacs.json")
    allowed = {
        "content_in_root": bool,
        "country": (str, list),
        "filename": str,
        "hacs": str,
        "hide_default_branch": bool,
        "homeassistant": str,
        "name": str,
        "persistent_directory": str,
        "zip_release": bool,
    }
    assert set(hacs) <= set(allowed)
    for key, value in hacs.items():
        assert isinstance(value, allowed[key]), key
    assert hacs["name"] == "Ollama"
    assert hacs["homeassistant"] == "2026.10.0"
    assert ("filename" in hacs) == ("zip_release" in hacs)


def test_quality_scale() -> None:
    scale = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text(encoding="utf-8"))
    assert set(scale) == {"rules"}
    rules = scale["rules"]
    assert sorted(QUALITY_RULES - set(rules)) == [], "rules without an answer"
    assert sorted(set(rules) - QUALITY_RULES - QUALITY_RULES_OPTIONAL) == [], "unknown rules"
    for name, answer in rules.items():
        if isinstance(answer, str):
            assert answer in {"done", "todo"}, name
            continue
        assert set(answer) <= {"status", "comment"}, name
        assert answer["status"] in {"done", "todo", "exempt"}, name
        if answer["status"] == "exempt":
            assert answer.get("comment"), f"{name} is exempt without a reason"


def test_versions_agree(manifest: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[([^\]]+)\]", changelog, flags=re.MULTILINE)
    assert newest is not None, "CHANGELOG.md has no version"
    assert project["version"] == newest[1] == manifest["version"]


def test_requirements_agree(manifest: dict[str, Any]) -> None:
    """What the demo runs with is what is tested, and what the manifest asks for."""

    def entries(name: str) -> dict[str, str]:
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        return {
            re.split(r"[=<>~ ]", line, maxsplit=1)[0].lower(): line
            for line in lines
            if line and not line.startswith("#")
        }

    tested, home = entries("requirements_test.txt"), entries("requirements_home.txt")
    assert sorted(set(home) - set(tested)) == []
    for name, line in home.items():
        if "==" in line:
            assert tested[name] == line
    for requirement in manifest["requirements"]:
        assert requirement in tested.values()
        assert requirement in home.values()


# The project as a whole


def test_nothing_of_a_machine_in_the_files() -> None:
    """No addresses of package registries, no paths of somebody's machine."""
    # In pieces, so that this file does not hold what it looks for.
    hosts = [
        ".".join(parts)
        for parts in (
            ("pypi", "org"),
            ("files", "pythonhosted", "org"),
            ("registry", "npmjs", "org"),
            ("registry", "yarnpkg", "com"),
            ("deb", "debian", "org"),
            ("archive", "ubuntu", "com"),
            ("proxy", "golang", "org"),
        )
    ]
    paths = ["/" + "/".join(parts) for parts in (("tmp", "bash_jobs"), ("opt", "env"))]
    homes = re.compile(
        r"(?<![\w./~-])/(?:" + "|".join(("wo" + "rk", "ro" + "ot")) + r")(?:/|\b(?![\w-]))"
    )
    found = []
    for file in project_files():
        text = file.read_bytes().decode("utf-8", errors="replace")
        name = file.relative_to(ROOT)
        found += [f"{name}: {part}" for part in (*hosts, *paths) if part in text]
        found += [f"{name}: {match[0]}" for match in homes.finditer(text)]
    assert found == []


def test_scripts_can_be_run() -> None:
    for name in (
        "script/setup",
        "script/install-python",
        "script/demo",
        "script/test",
        "script/lint",
        ".ci/run",
    ):
        file = ROOT / name
        assert file.stat().st_mode & 0o111, f"{name} is not executable"
        assert file.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n"), name
