"""Where a training runs: which device, in which precision, and as one process or several.

Several processes, on one machine or many, are started by ``torchrun``, which tells each its number
through environment variables; a plain command is one process. Each
computes a part of every batch on a copy of the network, and gradients are averaged before each step
(torch's DistributedDataParallel, over NCCL on GPUs and Gloo on CPUs), so that all copies stay
equal.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
import torch.distributed as dist

from artextract.errors import ModelError

__all__ = ["Device", "Precision", "Processes", "choose_precision", "open_processes"]

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]


class Processes:
    """The processes of one training, seen from one of them.

    ``rank`` is this one's number, ``count`` how many there are, ``device`` where it computes.
    """

    def __init__(self, rank: int, count: int, device: torch.device) -> None:
        """Describe them; :func:`open_processes` joins them."""
        self.rank = rank
        self.count = count
        self.device = device

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files and speaks."""
        return self.rank == 0

    def wrap(self, module: torch.nn.Module) -> torch.nn.Module:
        """Return ``module`` so that its gradients are averaged over the processes."""
        if self.count == 1:
            return module
        return torch.nn.parallel.DistributedDataParallel(
            module, device_ids=[self.device.index] if self.device.type == "cuda" else None
        )

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            dist.barrier()

    def any(self, mine: bool) -> bool:
        """Return whether any of the processes says so; all must ask."""
        if self.count == 1:
            return mine
        said = torch.tensor(float(mine), device=self.device)
        dist.all_reduce(said, dist.ReduceOp.MAX)
        return bool(said)

    def sum(self, mine: float) -> float:
        """Return the sum of what the processes give; all must ask."""
        if self.count == 1:
            return mine
        given = torch.tensor(mine, dtype=torch.float64, device=self.device)
        dist.all_reduce(given)
        return float(given)

    def share(self, tensors: Iterable[torch.Tensor]) -> None:
        """Overwrite ``tensors`` with the first process's; all must call it."""
        if self.count > 1:
            for tensor in tensors:
                dist.broadcast(tensor, src=0)

    def gather(self, mine: Any) -> list[Any]:
        """Return what each process gives, in the order of their numbers; all must ask."""
        if self.count == 1:
            return [mine]
        given: list[Any] = [None] * self.count
        dist.all_gather_object(given, mine)
        return given


@contextmanager
def open_processes(device: Device) -> Iterator[Processes]:
    """Join the processes that a launcher has started, or be the only one.

    Raises:
        ModelError: a GPU was asked for and there is none.
    """
    local = int(os.environ.get("LOCAL_RANK", "0"))
    chosen = _choose_device(device, local)
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes(0, 1, chosen)
        return
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size(), chosen)
    finally:
        dist.destroy_process_group()


def choose_precision(wanted: Precision, device: torch.device) -> torch.dtype | None:
    """Return the type of autocast on ``device``, None for plain float32.

    Raises:
        ModelError: fp16 was asked for on a CPU, where its small numbers vanish without scaling.
    """
    if wanted == "fp32":
        return None
    if wanted == "bf16":
        return torch.bfloat16
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if fast and wanted == "auto" else torch.float16
    if wanted == "fp16":
        raise ModelError(
            "precision fp16 was asked for on a CPU, where it is slow and its small numbers vanish; "
            "choose bf16 or fp32 with --set stage_two.precision=bf16"
        )
    return torch.bfloat16 if _has_bf16_instructions() else None


def _choose_device(wanted: Device, local_rank: int) -> torch.device:
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ModelError(
            f"device cuda was asked for, but torch {torch.__version__} finds no NVIDIA GPU that it "
            "can use here; check the driver with nvidia-smi, or choose --device cpu"
        )
    return torch.device("cuda", local_rank)


def _has_bf16_instructions() -> bool:
    """Return whether this CPU computes with bf16 itself, which is then about twice as fast."""
    found = torch.cpu.get_capabilities()
    return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
