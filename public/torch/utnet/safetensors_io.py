"""Reads and writes .safetensors with numpy alone: 8 bytes of header length, JSON header, little-endian arrays."""

from __future__ import annotations

import json
import os
import struct
from typing import Dict, Mapping, Optional, Union

import numpy as np
import torch
from torch import Tensor

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U32": "<u4", "U8": "|u1", "BOOL": "|b1"}
NAMES = {np.dtype(numpy_name): name for name, numpy_name in DTYPES.items()}


def read_safetensors(path: Union[str, os.PathLike]) -> Dict[str, np.ndarray]:
    """All arrays by name. Raises ValueError for a file of another kind or a type that numpy does not have."""
    with open(path, "rb") as file:
        content = file.read()
    start = 8 + struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else 0
    if not 8 < start <= len(content):
        raise ValueError(f"{path}: {len(content)} bytes do not begin with a safetensors header; is the file whole?")
    arrays = {}
    for name, entry in json.loads(content[8:start]).items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in DTYPES:
            raise ValueError(f"{path}: tensor {name!r} is {entry['dtype']}, expected one of {sorted(DTYPES)}")
        begin, end = entry["data_offsets"]
        values = np.frombuffer(content[start + begin : start + end], dtype=DTYPES[entry["dtype"]])
        arrays[name] = values.reshape(entry["shape"]).copy()
    return arrays


def write_safetensors(
    path: Union[str, os.PathLike], arrays: Mapping[str, np.ndarray], metadata: Optional[Mapping[str, str]] = None
) -> None:
    """Writes arrays in the given order; the same arrays give the same bytes."""
    header: Dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    chunks, offset = [], 0
    for name, array in arrays.items():
        array = np.asarray(array)
        little = array.astype(array.dtype.newbyteorder("<"))
        chunk = little.tobytes()
        span = [offset, offset + len(chunk)]
        header[name] = {"dtype": NAMES[little.dtype], "shape": list(array.shape), "data_offsets": span}
        chunks.append(chunk)
        offset += len(chunk)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def load_state(path: Union[str, os.PathLike]) -> Dict[str, Tensor]:
    """A checkpoint for `model.load_state_dict(load_state(path))`."""
    return {name: torch.from_numpy(array) for name, array in read_safetensors(path).items()}


def save_state(path: Union[str, os.PathLike], state: Mapping[str, Tensor]) -> None:
    """Writes `model.state_dict()`."""
    write_safetensors(path, {name: tensor.detach().cpu().numpy() for name, tensor in state.items()})
