# SPDX-License-Identifier: Apache-2.0
"""Does docs/bindings.md describe every key that the parser of bindings.yaml knows?

The keys are read from the parser's own lists (`k…Keys` in bindings/parse*.cc, the parameters of schemes and placements).
Each has an entry in the section of its mapping, with its type and what counts without it:

    - **`key`** (type; default): what it means        or a row of a table:   | `key` | type | default | meaning |

and stands in an example. (That a value of another type is an error is said once for all; the examples are parsed by
test/bindings/venues/table_test.cc.) Called by test/docs.sh.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Where each list of the parser is described. MENTIONED: parts of another key's value, told with that one.
SECTIONS = {
    "kTopKeys": "## Top level", "kAuditKeys": "## Top level", "kManageKeys": "## Top level", "kSecretKeys": "## Secrets",
    "kCaptureKeys": "### Capture",
    "kScopeKeys": "## Bindings of a secret", "kAccessKeys": "## Bindings of a secret", "trading": "## Bindings of a secret",
    "kRateKeys": "## Limits", "kCustomKeys": "## Custom services", "kPlaceKeys": "## Placements",
    "kUpstreamKeys": "## Upstream", "kProxyKeys": "## Upstream", "kCacheKeys": "## Sources",
    "kForeignCacheKeys": "## Files of agent-vault-proxy",
    "kPreflightKeys": "## Files of agent-vault-proxy", "kBackendKeys": "## Files of agent-vault-proxy",
}
MENTIONED = {"kRateKeys", "kCacheKeys", "kForeignCacheKeys", "kPreflightKeys", "kBackendKeys"}
# Of another program: read, and with no effect, or only as an entry of `sources`.
NO_EFFECT = {"cache", "preflight", "backend", "fail_on_unwritable", "fail_on_warning", "type", "config"}
PREFIXES = {"kAuditKeys": "audit.", "kManageKeys": "manage.", "kProxyKeys": "proxy."}

wrong = []


def words(text):
    return re.findall(r'"([a-z_0-9]+)"', text)


def known_keys():
    """(list, heading of its section, keys) of each."""
    for file in sorted((ROOT / "bindings").glob("parse*.cc")):
        text = file.read_text()
        for name, body in re.findall(r"\b(k\w+Keys)\b\s*=\s*\{(.*?)\}", text, re.S):
            if name not in SECTIONS:
                wrong.append(f"test/keys.py: where is {name} of bindings/{file.name} described?")
                continue
            yield name, SECTIONS[name], words(body)
    trading = (ROOT / "bindings/parse_trading.cc").read_text()
    yield "trading", SECTIONS["trading"], re.findall(r'return "([a-z_]+)";', trading)
    for kind, folder in (("Scheme", "schemes"), ("Placement", "placements"), ("Scheme", "venues/*")):
        for file in sorted((ROOT / "bindings").glob(f"{folder}/{'scheme' if '*' in folder else '*'}.cc")):
            text = file.read_text()
            constants = dict(re.findall(r'std::string_view (k\w+) = "([a-z_]+)"', text))
            parameters = re.findall(r'SchemeParameter\{\s*(?:"([a-z_0-9]+)"|(k\w+))', text)
            name = file.parent.name if "*" in folder else file.stem
            if parameters:
                yield file.name, f"### {kind} `{name}`", [a or constants[b] for a, b in parameters]


def section(text, heading):
    level = heading.split(" ")[0]
    found = re.search(rf"^{re.escape(heading)}.*?(?=^#{{2,{len(level)}}} |\Z)", text, re.S | re.M)
    return found[0] if found else ""


def is_described(text, key):
    bullet = re.search(rf"\*\*`{re.escape(key)}`\*\*(?:,\s+\*\*`[\w.]+`\*\*)*\s+\(([^)]+;[^)]+)\)", text)
    if bullet:
        return True
    for row in re.findall(rf"^\|([^|\n]*`{re.escape(key)}`[^|\n]*\|.*)\|$", text, re.M):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)]
        if len(cells) >= 3 and all(cells):
            return True
    return False


def main():
    text = (ROOT / "docs/bindings.md").read_text()
    examples = "".join(re.findall(r"```yaml\n(.*?)```", text + (ROOT / "docs/binance.md").read_text(), re.S))
    count = 0
    for name, heading, keys in known_keys():
        here = section(text, heading)
        if not here:
            wrong.append(f"docs/bindings.md: no section \"{heading}\"")
        for key in keys:
            count += 1
            full = PREFIXES.get(name, "") + key
            is_small = name in MENTIONED or key in NO_EFFECT or key == "audit"  # that one by its own keys
            if not (f"`{key}`" in here or f"`{full}`" in here or f"`{key}." in here if is_small
                    else is_described(here, full)):
                wrong.append(f"docs/bindings.md: \"{heading}\" lacks `{full}` with its type and default")
            if key not in NO_EFFECT and not re.search(rf"\b{key}:", examples):
                wrong.append(f"docs/bindings.md: no example has `{key}:`")
    if count < 80:
        wrong.append("test/keys.py: the parser's lists of keys are not found any more")
    print("\n".join(wrong) if wrong else f"keys: {count} of bindings.yaml are described")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
