"""Writes what the documents say of the Terraform code: a README for each module, the table of the environments.

`python -m aws.documents` writes them, `--check` says which are out of date. It reads code as `terraform fmt` leaves it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

TERRAFORM = Path(__file__).parent / "terraform"
HOWTO = Path(__file__).parents[1] / "docs" / "how-to" / "aws.md"
ENVIRONMENTS = ("dev", "prod")
TABLE = re.compile(r"(<!-- environments -->\n).*?(<!-- end -->)", re.DOTALL)
MODULE = re.compile(r'^  source +=.*/(\w+)"$', re.MULTILINE)
BLOCK = re.compile(
    r'^(?P<kind>\w+) "(?P<name>\w+)"(?: "(?P<label>\w+)")? \{\n(?P<body>.*?)^\}', re.DOTALL | re.MULTILINE
)


def main(arguments: list[str]) -> int:
    """Write the files that differ or, with --check, name them."""
    old = {path: text for path, text in documents() if not path.exists() or path.read_text() != text}
    if "--check" in arguments:
        for path in old:
            print(f"{path} is out of date. Run `python -m aws.documents`.")
        return 1 if old else 0
    for path, text in old.items():
        path.write_text(text)
    return 0


def documents() -> Iterator[tuple[Path, str]]:
    """Each generated file and what must be in it."""
    for folder in [*sorted((TERRAFORM / "modules").iterdir()), TERRAFORM / "bootstrap"]:
        yield folder / "README.md", readme(folder)
    yield HOWTO, TABLE.sub(lambda found: f"{found[1]}{environments()}{found[2]}", HOWTO.read_text())


def readme(module: Path) -> str:
    """What a module is for, what it wants, and what it gives."""
    about = _leading_comment((module / "main.tf").read_text())
    inputs = [
        f"| `{name}` | {_text(body, 'description')} | {_default(body)} |"
        for _, name, body in _blocks(module / "variables.tf")
    ]
    outputs = [f"| `{name}` | {_text(body, 'description')} |" for _, name, body in _blocks(module / "outputs.tf")]
    blocks = [block for file in module.glob("*.tf") for block in _blocks(file)]
    resources = sorted({name for kind, name, _ in blocks if kind == "resource"})
    used = sorted({name for kind, _, body in blocks if kind == "module" for name in re.findall(MODULE, body)})
    return "\n".join(
        [
            "<!-- Written by `python -m aws.documents`. -->",
            f"# {module.name}",
            "",
            about,
            "",
            *(["Makes: " + ", ".join(f"`{name}`" for name in resources) + ".", ""] if resources else []),
            *(["Uses: " + ", ".join(f"`{name}`" for name in used) + ".", ""] if used else []),
            "| Input | What it is | Default |",
            "|---|---|---|",
            *inputs,
            "",
            "| Output | What it is |",
            "|---|---|",
            *outputs,
            "",
        ]
    )


def environments() -> str:
    """All settings, one a line, with the value of each environment."""
    values = {name: settings(name) for name in ENVIRONMENTS}
    lines = ["| Setting | " + " | ".join(ENVIRONMENTS) + " |", "|---" * (len(ENVIRONMENTS) + 1) + "|"]
    for setting in values[ENVIRONMENTS[0]]:
        cells = [values[name].get(setting, "") for name in ENVIRONMENTS]
        lines.append(f"| `{setting}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def settings(environment: str) -> dict[str, str]:
    """What `settings.tf` of an environment sets, as it is written there."""
    text = (TERRAFORM / "environments" / environment / "settings.tf").read_text()
    return dict(re.findall(r"^    (\w+) += (.+)$", text, re.MULTILINE))


def _blocks(file: Path) -> Iterator[tuple[str, str, str]]:
    for found in BLOCK.finditer(file.read_text() if file.exists() else ""):
        yield found["kind"], found["name"], found["body"]


def _leading_comment(text: str) -> str:
    found = re.match(r"(?:#.*\n)+", text)
    return " ".join(line.lstrip("# ") for line in found[0].splitlines()) if found else ""


def _text(body: str, name: str) -> str:
    found = re.search(rf'^  {name} += "(.*)"$', body, re.MULTILINE)
    return found[1].replace('\\"', '"') if found else ""


def _default(body: str) -> str:
    found = re.search(r"^  default += (.+)$", body, re.MULTILINE)
    return f"`{found[1]}`" if found else "required"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
