"""Reads the hand model: the shipped OpenHand (.safetensors) or the user's own MANO_RIGHT.pkl, without chumpy or scipy."""

from __future__ import annotations

import os
import pickle
from typing import Any, Dict, Optional, Sequence, Union

import numpy as np

from .safetensors_io import read_safetensors

Hand = Dict[str, np.ndarray]
"""v_template [V, 3], shapedirs [V, 3, 10], posedirs [V, 3, 135], J_regressor [16, V], weights [V, 16], f [F, 3],
parents [16], hands_mean [45], tips [5] (thumb, index, middle, ring, pinky)."""

HO3D_TIPS = (744, 333, 444, 555, 672)
SMPLX_TIPS = (744, 320, 443, 554, 671)


def load_hand(path: Union[str, os.PathLike], tips: Optional[Sequence[int]] = None) -> Hand:
    """Metres, right hand. `tips` belong to the data set whose labels are used; by default the file's own, or HO-3D's.

    Raises ValueError naming the entry when the file is not a hand model.
    """
    pickled = str(path).endswith(".pkl")
    entries = _read_pickle(path) if pickled else read_safetensors(path)
    if pickled:
        entries = {**entries, "tips": np.array(HO3D_TIPS), "smplx_tips": np.array(SMPLX_TIPS)}
    if tips is not None:
        entries = {**entries, "tips": np.array(tips)}
    missing = [name for name in ("v_template", "f", "kintree_table", "hands_mean", "tips") if name not in entries]
    if missing:
        raise ValueError(f"{path}: entries {missing} are missing; expected a MANO hand model such as MANO_RIGHT.pkl")
    vertex_count = len(entries["v_template"])
    parents = np.asarray(entries["kintree_table"])[0].astype(np.int64)
    hand = {
        "v_template": _array(path, entries, "v_template", (vertex_count, 3)),
        "shapedirs": _array(path, entries, "shapedirs", (vertex_count, 3, 10)),
        "posedirs": _array(path, entries, "posedirs", (vertex_count, 3, 135)),
        "J_regressor": _array(path, entries, "J_regressor", (16, vertex_count)),
        "weights": _array(path, entries, "weights", (vertex_count, 16)),
        "hands_mean": _array(path, entries, "hands_mean", (45,)),
        "f": np.asarray(entries["f"]).astype(np.int64),
        "parents": np.where(parents >= 2**31, -1, parents),  # the root's parent is written as 2^32 - 1
        "tips": np.asarray(entries["tips"]).astype(np.int64),
    }
    if "smplx_tips" in entries and vertex_count == 778:
        hand["smplx_tips"] = entries["smplx_tips"]
    if hand["tips"].max() >= vertex_count or hand["f"].max() >= vertex_count:
        raise ValueError(f"{path}: a face or a finger tip names a vertex that is not among {vertex_count}")
    return hand


def _array(path: Any, entries: Dict[str, Any], name: str, shape: tuple) -> np.ndarray:
    array = np.asarray(entries.get(name), dtype=np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"{path}: entry {name!r} has shape {array.shape}, expected {shape} and finite numbers")
    return array


class _Stub:
    """Stands for a chumpy or scipy object: keeps its state and runs none of its code."""

    def __init__(self, *args: Any) -> None:
        pass

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self.__dict__.update(state)


class _Unpickler(pickle.Unpickler):
    """Resolves the names that a MANO file needs and refuses every other."""

    NUMPY = {"_reconstruct", "ndarray", "dtype", "scalar"}
    BUILTINS = {"set": set, "object": object, "list": list, "dict": dict}

    def find_class(self, module: str, name: str) -> Any:
        package = module.split(".")[0]
        if package == "numpy" and name in self.NUMPY:
            return super().find_class(module.replace("numpy._core", "numpy.core"), name)
        if module in ("__builtin__", "builtins") and name in self.BUILTINS:
            return self.BUILTINS[name]
        if package == "chumpy" or (package == "scipy" and name == "csc_matrix"):
            return _Stub
        if module == "copy_reg" and name == "_reconstructor":
            return lambda cls, base, state: cls()
        if module == "_codecs" and name == "encode":
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which a hand model does not need")


def _read_pickle(path: Any) -> Dict[str, Any]:
    with open(path, "rb") as file:
        entries = _Unpickler(file, encoding="latin1").load()
    if not isinstance(entries, dict):
        raise ValueError(f"{path}: holds a {type(entries).__name__}, expected a dictionary such as MANO_RIGHT.pkl")
    return {name: _dense(value) if isinstance(value, _Stub) else value for name, value in entries.items()}


def _dense(stub: _Stub) -> np.ndarray:
    state = stub.__dict__
    if "indptr" in state:  # scipy.sparse.csc_matrix
        dense = np.zeros(state.get("_shape", state.get("shape")))
        for column, (begin, end) in enumerate(zip(state["indptr"][:-1], state["indptr"][1:])):
            dense[state["indices"][begin:end], column] = state["data"][begin:end]
        return dense
    if "idxs" in state:  # chumpy.reordering.Select
        return _dense(state["a"]).ravel()[state["idxs"]].reshape(state["preferred_shape"])
    return np.asarray(state["x"])  # chumpy.ch.Ch
