"""All settings of a training, where each comes from, and how a file or a word changes one.

The defaults are a recipe that was found on a sample of WikiArt, on folds of its training works
alone. A TOML file holds those that differ, ``--set`` changes one by its key, and a run keeps what
it really used, with the place that each changed setting came from.
"""

import dataclasses
import json
import math
import tomllib
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from artextract.errors import InputError
from artextract.files import atomic_write

__all__ = [
    "CONFIG",
    "AugmentSettings",
    "Config",
    "LossSettings",
    "ModelSettings",
    "PredictSettings",
    "StageOneSettings",
    "StageTwoSettings",
    "config_text",
    "load_config",
    "load_run_config",
    "save_config",
]

CONFIG = "config.toml"
"""The file in a run's folder with the settings that were used."""


def _limits(low: float, high: float = math.inf) -> dict[str, tuple[float, float]]:
    """Return the mark of a number that must lie between ``low`` and ``high``, both included."""
    return {"limits": (low, high)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """The network: a backbone, the recurrent head that reads its map, and their connections.

    ``recurrent`` reads rows and columns ("none": attention alone, for comparison), as a
    bidirectional network of ``hidden`` numbers a direction and ``layers`` layers over
    ``projection`` numbers a place. With ``attention`` "attribute" each attribute looks where it
    wants to. ``pooled`` adds the mean of the backbone's map to what the heads see, so that what the
    recurrent part learns comes on top of it. ``middle`` is the number of backbone steps after which
    a second, less abstract map joins the last one (0: none), where brushwork still shows;
    ``statistics`` names the attributes whose heads also see mean and deviation of the channels of
    several maps, much as Gatys et al. (2015, arXiv:1508.06576) describe style; others than are
    learnt are not heeded.
    ``weights`` is "published", "random" (for tests) or a file.
    """

    backbone: str = "efficientnet-lite0"
    weights: str = "published"
    recurrent: Literal["gru", "lstm", "none"] = "gru"
    projection: int = field(default=256, metadata=_limits(1))
    hidden: int = field(default=128, metadata=_limits(1))
    layers: int = field(default=1, metadata=_limits(1, 8))
    dropout: float = field(default=0.4, metadata=_limits(0, 0.95))
    attention: Literal["attribute", "shared"] = "attribute"
    pooled: bool = True
    middle: int = field(default=12, metadata=_limits(0))
    statistics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LossSettings:
    """What is made small; see :mod:`training.loops.losses` for the papers.

    ``balance`` says how rare classes are kept in view: "logit-adjustment" with the strength
    ``tau`` (``taus`` for single attributes), "class-balanced" weights with ``beta``, or "none".
    ``weights`` multiplies an attribute's part; 1 where it is not named. ``artist_power`` makes
    works of artists with m works count m to the minus this, for other attributes than the artist:
    with 0 all works count alike, with 1 all artists.
    """

    balance: Literal["logit-adjustment", "class-balanced", "none"] = "logit-adjustment"
    tau: float = field(default=0.5, metadata=_limits(0, 10))
    taus: Mapping[str, float] = field(default_factory=dict, metadata=_limits(0, 10))
    beta: float = field(default=0.999, metadata=_limits(0, 0.999999))
    smoothing: float = field(default=0.1, metadata=_limits(0, 0.9))
    weights: Mapping[str, float] = field(default_factory=dict, metadata=_limits(0))
    artist_power: float = field(default=0.0, metadata=_limits(0, 1))

    def tau_of(self, attribute: str) -> float:
        """Return the strength of the logit adjustment for one attribute."""
        return self.taus.get(attribute, self.tau)


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentSettings:
    """How a picture may differ from itself; see :mod:`training.data.augmentation`.

    ``area`` is the smallest part of the picture that is kept, ``stretch`` the most that a side is
    lengthened against the other, ``turn`` the most degrees; the rest is the most that brightness,
    contrast and saturation are multiplied or divided by, minus 1. ``mix`` is the parameter of the
    Beta distribution of mixup (Zhang et al. 2018, arXiv:1710.09412), 0 leaves it out; versions
    that are kept are mixed where they are. ``side`` is
    that of the changed picture in pixels, 0 for the side of the picture itself: a part of a picture
    shows things larger than they are in the whole one, which is judged, and a smaller side makes up
    for that (Touvron et al. 2019, arXiv:1906.06423) and is quicker.
    """

    flip: bool = True
    area: float = field(default=0.4, metadata=_limits(0.05, 1))
    stretch: float = field(default=1.2, metadata=_limits(1, 4))
    turn: float = field(default=0.0, metadata=_limits(0, 180))
    brightness: float = field(default=0.15, metadata=_limits(0, 4))
    contrast: float = field(default=0.15, metadata=_limits(0, 4))
    saturation: float = field(default=0.15, metadata=_limits(0, 4))
    mix: float = field(default=0.0, metadata=_limits(0, 10))
    side: int = field(default=192, metadata=_limits(0, 4096))


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOneSettings:
    """Training of the head alone, on maps that the unchanged backbone made once.

    ``lr`` rises for the share ``warmup`` of all steps and falls as a cosine (Loshchilov and Hutter
    2017, arXiv:1608.03983); AdamW (the same, arXiv:1711.05101). ``average`` is the decay a step of
    the averaged weights, which are those that are judged and kept. ``clip`` limits the norm of the
    gradient. 0 ``epochs`` leave the stage out.
    """

    epochs: int = field(default=6, metadata=_limits(0))
    batch: int = field(default=64, metadata=_limits(1))
    lr: float = field(default=2e-3, metadata=_limits(0, 10))
    weight_decay: float = field(default=0.05, metadata=_limits(0, 10))
    warmup: float = field(default=0.05, metadata=_limits(0, 1))
    average: float = field(default=0.98, metadata=_limits(0, 0.99999))
    clip: float = field(default=2.0, metadata=_limits(1e-6))


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTwoSettings:
    """Training of head and backbone together, on pictures; see also :class:`StageOneSettings`.

    The backbone's last step learns with ``backbone_lr``, each step before it with ``decay`` times
    the rate of the one after, and the first ``frozen`` steps not at all. With ``norms`` "fixed" its
    batch norms keep the statistics that they came with: batches are small and few. ``precision``
    is that of the backbone alone; "auto" is bf16 where the processor has instructions for it, else
    fp16 on a GPU and fp32 on a CPU. With ``views`` that many changed versions of each picture are
    seen by the frozen steps once, at the beginning, and kept on disk, which halves the
    time on a CPU; with 0 each picture is changed anew each time.
    """

    epochs: int = field(default=16, metadata=_limits(0))
    batch: int = field(default=32, metadata=_limits(1))
    lr: float = field(default=6e-4, metadata=_limits(0, 10))
    backbone_lr: float = field(default=1.5e-4, metadata=_limits(0, 10))
    decay: float = field(default=0.95, metadata=_limits(0, 1))
    frozen: int = field(default=6, metadata=_limits(0))
    views: int = field(default=8, metadata=_limits(0, 1000))
    norms: Literal["fixed", "learning"] = "fixed"
    weight_decay: float = field(default=0.05, metadata=_limits(0, 10))
    warmup: float = field(default=0.1, metadata=_limits(0, 1))
    average: float = field(default=0.99, metadata=_limits(0, 0.99999))
    clip: float = field(default=2.0, metadata=_limits(1e-6))
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictSettings:
    """How works are predicted in the end.

    ``flips`` averages a picture's logits with those of its mirror image. ``keep`` says which
    weights: of the "last" epoch, or of the one that was "best" by the mean macro-F1 of the
    validation works; figures on these works are then too good, for they have chosen.
    """

    flips: bool = True
    keep: Literal["best", "last"] = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of one training.

    ``min_works`` is the fewest training works of a class that is learnt, 1 where an attribute is
    not named: with two works a class can't be judged, and balancing lifts it above all others.
    ``size`` is the side of the pictures in pixels, 0 for that of the backbone's preprocessing.
    """

    seed: int = field(default=0, metadata=_limits(0, 2**31 - 1))
    attributes: tuple[str, ...] = ("style", "genre", "artist")
    min_works: Mapping[str, int] = field(
        default_factory=lambda: {"genre": 40, "artist": 32}, metadata=_limits(1)
    )
    size: int = field(default=0, metadata=_limits(0, 4096))
    model: ModelSettings = field(default_factory=ModelSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    stage_one: StageOneSettings = field(default_factory=StageOneSettings)
    stage_two: StageTwoSettings = field(default_factory=StageTwoSettings)
    predict: PredictSettings = field(default_factory=PredictSettings)

    def __post_init__(self) -> None:
        """Refuse attributes that no head could be made for."""
        if not self.attributes or len(set(self.attributes)) != len(self.attributes):
            raise InputError(
                f"attributes {list(self.attributes)} were given; name at least one, each once"
            )
        for name in self.attributes:
            if not name.isidentifier():
                raise InputError(
                    f"attribute {name!r} can't name a head of the network; "
                    "use letters, digits and underscores, as in the column of the catalog"
                )

    def with_attributes(self, *attributes: str) -> Self:
        """Return these settings for other attributes."""
        return dataclasses.replace(self, attributes=attributes)


def load_config(
    file: Path | None = None, changes: Sequence[str] = ()
) -> tuple[Config, dict[str, str]]:
    """Return the settings, and {key: origin} of those that are not the defaults.

    Args:
        file: A TOML file with those that differ; one that :func:`save_config` wrote is fine.
        changes: Words ``key=value``, as ``stage_two.epochs=4``; they win over the file.

    Raises:
        InputError: the file can't be read, or a key, a value or its type is not known.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}  # of each key that was given, the last
    if file is not None:
        values = _read_toml(file)
        origins = dict.fromkeys(_leaves(values, Config), str(file))
    for change in changes:
        key, value = _parse_change(change)
        _put(values, key, value)
        origins[key] = "--set"
    config = _build(Config, values, "")
    return config, {key: origin for key, origin in origins.items() if _differs(config, key)}


def save_config(path: Path, config: Config, origins: Mapping[str, str]) -> None:
    """Write all settings as TOML, with the origin of each that is not a default as a comment.

    Raises:
        OSError: the file can't be written; what was there is untouched.
    """
    atomic_write(path, config_text(config, origins))


def config_text(config: Config, origins: Mapping[str, str] | None = None) -> str:
    """Return all settings as TOML; :func:`load_config` reads them back equal."""
    return "\n".join(_lines(config, "", origins or {})).lstrip("\n") + "\n"


def load_run_config(
    run: Path,
    resume: bool,
    file: Path | None,
    changes: Sequence[str],
    adapt: Callable[[Config], Config] = lambda config: config,
) -> tuple[Config, dict[str, str]]:
    """Return settings and origins as :func:`load_config`; of a run that is resumed, its own.

    ``adapt`` makes of what was given what is used.

    Raises:
        InputError: as there, or the run was begun with others than are given.
    """
    written = run / CONFIG
    if not resume or not written.is_file():
        config, origins = load_config(file, changes)
        return adapt(config), origins
    before, origins = load_config(written)
    if file is not None or changes:
        difference = _describe_difference(adapt(load_config(file, changes)[0]), before)
        if difference is not None:
            raise InputError(
                f"{run} was begun with other settings ({difference}); leave out --config and "
                "--set to go on with its own, or train into another folder"
            )
    return before, origins


def _describe_difference(here: Config, there: Config) -> str | None:
    """Return the first setting that differs, as "seed is 1, not 0"; None where none does."""

    def walk(one: Any, other: Any, prefix: str) -> str | None:
        for each in dataclasses.fields(one):
            value, wanted = getattr(one, each.name), getattr(other, each.name)
            if dataclasses.is_dataclass(value):
                found = walk(value, wanted, f"{prefix}{each.name}.")
                if found is not None:
                    return found
            elif value != wanted:
                return f"{prefix}{each.name} is {value!r}, not {wanted!r}"
        return None

    return walk(here, there, "")


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"there is no settings file {file}; check the path") from None
    except OSError as error:
        raise InputError(
            f"settings file {file} can't be read ({error.strerror or error}); give a TOML file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"settings file {file} is not TOML ({error}); write lines such as seed = 1"
        ) from error


