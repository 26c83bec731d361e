"""Settings: where they come from, what is refused, and that a run reads back its own."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.errors import InputError
from training.config import (
    CONFIG,
    AugmentationConfig,
    Config,
    LossConfig,
    ModelConfig,
    StageOneConfig,
    StageTwoConfig,
    config_text,
    load_config,
    load_run_config,
    save_config,
)

FILE = """\
seed = 3
attributes = ["style", "school"]
[min_works]
artist = 5
[loss]
tau = 1
taus = {style = 0.25}
[stage_two]
epochs = 4
lr = 6e-4
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return path


def test_defaults_without_file_or_changes() -> None:
    assert load_config() == (Config(), {})


def test_changes_override_the_file_and_the_file_the_defaults(file: Path) -> None:
    changes = ["stage_two.epochs=7", "loss.taus.genre=0.5", "augment.flip=false", "seed = 0"]
    config, origins = load_config(file, changes)
    assert config == Config(
        attributes=("style", "school"),
        min_works={"genre": 40, "artist": 5},
        loss=LossConfig(tau=1.0, taus={"style": 0.25, "genre": 0.5}),
        augment=AugmentationConfig(flip=False),
        stage_two=StageTwoConfig(epochs=7),
    )
    # The seed is the default's again, and the rate of stage two always was.
    assert origins == {
        "attributes": str(file),
        "min_works.artist": str(file),
        "loss.tau": str(file),
        "loss.taus.style": str(file),
        "loss.taus.genre": "--set",
        "stage_two.epochs": "--set",
        "augment.flip": "--set",
    }
    assert load_config(None, ["seed=1", "seed=2"])[0].seed == 2


def test_text_and_list_values_need_no_quotes() -> None:
    config, _ = load_config(None, ["model.weights=my weights.pth", "attributes=style, école"])
    assert config.model.weights == "my weights.pth"
    assert config.attributes == ("style", "école")
    config, _ = load_config(None, ['model.weights="3"', 'attributes=["a"]', "model.statistics=[]"])
    assert config.model.weights == "3"
    assert config.attributes == ("a",)
    assert config.model.statistics == ()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("sede=1", r"there is no option 'sede'; the top level has: .*\bseed\b"),
        ("stage_two.epoch=4", r"there is no option 'stage_two.epoch'; \[stage_two\] has: epochs"),
        ("stages.epochs=4", r"there is no option 'stages'; the top level has: .*stage_one"),
        ("seed", r"change 'seed' is not understood; write KEY=VALUE, as seed=1"),
        ("=1", r"change '=1' is not understood; write KEY=VALUE"),
        ("seed=", r"change 'seed=' is not understood; write KEY=VALUE"),
    ],
)
def test_error_for_an_unknown_key_lists_the_known_ones(change: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        load_config(None, [change])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("seed=1.5", "a valid integer"),
        ("seed=true", "a valid integer"),
        ("seed=one", "a valid integer"),
        ("seed=[1]", "a valid integer"),
        ("seed=-1", "greater than or equal to 0"),
        ("seed.more=1", "a valid integer"),
        ("loss.tau=true", "a valid number"),
        ("loss.tau=much", "a valid number"),
        ("loss.tau=nan", "a finite number"),
        ("loss.tau=inf", "a finite number"),
        ("loss.tau=-0.1", "greater than or equal to 0"),
        ("loss.taus.style=11", "less than or equal to 10"),
        ("loss.taus=3", "a table"),
        ("stage_one.clip=0", "greater than or equal to 0.000001"),
        ("stage_one.clip=nan", "a finite number"),
        ("stage_two.batch=0", "greater than or equal to 1"),
        ("augment.flip=1", "a valid boolean"),
        ("augment.flip=yes", "a valid boolean"),
        ("model.recurrent=rnn", "'gru', 'lstm' or 'none'"),
        ("model.recurrent=3", "'gru', 'lstm' or 'none'"),
        ("model.statistics=[1]", "a valid string"),
        ("min_works.artist=2.0", "a valid integer"),
        ("stage_two=3", "a table of options"),
    ],
)
def test_invalid_value_raises_in_one_sentence(change: str, expected: str) -> None:
    key = change.split("=")[0].removesuffix(".more")
    with pytest.raises(InputError) as refused:
        load_config(None, [change])
    sentence = str(refused.value)
    assert sentence.startswith(f"option {key!r} is ")
    assert sentence.endswith(f"; expected {expected}")
    assert "\n" not in sentence


