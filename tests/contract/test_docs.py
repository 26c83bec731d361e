"""The documentation is true: commands, examples, links, tables, and the paths it names."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import PIL.Image
import pytest
from command_line import parse

from artextract.aspects import fact_keys
from artextract.catalog.artwork import METADATA_FIELDS
from artextract.cli.main import main
from artextract.store.schema import KEYS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md"), *ROOT.glob("deploy/*.md")]
)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
DIFF = re.compile(r"^```diff\n(.*?)^```$", re.M | re.S)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_the_command_line_reference_is_up_to_date() -> None:
    # In a process of its own: click keeps the help option of a command's first caller.
    code = "import runpy; print(runpy.run_path('docs/make_cli_reference.py')['make_reference']())"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    written = read(DOCS / "reference" / "cli.md")
    assert written.rstrip() == made.rstrip(), "run: python docs/make_cli_reference.py"


def test_the_fields_of_a_search_are_up_to_date() -> None:
    make_page = runpy.run_path(str(DOCS / "make_search_fields.py"))["make_page"]
    written = read(DOCS / "reference" / "search-fields.md")
    assert written == make_page(), "run: python docs/make_search_fields.py"


def test_the_payload_reference_is_up_to_date() -> None:
    made = runpy.run_path(str(DOCS / "make_payload_reference.py"))
    page = read(DOCS / "reference" / "payload.md")
    assert made["fill"](page) == page, "run: python docs/make_payload_reference.py"
    named = {key.name for key in KEYS}
    assert {*METADATA_FIELDS, *fact_keys()} <= named
    assert named <= set(re.findall(r"^\| `([\w.\[\]]+)`", page, re.M))


def test_the_tables_of_the_benchmarks_are_up_to_date() -> None:
    fill = runpy.run_path(str(DOCS / "make_benchmarks.py"))["fill"]
    pages = list((DOCS / "benchmarks").glob("*.md"))
    assert any("make_benchmarks.py -->" in read(page) for page in pages)
    for page in pages:
        assert fill(read(page)) == read(page), "run: python docs/make_benchmarks.py"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_are_understood(page: Path) -> None:
    blocks = re.findall(r"^```\n(.*?)^```$", read(page), re.M | re.S)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("artextract ")]
    for command in commands:
        parse(command)
    assert commands or page != ROOT / "README.md"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", read(page)):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_in_the_repository_exist(page: Path) -> None:
    folders = "artextract|ingest|search|training|export|benchmarks|deploy|docs|tests"
    for path in re.findall(rf"`((?:{folders})/[\w./-]*)`", read(page)):
        assert (ROOT / path).exists(), path


def test_pages_that_the_code_refers_to_exist() -> None:
    folders = ("artextract", "ingest", "search", "training", "export", "benchmarks")
    code = [read(path) for folder in folders for path in (ROOT / folder).rglob("*.py")]
    references = {found for text in code for found in re.findall(r"docs/[\w./-]+\.md", text)}
    assert references
    for page in references:
        assert (ROOT / page).exists(), page


@pytest.mark.parametrize("page", [p for p in PAGES if DIFF.search(read(p))], ids=name_of)
def test_diffs_apply_to_the_code(page: Path) -> None:
    """The lines that a diff keeps or removes are in the file that it names."""
    for block in DIFF.findall(read(page)):
        for part in re.split(r"^--- ", block, flags=re.M)[1:]:
            path, *lines = part.splitlines()
            code = read(ROOT / path)
            kept = [line[1:] for line in lines if line[:1] in {" ", "-"}]
            assert kept
            assert "\n".join(kept) in code, path


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``lilies.jpg``, other images, ``works.csv`` and the collection ``my-store``."""
    folder = tmp_path_factory.mktemp("gallery")
    rows = ["file,title,artist,display_date,style,genre"]
    names = ("lilies", "bridge", "river", "garden", "cliffs", "harbour")
    with PIL.Image.open(ROOT / "tests/fixtures/v0.1/query.jpg") as image:
        for number, name in enumerate(names):
            x, y = (number % 3) * image.width // 6, (number // 3) * image.height // 4
            box = (x, y, x + image.width // 2, y + image.height // 2)
            image.crop(box).save(folder / f"{name}.jpg")
            artist = "Claude Monet" if number % 2 else "Berthe Morisot"
            rows.append(
                f"{name}.jpg,{name.title()},{artist},{1870 + number},Impressionism,landscape"
            )
    (folder / "works.csv").write_text("\n".join(rows), encoding="utf-8")
    words = ["ingest", "catalog", folder / "works.csv", "--store", folder / "my-store"]
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    assert not left.value.code
    return folder


@pytest.fixture
def work_folder(gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the gallery, as the current folder."""
    folder = tmp_path / "gallery"
    shutil.copytree(gallery, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.usefixtures("work_folder")
@pytest.mark.parametrize("page", [p for p in PAGES if PYTHON.search(read(p))], ids=name_of)
def test_python_examples_run(page: Path) -> None:
    """All blocks of a page, in their order and with the same names."""
    text = read(page)
    names: dict[str, object] = {"__name__": "__main__"}
    for block in PYTHON.finditer(text):
        above = text.count("\n", 0, block.start(1))  # so that errors show the page's line
        exec(compile("\n" * above + block[1], str(page), "exec"), names)


def test_the_readme_is_short() -> None:
    assert len(read(ROOT / "README.md").encode()) <= 7000


def test_the_columns_that_the_documents_name_exist() -> None:
    for page in (ROOT / "README.md", DOCS / "guides" / "catalogs.md"):
        (sentence,) = re.findall(r"Columns are named (.*?) and so on", read(page), re.S)
        columns = set(re.findall(r"`(\w+)`", sentence))
        assert len(columns) >= 8
        assert columns <= {*METADATA_FIELDS, "year"}


def test_every_dependency_has_a_reason() -> None:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    extras = project["optional-dependencies"].values()
    text = read(DOCS / "reference" / "dependencies.md")
    for requirement in [*project["dependencies"], *(each for extra in extras for each in extra)]:
        name = re.split(r"[\[<>=]", requirement)[0]
        assert re.search(rf"\b{name}\b", text), name