def _parse_change(change: str) -> tuple[str, Any]:
    """Return key and value of ``key=value``; the value is TOML, or else a word as it stands."""
    key, equals, text = change.partition("=")
    key, text = key.strip(), text.strip()
    if not equals or not key or not text:
        raise InputError(f"--set {change!r} is not understood; write KEY=VALUE, as seed=1")
    hint = _hint_of(key)
    if typing.get_origin(hint) is tuple and not text.startswith("["):
        return key, [word.strip() for word in text.split(",")]
    if hint is str and text[0] not in "\"'":
        return key, text
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except ValueError:  # no TOML, or a number of thousands of digits
        return key, text
    if isinstance(value, dict):
        raise InputError(
            f"--set {change!r} gives a whole table; give its settings one by one, as "
            f"--set {key}.NAME=VALUE"
        )
    return key, value


def _hint_of(key: str) -> Any:
    """Return the type of the setting at the dotted ``key``; None where there is none."""
    hint: Any = Config
    for name in key.split("."):
        if not dataclasses.is_dataclass(hint):
            return None
        hint = typing.get_type_hints(hint).get(name)
    return hint


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    """Put ``value`` into the nested ``values`` at the dotted ``key``."""
    *outer, last = key.split(".")
    for name in outer:
        inner = values.setdefault(name, {})
        if not isinstance(inner, dict):
            raise InputError(f"setting {key!r} lies in {name!r}, which is a value and no table")
        values = inner
    values[last] = value