def test_text_in_a_file_is_not_parsed_as_a_number(file: Path) -> None:
    for line, key in [('seed = "1"', "seed"), ("attributes = 3", "attributes"),
                      ("model = {weights = 3}", "model.weights")]:  # fmt: skip
        file.write_text(line)
        with pytest.raises(InputError, match=f"option '{key}' is .*; expected "):
            load_config(file)


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with pytest.raises(InputError, match=r"there is no configuration file .*config\.toml; check"):
        load_config(path)
    for data in (b"seed: 1", b"seed = 1\nseed = 2", b"\xff\xfe\x00"):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"^configuration file .* is not TOML \([^\n]*; write"):
            load_config(path)
    with pytest.raises(InputError, match="can't be read"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ((), r"attributes \[\] were given; name at least one"),
        (("style", "genre", "style"), "were given; name at least one, each once"),
        (
            ("style", "art form"),
            "attribute 'art form' can't name a head of the network; use letter",
        ),
        (("style.1",), "attribute 'style.1' can't name"),
        (("2nd",), "attribute '2nd' can't name"),
        (("",), "attribute '' can't name"),
    ],
)
def test_invalid_attribute_names_raise(attributes: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Config(attributes=attributes)
    with pytest.raises(InputError, match=sentence):
        Config().with_attributes(*attributes)
    assert Config().with_attributes("school").attributes == ("school",)


def test_saved_config_round_trips_with_origins(file: Path, tmp_path: Path) -> None:
    config, origins = load_config(file, ["stage_two.epochs=7", "loss.taus.genre=0.5"])
    saved = tmp_path / CONFIG
    save_config(saved, config, origins)
    assert load_config(saved)[0] == config
    lines = saved.read_text().splitlines()
    assert "epochs = 7  # --set" in lines
    assert f"tau = 1.0  # {file}" in lines
    assert "genre = 0.5  # --set" in lines
    assert "lr = 0.0006" in lines
    assert sum(" # " in line for line in lines) == len(origins)


# Line ends, quotes and signs of TOML, but neither surrogates, which no file can hold, nor DEL.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\x7f.") | st.sampled_from("\"'\\#=[]\n\t"),
    max_size=12,
)
SETTINGS = st.builds(
    Config,
    seed=st.integers(0, 2**31 - 1),
    attributes=st.permutations(["style", "genre", "école", "school_2"]).map(tuple),
    min_works=st.dictionaries(TEXT, st.integers(1, 10**9), max_size=3).map(
        lambda given: {**Config().min_works, **given}
    ),
    model=st.builds(
        ModelConfig,
        weights=TEXT,
        recurrent=st.sampled_from(["gru", "lstm", "none"]),
        dropout=st.floats(0, 0.95),
        pooled=st.booleans(),
        statistics=st.lists(TEXT, max_size=3).map(tuple),
    ),
    loss=st.builds(
        LossConfig,
        tau=st.floats(0, 10),
        taus=st.dictionaries(TEXT, st.floats(0, 10), max_size=3),
        weights=st.dictionaries(TEXT, st.floats(0, allow_infinity=False), max_size=3),
    ),
    stage_one=st.builds(
        StageOneConfig, batch=st.integers(1), clip=st.floats(1e-6, allow_infinity=False)
    ),
)  # fmt: skip


@settings(deadline=None)
@given(SETTINGS)
def test_every_valid_config_round_trips(
    tmp_path_factory: pytest.TempPathFactory, config: Config
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    save_config(file, config, {"seed": "a file\nof two lines"})
    assert load_config(file)[0] == config
    assert config_text(load_config(file)[0]) == config_text(config)


def begin(run: Path, *changes: str) -> Config:
    """Write the config of a run, as a training does."""
    run.mkdir()
    config, origins = load_run_config(run, False, None, changes)
    save_config(run / CONFIG, config, origins)
    return config


def test_resumed_run_keeps_its_own_config(tmp_path: Path, file: Path) -> None:
    run = tmp_path / "run"
    begun = begin(run, "seed=1", "stage_two.epochs=3")
    assert load_run_config(run, True, None, [])[0] == begun
    # The same again, in another order, is no other.
    assert load_run_config(run, True, None, ["stage_two.epochs=3", "seed=1"])[0] == begun
    with pytest.raises(
        InputError,
        match=r"run was begun with another configuration \(stage_two\.epochs is 4, not 3\); "
        r"resume it without changes, or train into another folder$",
    ):
        load_run_config(run, True, None, ["seed=1", "stage_two.epochs=4"])
    with pytest.raises(InputError, match=r"another configuration \(seed is 0, not 1\)"):
        load_run_config(run, True, None, ["stage_two.epochs=3"])
    with pytest.raises(InputError, match=r"another configuration \(seed is 3, not 1\)"):
        load_run_config(run, True, file, [])


def test_new_run_uses_the_given_config(tmp_path: Path) -> None:
    run = tmp_path / "run"
    begin(run, "seed=1")
    assert load_run_config(run, False, None, ["seed=2"])[0].seed == 2
    assert load_run_config(run, False, None, [])[0] == Config()
    assert load_run_config(tmp_path / "none", True, None, ["seed=2"])[0].seed == 2


def test_given_config_is_adapted_before_the_comparison(tmp_path: Path) -> None:
    def without_artist(config: Config) -> Config:
        return config.with_attributes(*(name for name in config.attributes if name != "artist"))

    run = tmp_path / "run"
    run.mkdir()
    config, origins = load_run_config(run, False, None, ["seed=1"], adapt=without_artist)
    assert config == Config(seed=1, attributes=("style", "genre"))
    save_config(run / CONFIG, config, origins)
    assert load_run_config(run, True, None, ["seed=1"], adapt=without_artist)[0] == config
    with pytest.raises(
        InputError, match=r"another configuration \(attributes is \('style', 'genre', 'a"
    ):
        load_run_config(run, True, None, ["seed=1"])


def test_class_names_may_contain_dots(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[min_works]\n"a.b" = 3\n')
    config, origins = load_config(file)
    assert config.min_works["a.b"] == 3
    assert origins == {"min_works.a.b": str(file)}


@pytest.mark.parametrize("zeros", [400, 5000])
def test_huge_numbers_raise(zeros: int) -> None:
    with pytest.raises(InputError, match=r"loss\.tau"):
        load_config(None, ["loss.tau=1" + "0" * zeros])


def test_infinity_and_tables_as_values_raise() -> None:
    with pytest.raises(InputError, match=r"loss\.weights\.style"):
        load_config(None, ["loss.weights.style=inf"])
    with pytest.raises(InputError, match=r"one by one"):
        load_config(None, ["loss={beta=0.5}"])


def test_text_with_control_characters_round_trips(tmp_path: Path) -> None:
    config = Config(model=ModelConfig(weights="a\x7fb"))
    save_config(tmp_path / "c.toml", config, {"model.weights": "from \x01 afar"})
    assert load_config(tmp_path / "c.toml")[0] == config
