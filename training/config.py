"""The configuration of a training: defaults, TOML files, single changes, and where each came from.

The defaults were chosen on a sample of WikiArt, on folds of its training samples alone. A TOML file
holds the options that differ, a change such as ``stage_two.epochs=4`` overrides one option, and a
run keeps the configuration that it used, with the origin of each changed option as a comment.
"""

import tomllib
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from artextract.errors import InputError
from artextract.files import atomic_write

CONFIG = "config.toml"
"""The file in a run's folder with the configuration that was used."""

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
UpTo4 = Annotated[float, Field(ge=0, le=4)]
UpTo10 = Annotated[float, Field(ge=0, le=10)]
Decay = Annotated[float, Field(ge=0, le=0.99999)]
Norm = Annotated[float, Field(ge=1e-6)]
Weight = Annotated[float, Field(ge=0)]
Side = Annotated[int, Field(ge=0, le=4096)]
Names = Annotated[tuple[str, ...], Field(strict=False)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class ModelConfig(_Section):
    """The network: a backbone, the recurrent head that reads its feature map, and attention.

    Attributes:
        backbone: One of :data:`training.networks.backbones.ARCHITECTURES`.
        weights: "published", "random" (for tests) or a file.
        recurrent: Reads rows and columns of the map; "none" leaves attention alone, to compare.
        projection: Channels of the map after its projection.
        hidden: Hidden size of the bidirectional recurrent network, for each direction.
        layers: Its layers.
        dropout: Probability.
        attention: "attribute" gives each attribute its own attention over the places of the map.
        pooled: Classify from the mean of the backbone's map as well.
        middle: Backbone stages before a second, lower-level map is taken, where brushwork still
            shows; 0 takes none.
        statistics: Attributes whose classifiers also get mean and standard deviation of the
            channels of several maps, much as Gatys et al. (2015, arXiv:1508.06576) describe style;
            attributes that are not trained are ignored.
    """

    backbone: str = "efficientnet-lite0"
    weights: str = "published"
    recurrent: Literal["gru", "lstm", "none"] = "gru"
    projection: Positive = 256
    hidden: Positive = 128
    layers: Annotated[int, Field(ge=1, le=8)] = 1
    dropout: Annotated[float, Field(ge=0, le=0.95)] = 0.4
    attention: Literal["attribute", "shared"] = "attribute"
    pooled: bool = True
    middle: Count = 12
    statistics: Names = ()


class LossConfig(_Section):
    """The loss; :mod:`training.loops.losses` names the papers.

    Attributes:
        balance: How rare classes are balanced: "logit-adjustment" of strength ``tau``,
            "class-balanced" weights with ``beta``, or "none".
        tau: Strength of the logit adjustment.
        taus: The same for single attributes.
        beta: Of class-balanced weights.
        smoothing: Label smoothing.
        weights: Weight of an attribute's loss; 1 where it is not named.
        artist_power: Samples of an artist with m samples weigh m to the minus this, for attributes
            other than the artist: 0 weighs all samples equally, 1 all artists.
    """

    balance: Literal["logit-adjustment", "class-balanced", "none"] = "logit-adjustment"
    tau: UpTo10 = 0.5
    taus: Mapping[str, UpTo10] = {}
    beta: Annotated[float, Field(ge=0, le=0.999999)] = 0.999
    smoothing: Annotated[float, Field(ge=0, le=0.9)] = 0.1
    weights: Mapping[str, Weight] = {}
    artist_power: Share = 0.0

    def tau_of(self, attribute: str) -> float:
        """Return the strength of the logit adjustment for one attribute."""
        return self.taus.get(attribute, self.tau)


class AugmentationConfig(_Section):
    """Random changes to training images; see :mod:`training.data.augmentation`.

    Attributes:
        flip: Mirror half of the images.
        area: Smallest share of the image's area that a crop keeps.
        stretch: Largest factor by which one side is stretched against the other.
        turn: Largest rotation, in degrees.
        brightness: Largest factor that brightness is multiplied or divided by, minus 1.
        contrast: The same for contrast.
        saturation: The same for saturation.
        mix: Parameter of mixup's Beta distribution (Zhang et al. 2018, arXiv:1710.09412); 0 turns
            mixup off. Cached feature maps are mixed instead of images.
        side: Side of the augmented image in pixels; 0 takes that of the image. A crop shows objects
            larger than the whole image does at evaluation, which a smaller side makes up for
            (Touvron et al. 2019, arXiv:1906.06423); it is also faster.
        degrade: Share of images that lose resolution, in each direction by its own factor, and are
            saved as a JPEG of random quality: where a class comes from one source, the network must
            not learn that source's files.
    """

    flip: bool = True
    area: Annotated[float, Field(ge=0.05, le=1)] = 0.4
    stretch: Annotated[float, Field(ge=1, le=4)] = 1.2
    turn: Annotated[float, Field(ge=0, le=180)] = 0.0
    brightness: UpTo4 = 0.15
    contrast: UpTo4 = 0.15
    saturation: UpTo4 = 0.15
    mix: UpTo10 = 0.0
    side: Side = 192
    # Left out where it is off, so that runs begun before it existed keep their fingerprint.
    degrade: Annotated[float, Field(ge=0, le=1, exclude_if=lambda share: share == 0)] = 0.0


class StageOneConfig(_Section):
    """Stage one: the head alone, on cached features of the frozen backbone.

    The optimizer is AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101).

    Attributes:
        epochs: 0 skips the stage.
        batch: Samples in a batch.
        lr: Peak learning rate, reached after ``warmup``, followed by a cosine decay.
        weight_decay: Of matrices and kernels.
        warmup: Share of all steps.
        average: Decay of the exponential moving average (EMA) of the weights, for each step. The
            averaged weights are those that are evaluated and saved.
        clip: Largest norm of the gradient.
    """

    epochs: Count = 6
    batch: Positive = 64
    lr: UpTo10 = 2e-3
    weight_decay: UpTo10 = 0.05
    warmup: Share = 0.05
    average: Decay = 0.98
    clip: Norm = 2.0


class StageTwoConfig(_Section):
    """Stage two: head and backbone together, on images; see also :class:`StageOneConfig`.

    Attributes:
        backbone_lr: Peak learning rate of the backbone's last stage.
        decay: Factor of the learning rate from each backbone stage to the one before it.
        frozen: The first backbone stages, which are not trained.
        views: Augmentations of each image whose feature maps after the frozen stages are computed
            once and cached on disk, which halves the time on a CPU; 0 augments anew in each epoch.
        norms: "fixed" keeps the running statistics of the backbone's batch norms: batches are
            small and few.
        precision: Of the backbone alone; "auto" is bf16 where the processor has instructions for
            it, else fp16 on a GPU and fp32 on a CPU.
    """

    epochs: Count = 16
    batch: Positive = 32
    lr: UpTo10 = 6e-4
    backbone_lr: UpTo10 = 1.5e-4
    decay: Share = 0.95
    frozen: Count = 6
    views: Annotated[int, Field(ge=0, le=1000)] = 8
    norms: Literal["fixed", "learning"] = "fixed"
    weight_decay: UpTo10 = 0.05
    warmup: Share = 0.1
    average: Decay = 0.99
    clip: Norm = 2.0
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"


class PredictionConfig(_Section):
    """The predictions made after training.

    Attributes:
        flips: Average the logits of an image with those of its mirror image.
        keep: Predict with the weights of the "last" epoch, or of the "best" by mean macro-F1 of
            the validation samples, whose figures are then optimistic.
    """

    flips: bool = True
    keep: Literal["best", "last"] = "last"


class Config(_Section):
    """The configuration of one training.

    Attributes:
        seed: Random seed.
        attributes: What is trained, a head for each.
        min_works: Fewest training samples of a class, 1 where an attribute is not named: a class of
            two samples can't be evaluated, and balancing lifts it above all others.
        size: Side of the images in pixels; 0 takes that of the backbone's preprocessing.
    """

    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    attributes: Names = ("style", "genre", "artist")
    min_works: Mapping[str, Positive] = {"genre": 40, "artist": 32}
    size: Side = 0
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    augment: AugmentationConfig = AugmentationConfig()
    stage_one: StageOneConfig = StageOneConfig()
    stage_two: StageTwoConfig = StageTwoConfig()
    predict: PredictionConfig = PredictionConfig()

    @model_validator(mode="after")
    def _check_attributes(self) -> Self:
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
        return self

    def with_attributes(self, *attributes: str) -> "Config":
        """Return the same configuration for other attributes.

        Raises:
            InputError: there are none, or a name can't be used.
        """
        return Config(**{**dict(self), "attributes": attributes})


def load_config(
    file: Path | None = None, changes: Sequence[str] = ()
) -> tuple[Config, dict[str, str]]:
    """Return the configuration, and {key: origin} of the options that are not defaults.

    Args:
        file: A TOML file with the options that differ, or one that :func:`save_config` wrote.
        changes: ``key=value``, as ``stage_two.epochs=4``; they override the file.

    Raises:
        InputError: the file can't be read, or a key or value is not valid.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}  # of each key that was given, the last
    if file is not None:
        values = _read_toml(file)
        origins = dict.fromkeys(_flatten(values), str(file))
    for change in changes:
        key, value = _parse_change(change)
        _put(values, key, value)
        origins[key] = "--set"
    if isinstance(values.get("min_works"), dict):  # others than those named keep their defaults
        values["min_works"] = {**Config().min_works, **values["min_works"]}
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise _explain(error) from None
    found, defaults = _flatten(config.model_dump()), _flatten(Config().model_dump())
    changed = {
        key: origin for key, origin in origins.items() if found.get(key) != defaults.get(key)
    }
    return config, changed


def save_config(path: Path, config: Config, origins: Mapping[str, str]) -> None:
    """Write the whole configuration as TOML, with the origin of each changed option as a comment.

    Raises:
        OSError: the file can't be written; what was there is untouched.
    """
    atomic_write(path, config_text(config, origins))


def config_text(config: Config, origins: Mapping[str, str] | None = None) -> str:
    """Return the whole configuration as TOML; :func:`load_config` reads it back equal.

    Checkpoints carry a hash of this text without origins, so its layout must not change.
    """
    return "\n".join(_lines(config.model_dump(), "", origins or {})).lstrip("\n") + "\n"


def load_run_config(
    run: Path,
    resume: bool,
    file: Path | None,
    changes: Sequence[str],
    adapt: Callable[[Config], Config] = lambda config: config,
) -> tuple[Config, dict[str, str]]:
    """Return configuration and origins as :func:`load_config`, or a resumed run's own.

    ``adapt`` is applied to the configuration that was given before it is used or compared.

    Raises:
        InputError: as :func:`load_config`, or the run was begun with another configuration.
    """
    written = run / CONFIG
    if not resume or not written.is_file():
        config, origins = load_config(file, changes)
        return adapt(config), origins
    before, origins = load_config(written)
    if file is not None or changes:
        given = _flatten(adapt(load_config(file, changes)[0]).model_dump())
        own = _flatten(before.model_dump())
        for key in {**given, **own}:
            if given.get(key) != own.get(key):
                raise InputError(
                    f"{run} was begun with another configuration ({key} is {given.get(key)!r}, not "
                    f"{own.get(key)!r}); resume it without changes, or train into another folder"
                )
    return before, origins


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"there is no configuration file {file}; check the path") from None
    except OSError as error:
        raise InputError(
            f"configuration file {file} can't be read ({error.strerror or error}); give a TOML file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"configuration file {file} is not TOML ({error}); write lines such as seed = 1"
        ) from error


def _parse_change(change: str) -> tuple[str, Any]:
    """Return key and value of ``key=value``; the value is TOML, or else plain text."""
    key, equals, text = (part.strip() for part in change.partition("="))
    if not equals or not key or not text:
        raise InputError(f"change {change!r} is not understood; write KEY=VALUE, as seed=1")
    annotation = _annotation(key.split("."))
    if typing.get_origin(annotation) is tuple and not text.startswith("["):
        return key, [word.strip() for word in text.split(",")]
    if annotation is str and text[0] not in "\"'":
        return key, text
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except ValueError:  # not TOML, or a number of thousands of digits
        return key, text
    if isinstance(value, dict):
        raise InputError(
            f"change {change!r} gives a whole table; give its options one by one, as "
            f"{key}.NAME=VALUE"
        )
    return key, value


def _annotation(names: Sequence[str]) -> Any:
    """Return the type of the option at the path ``names``; None where there is none."""
    found: Any = Config
    for name in names:
        if not (isinstance(found, type) and issubclass(found, BaseModel)):
            return None
        field = found.model_fields.get(name)
        found = field and field.annotation
    return found


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    *outer, last = key.split(".")
    for name in outer:
        inner = values.setdefault(name, {})
        if not isinstance(inner, dict):
            raise InputError(f"option {key!r} lies in {name!r}, which is a value and not a table")
        values = inner
    values[last] = value


_EXPECTED = {
    "tuple_type": 'a list, as ["style", "genre"]',
    "dict_type": "a table",
    "model_type": "a table of options",
}


def _explain(error: ValidationError) -> InputError:
    """Return the first thing that is wrong as one sentence."""
    first = error.errors(include_url=False)[0]
    names = [each for each in first["loc"] if isinstance(each, str)]  # numbers are list positions
    key = ".".join(names)
    if first["type"] == "extra_forbidden":
        place = f"[{'.'.join(names[:-1])}]" if names[1:] else "the top level"
        known = ", ".join(_annotation(names[:-1]).model_fields)
        return InputError(f"there is no option {key!r}; {place} has: {known}")
    expected = _EXPECTED.get(first["type"], first["msg"].removeprefix("Input should be "))
    return InputError(f"option {key!r} is {first['input']!r}; expected {expected}")


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return {dotted key: value} of nested tables."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= _flatten(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def _lines(values: Mapping[str, Any], prefix: str, origins: Mapping[str, str]) -> list[str]:
    """Return the TOML lines of one table, then those of the tables in it."""
    # Written line by line: a tomlkit document would lay out empty tables and comments differently.
    import tomlkit

    lines, tables = [], []
    for name, value in values.items():
        key = prefix + name
        if isinstance(value, dict):
            tables += ["", f"[{key}]", *_lines(value, key + ".", origins)]
            continue
        plain = list(value) if isinstance(value, tuple) else value
        line = f"{tomlkit.key(name).as_string()} = {tomlkit.item(plain).as_string()}"
        if key in origins:
            words = " ".join(origins[key].split())
            line += "  # " + "".join(each if each.isprintable() else "?" for each in words)
        lines.append(line)
    return lines + tables
