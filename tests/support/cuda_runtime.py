"""A stand-in for ONNX Runtime with CUDA, for tests on machines without a GPU."""

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

Array = npt.NDArray[np.float32]

NO_GPU = """/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154
std::conditional_t<THRW, void, Status> onnxruntime::CudaCall(ERRTYPE, const char*, int)
CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=h ; file=f.cc ; line=35"""
"""What onnxruntime-gpu 1.31.1 says where there is a driver and no GPU, shortened."""


class CudaRuntime:
    """A stand-in for ONNX Runtime's CUDA provider; the network itself runs on the CPU.

    As the real one does, it prints while it loads libraries and, where the fallback is left on,
    prints its failure to stdout and continues on the CPU.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failure: str | None = None
        self.run_failure: Exception | None = None
        self.options: dict[str, str] = {}
        self.calls: list[str] = []
        self.batches: list[int] = []
        real = onnxruntime.InferenceSession
        runtime = self

        class Session:
            def __init__(
                self,
                path: str,
                options: object,
                providers: list[str | tuple[str, dict[str, str]]],
                enable_fallback: int = 1,
            ) -> None:
                self._session = real(path, options, providers=["CPUExecutionProvider"])
                self.providers = ["CPUExecutionProvider"]
                name, given = (
                    providers[0] if isinstance(providers[0], tuple) else (providers[0], {})
                )
                if name == "CUDAExecutionProvider":
                    runtime.calls.append("session")
                    runtime.options = given
                    if runtime.failure is None:
                        self.providers = [name, "CPUExecutionProvider"]
                    elif enable_fallback:
                        print("EP Error", runtime.failure)
                    else:
                        raise RuntimeError(runtime.failure)

            def run(self, names: list[str], inputs: dict[str, Array]) -> list[Array]:
                runtime.batches += [len(batch) for batch in inputs.values()]
                if runtime.run_failure is not None:
                    raise runtime.run_failure
                found: list[Array] = self._session.run(names, inputs)
                return found

            def get_providers(self) -> list[str]:
                return self.providers

            def __getattr__(self, name: str) -> object:
                return getattr(self._session, name)

        def preload_dlls() -> None:
            runtime.calls.append("preload")
            print("Failed to load libcufft.so.12")

        offered = ["CUDAExecutionProvider", "CPUExecutionProvider"]
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: offered)
        monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
        monkeypatch.setattr(onnxruntime, "preload_dlls", preload_dlls, raising=False)
