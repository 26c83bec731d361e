"""The command line as a whole: exit codes, streams, the default store, a closed pipe."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Artextract, assert_one_sentence

from artextract import __version__
from artextract.catalog.artwork import Artwork
from artextract.cli.main import ALIASES, SECTIONS, main, root
from artextract.store import ModelIdentity, Point, create_store, open_store

Start = Callable[..., "subprocess.Popen[str]"]

COUNT = 1500


def make_store(location: Path, count: int, artist: str = "Claude Monet") -> Path:
    works = [
        Artwork(id=f"w{number:04}", image=f"{number}.jpg", title=f"Title {number}", artist=artist)
        for number in range(count)
    ]
    with create_store(str(location), ModelIdentity("small", "0" * 64, 8)) as store:
        store.upsert(
            [
                Point(work.point_id, {"visual": [1.0, number, *[0.0] * 6]}, work.to_payload())
                for number, work in enumerate(works)
            ]
        )
    return location


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("cli") / "store", COUNT)


def test_version_and_help(artextract: Artextract) -> None:
    ran = artextract("--version")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.split() == ["artextract,", "version", __version__]
    for words in (("--help",), ("-h",)):
        ran = artextract(*words)
        assert (ran.code, ran.err) == (0, "")
        shown = " ".join(ran.out.split())
        rows = [
            row
            for heading, commands in SECTIONS.items()
            for row in (f" {heading}:", *(f" {n} {text}" for n, (_, text) in commands.items()))
        ]
        at = [shown.index(row) for row in rows]
        assert at == sorted(at)
        for name in ALIASES:
            assert f"\n  {name} " not in ran.out
    for name in root.lazy_commands:
        assert artextract(name, "-h").out == artextract(name, "--help").out != ""


def test_names_of_earlier_versions_say_the_new_name_and_run(
    store: Path, artextract: Artextract, tmp_path: Path
) -> None:
    ran = artextract("info", "--store", store)
    assert ran.code == 0
    assert "Use `artextract collection info`." in ran.err
    assert "The command 'artextract info' is deprecated" in ran.err
    now = artextract("collection", "info", "--store", store)
    assert (now.out, now.err) == (ran.out, "")
    out = tmp_path / "old.csv"
    ran = artextract("export", "collection", "--store", store, "--out", out)
    assert ran.code == 0
    assert "Use `artextract collection save`." in ran.err
    assert "The command 'artextract export collection' is deprecated" in ran.err
    assert out.stat().st_size
    assert "collection" not in artextract("export", "--help").out
    for name, (_, new) in ALIASES.items():
        assert f"Use `{new}`." in " ".join(artextract(name, "--help").out.split())


def test_as_a_module_and_as_a_script() -> None:
    module = subprocess.run(
        [sys.executable, "-m", "artextract", "--help"], capture_output=True, text=True, check=True
    )
    script = Path(sys.executable).with_name("artextract")
    if not script.exists():
        pytest.skip(f"artextract is not installed beside {sys.executable}")
    called = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)
    assert called.stdout == module.stdout
    assert module.stdout.startswith("Usage: artextract [OPTIONS] COMMAND")


def test_results_go_to_stdout_and_messages_to_stderr(store: Path, artextract: Artextract) -> None:
    ran = artextract("search", "w0000", "--store", store, "--format", "jsonl", "-k", 3)
    assert ran.code == 0
    assert [line[0] for line in ran.out.splitlines()] == ["{"] * 3
    assert ran.err == f"3 of {COUNT - 1} artworks.\n"


def test_a_known_failure_exits_with_1(store: Path, artextract: Artextract) -> None:
    ran = artextract("search", "nobody", "--store", store)
    assert_one_sentence(ran, "nobody")
    assert ran.out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("serch",), "no command 'serch'; the commands are " + ", ".join(root.lazy_commands)),
        (("search", "--nonsense"), "--nonsense"),
        (("search", "a", "b"), "b"),
        (("search", "-k", "many"), "-k"),
        (("search", "-k", "10001"), "10001"),
        (("search", "--min-score", "2"), "--min-score"),
        (("search", "--format", "xml"), "xml"),
        (("search", "--within"), "--within needs --years"),
        (("ingest", "folders"), "folders"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_wrong_usage_exits_with_2(
    words: tuple[str, ...], said: str, artextract: Artextract
) -> None:
    ran = artextract(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("words", [(), ("ingest",), ("collection",), ("export",)])
def test_a_group_without_a_command_shows_its_help(
    words: tuple[str, ...], artextract: Artextract
) -> None:
    ran = artextract(*words)
    assert ran.code == 2
    assert "Usage: artextract" in ran.out + ran.err
    assert re.search(r"^(Commands|Start):$", ran.out + ran.err, re.M)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to see what a process does")
def test_an_interrupted_command_exits_with_130(store: Path, start_artextract: Start) -> None:
    with open_store(str(store)):  # the command waits for the store until it is interrupted
        process = start_artextract("search", "w0000", "--store", store)
        maps = Path("/proc", str(process.pid), "maps")
        until = time.monotonic() + 8
        while "qdrant_edge" not in maps.read_text() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert out == ""
    assert err.split() == ["Interrupted."]


def test_an_interrupted_ingest_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, artextract: Artextract
) -> None:
    def interrupt(*given: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ingest.run.run", interrupt)
    (tmp_path / "a.png").touch()
    ran = artextract("ingest", "folder", tmp_path, "--store", tmp_path / "store")
    assert ran.code == 130
    assert ran.err.count("Interrupted") == 1
    assert "Interrupted after 0 new artworks" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("search", "w0000", "--gallery", "no/a.html"),
        ("search", "w0000", "--sheet", "no/a.png"),
        ("explain", "w0000", "w0001", "--page", "no/a.html"),
    ],
)
def test_a_missing_folder_is_refused_before_searching(
    words: tuple[str, ...], store: Path, artextract: Artextract
) -> None:
    assert_one_sentence(artextract(*words, "--store", store), "there is no folder no to write")


def test_aspects_without_a_query_are_wrong_usage(store: Path, artextract: Artextract) -> None:
    ran = artextract("search", "--by", "palette", "--store", store)
    assert (ran.code, ran.out) == (2, "")
    assert "--by needs a query image" in ran.err


@pytest.mark.parametrize("format_", ["table", "json", "jsonl", "csv"])
def test_a_pipe_that_is_closed_early(store: Path, format_: str, start_artextract: Start) -> None:
    words = ("search", "--store", store, "-k", 10_000, "--format", format_)
    process = start_artextract(*words)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait() in {0, 1}
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
    assert "Exception" not in err


@pytest.mark.parametrize(
    "words",
    [
        ("search", "-k", 2),
        ("search", "-k", 2, "--format", "json"),
        ("collection", "info"),
        ("search", "--help"),
    ],
)
def test_a_pipe_that_is_closed_from_the_start(store: Path, words: tuple[object, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "artextract", *map(str, words)],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "ARTEXTRACT_STORE": str(store)},
    )
    os.close(writer)
    assert done.returncode in {0, 1}
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_default_store(
    store: Path, tmp_path: Path, artextract: Artextract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARTEXTRACT_STORE", raising=False)
    assert_one_sentence(artextract("collection", "info"), "there is no store at artextract-store")
    make_store(tmp_path / "artextract-store", 2)
    assert "artworks  2\n" in artextract("collection", "info").out
    monkeypatch.setenv("ARTEXTRACT_STORE", str(store))
    assert f"artworks  {COUNT}\n" in artextract("collection", "info").out
    assert artextract("search", "-k", 1).err == f"1 of {COUNT} artworks.\n"
    assert "artworks  2\n" in artextract("collection", "info", "--store", "artextract-store").out


def test_main_takes_the_process_s_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["artextract", "--version"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    assert __version__ in capsys.readouterr().out
