"""What the documents say of the command line is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import parse

from artextract.catalog.artwork import METADATA_FIELDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])


def test_the_command_line_reference_is_made_from_the_help_of_today() -> None:
    # In a process of its own: click keeps the help option of a command's first caller.
    code = "import runpy; print(runpy.run_path('docs/make_cli_reference.py')['make_reference']())"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written.rstrip() == made.rstrip(), "run: python docs/make_cli_reference.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_documents_are_understood(page: Path) -> None:
    blocks = re.findall(r"^```\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("artextract ")]
    for command in commands:
        parse(command)
    assert commands or page != ROOT / "README.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_fields_that_the_readme_names_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (sentence,) = re.findall(r"Columns are named (.*?) and so on", text, re.S)
    named = set(re.findall(r"`(\w+)`", sentence))
    assert len(named) >= 8
    assert named <= {*METADATA_FIELDS, "year"}