def _build(kind: type[Any], values: Mapping[str, Any], prefix: str) -> Any:
    """Return the dataclass ``kind`` with ``values``, each checked; the rest are defaults."""
    hints = typing.get_type_hints(kind)
    fields = {each.name: each for each in dataclasses.fields(kind)}
    for name in values:
        if name not in fields:
            place = f"[{prefix[:-1]}]" if prefix else "the top level"
            raise InputError(
                f"there is no setting {prefix + name!r}; {place} has: {', '.join(fields)}"
            )
    given = {}
    for name, value in values.items():
        key, hint = prefix + name, hints[name]
        if dataclasses.is_dataclass(hint):
            if not isinstance(value, dict):
                raise _wrong(key, value, f"a table of settings, as {key}.NAME = VALUE")
            given[name] = _build(typing.cast("type[Any]", hint), value, key + ".")
        else:
            limits = fields[name].metadata.get("limits")
            made = _convert(hint, value, key, limits)
            # A table of numbers changes those that it names.
            given[name] = getattr(kind(), name) | made if isinstance(made, dict) else made
    return kind(**given)


def _convert(hint: Any, value: Any, key: str, limits: tuple[float, float] | None) -> Any:
    """Return ``value`` as the type ``hint`` asks, without guessing."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        if value not in arguments:
            raise _wrong(key, value, "one of " + ", ".join(map(str, arguments)))
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise _wrong(key, value, 'a list, as ["style", "genre"]')
        return tuple(_convert(arguments[0], each, key, limits) for each in value)
    if origin is Mapping:
        if not isinstance(value, dict):
            raise _wrong(key, value, f"a table, as {key}.style = 1")
        return {
            name: _convert(arguments[1], each, f"{key}.{name}", limits)
            for name, each in value.items()
        }
    if hint is float and type(value) is int:
        value = float(value) if abs(value) < 10**300 else math.inf
    if type(value) is not hint:
        raise _wrong(key, value, {int: "a whole number", float: "a number", bool: "true or false",
                                  str: "text"}[hint])  # fmt: skip
    if limits and not (limits[0] <= value <= limits[1] and value < math.inf):  # NaN fails too
        low, high = (f"{limit:.12g}" for limit in limits)
        raise _wrong(key, value, f"{low} or more" if high == "inf" else f"{low} to {high}")
    return value


def _wrong(key: str, value: Any, expected: str) -> InputError:
    return InputError(
        f"setting {key!r} is {value!r}; expected {expected}: change it in the file or with "
        f"--set {key}=VALUE"
    )


def _leaves(values: Mapping[str, Any], kind: type[Any], prefix: str = "") -> list[str]:
    """Return the dotted keys of all settings in ``values``."""
    hints = typing.get_type_hints(kind)
    found = []
    for name, value in values.items():
        if isinstance(value, dict):
            inner = hints.get(name)
            if dataclasses.is_dataclass(inner):
                found += _leaves(value, typing.cast("type[Any]", inner), f"{prefix}{name}.")
            else:
                found += [f"{prefix}{name}.{key}" for key in value]
        else:
            found.append(prefix + name)
    return found


def _differs(config: Config, key: str) -> bool:
    """Return whether the setting at the dotted ``key`` is another than the default."""
    return bool(_look_up(config, key) != _look_up(Config(), key))


def _look_up(value: Any, key: str) -> Any:
    name, _, rest = key.partition(".")
    if isinstance(value, Mapping):
        return value.get(key)  # the names of a table may have dots
    return _look_up(getattr(value, name), rest) if rest else getattr(value, name)


def _lines(settings: Any, prefix: str, origins: Mapping[str, str]) -> list[str]:
    """Return the TOML lines of one table, then those of the tables in it."""
    lines, tables = [], []
    for each in dataclasses.fields(settings):
        value = getattr(settings, each.name)
        key = prefix + each.name
        if dataclasses.is_dataclass(value):
            tables += ["", f"[{key}]", *_lines(value, key + ".", origins)]
        elif isinstance(value, Mapping):
            tables += ["", f"[{key}]"]
            tables += [_line(name, each, f"{key}.{name}", origins) for name, each in value.items()]
        else:
            lines.append(_line(each.name, value, key, origins))
    return lines + tables


def _line(name: str, value: Any, key: str, origins: Mapping[str, str]) -> str:
    origin = ""
    if key in origins:
        words = " ".join(origins[key].split())
        origin = "  # " + "".join(each if each.isprintable() else "?" for each in words)
    return f"{_toml_key(name)} = {_toml(value)}{origin}"


def _toml_key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _toml(name)


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if isinstance(value, str | bool):  # a JSON string or word is one of TOML, too, but for DEL
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
