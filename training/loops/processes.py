"""The device, the precision and the processes of a training.

Several processes, on one machine or many, are started by ``torchrun``, which numbers them through
environment variables; a plain command is one process. Each computes a part of every batch on its
own copy of the network, and gradients are averaged before each step (torch's
DistributedDataParallel, over NCCL on GPUs and Gloo on CPUs), so that all copies stay equal.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
import torch.distributed as dist

from artextract.errors import ModelError

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]


class Processes:
    """This process and the others of a training; every method is called by all of them.

    ``rank`` is this one's number, ``count`` how many there are, ``device`` where it computes.
    """

    def __init__(self, rank: int, count: int, device: torch.device) -> None:
        self.rank = rank
        self.count = count
        self.device = device

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and messages."""
        return self.rank == 0

    def wrap(self, module: torch.nn.Module) -> torch.nn.Module:
        """Return ``module`` with gradients averaged over the processes."""
        if self.count == 1:
            return module
        return torch.nn.parallel.DistributedDataParallel(
            module, device_ids=[self.device.index] if self.device.type == "cuda" else None
        )

    def wait(self) -> None:
        """Wait for all processes."""
        if self.count > 1:
            dist.barrier()

    def any(self, mine: bool) -> bool:
        """Return whether ``mine`` is true in any process."""
        if self.count == 1:
            return mine
        found = torch.tensor(float(mine), device=self.device)
        dist.all_reduce(found, dist.ReduceOp.MAX)
        return bool(found)

    def sum(self, mine: float) -> float:
        """Return the sum of ``mine`` over the processes."""
        if self.count == 1:
            return mine
        total = torch.tensor(mine, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return float(total)

    def broadcast(self, tensors: Iterable[torch.Tensor]) -> None:
        """Overwrite ``tensors`` with the first process's."""
        if self.count > 1:
            for tensor in tensors:
                dist.broadcast(tensor, src=0)

    def gather(self, mine: Any) -> list[Any]:
        """Return each process's ``mine``, by rank."""
        if self.count == 1:
            return [mine]
        found: list[Any] = [None] * self.count
        dist.all_gather_object(found, mine)
        return found


@contextmanager
def open_processes(device: Device) -> Iterator[Processes]:
    """Join the processes that torchrun has started, or be the only one.

    Raises:
        ModelError: ``device`` is "cuda" and there is no GPU.
    """
    chosen = _choose_device(device, int(os.environ.get("LOCAL_RANK", "0")))
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Processes(0, 1, chosen)
        return
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size(), chosen)
    finally:
        dist.destroy_process_group()


def choose_precision(precision: Precision, device: torch.device) -> torch.dtype | None:
    """Return the dtype of autocast on ``device``, None for plain float32.

    Raises:
        ModelError: ``precision`` is fp16 on a CPU.
    """
    if precision == "fp32":
        return None
    if precision == "bf16":
        return torch.bfloat16
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if fast and precision == "auto" else torch.float16
    if precision == "fp16":
        raise ModelError(
            "precision fp16 is slow on a CPU, and its small numbers underflow; choose bf16 or fp32 "
            "with stage_two.precision=bf16"
        )
    found = torch.cpu.get_capabilities()
    has_bf16 = any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return torch.bfloat16 if has_bf16 else None  # without the instructions bf16 is slower


def _choose_device(device: Device, local_rank: int) -> torch.device:
    if device == "cpu" or (device == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ModelError(
            f"device is cuda, but torch {torch.__version__} finds no NVIDIA GPU that it can use "
            "here; check the driver with nvidia-smi, or choose the device cpu"
        )
    return torch.device("cuda", local_rank)
