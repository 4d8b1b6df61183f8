"""Files of other formats under a name that ends in .onnx are named for what they are.

The first bytes are those of files that the libraries wrote: safetensors, gguf, scikit-learn,
joblib, LightGBM, XGBoost, h5py, Keras, coremltools, OpenVINO, ONNX Runtime, NumPy, TensorBoard (for
TensorFlow's messages) and onnx. Of PyTorch, TensorFlow Lite, ExecuTorch, MindSpore, Paddle,
Caffe, CatBoost, ncnn, RKNN, TensorRT and the stores of large files, they are those of their
documentation or source, as these were not run here.
"""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.errors import LoadError
from gallery.loading.load import load
from gallery.loading.wire import model_digest, varint
from tests.onnx_text import parse, write

RELU = "net (float[1,4] x) => (float[1,4] y) { y = Relu(x) }"


def said(folder: Path, content: bytes) -> str:
    with pytest.raises(LoadError) as caught:
        load(write(folder, content))
    return str(caught.value).removeprefix("net: load: ")


def message(*fields: tuple[int, int | bytes]) -> bytes:
    """A protobuf message of numbers and of bytes."""
    return b"".join(
        varint(number << 3) + varint(value)
        if isinstance(value, int)
        else varint(number << 3 | 2) + varint(len(value)) + value
        for number, value in fields
    )


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"0" * 40)
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.onnx"))
    return stream.getvalue()


def saved_numpy(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    if arrays:
        np.savez(stream, **arrays)
    else:
        np.save(stream, np.ones(3))
    return stream.getvalue()


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(8)


def flatbuffer(identifier: bytes, offset: int = 0x1C) -> bytes:
    return offset.to_bytes(4, "little") + identifier + bytes(64)


def pickled(module: str, protocol: int) -> bytes:
    """The pickle of a class of this module; nothing of it is imported."""
    if protocol < 4:
        return b"\x80" + bytes([protocol]) + b"c" + module.encode() + b"\nModel\nq\0."
    name = module.encode()
    short = b"\x8c" + bytes([len(name)]) + name + b"\x94\x8c\x05Model\x94\x93\x94."
    return b"\x80" + bytes([protocol]) + b"\x95" + len(short).to_bytes(8, "little") + short


NODE_DEF = message((1, b"x"), (2, b"Placeholder"))
META_GRAPH = message((1, message((4, b"serve"), (5, b"2.15.0"))), (2, message((1, NODE_DEF))))
PADDLE_BLOCK = b"\x08\x00\x10" + b"\xff" * 9 + b"\x01" + message((3, b"\n\x01x"))
S3_ERROR = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'
TORCH = ("archive/data.pkl", "archive/byteorder", "archive/data/0", "archive/version")
SCRIPT = (*TORCH, "archive/code/__torch__/torch/nn.py", "archive/constants.pkl")
ENGINE_DATA = json.dumps({"task": "detect"}).encode()

CASES: dict[str, tuple[bytes, str, str]] = {
    "tflite": (flatbuffer(b"TFL3"), "TensorFlow Lite", "tf2onnx.convert --tflite"),
    "ort": (flatbuffer(b"ORTM", 0x18), "ORT format", "the .onnx that it was converted from"),
    "executorch": (flatbuffer(b"ET12"), "an ExecuTorch program", "made from"),
    "mindspore lite": (flatbuffer(b"MSL2"), "a MindSpore Lite model", "made from"),
    "safetensors": (safetensors(), "a SafeTensors file", "torch.onnx.export"),
    "gguf": (b"GGUF\3\0\0\0" + bytes(32), "a GGUF file", "optimum-cli export onnx"),
    "ggml": (b"tjgg\3\0\0\0" + bytes(32), "a GGML file", "no graph"),
    "core ml network": (
        message((1, 4), (2, b"\n\x0e\n\x01x\x1a\t*\7\n\1\3"), (500, b"\n\1r")),
        "a Core ML model",
        "made from",
    ),
    "core ml program": (message((1, 7), (2, b"\n\3\n\1x"), (502, b"\x08\1")), "a Core ML", ""),
    "core ml trees": (message((1, 4), (402, b"\n\2\x10\1")), "a Core ML model", ""),
    "core ml package": (zipped("m.mlpackage/Manifest.json"), "a Core ML model", ""),
    "torchscript": (zipped(*SCRIPT), "a TorchScript program", "torch.jit.load"),
    "checkpoint": (zipped(*TORCH), "a PyTorch checkpoint", "torch.onnx.export"),
    "old checkpoint": (
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
        "a PyTorch checkpoint",
        "torch.onnx.export",
    ),
    "exported program": (zipped("m/archive_format", "m/models/model.json"), "torch.export", ""),
    "keras 3": (
        zipped("metadata.json", "config.json", "model.weights.h5"),
        "a Keras model",
        'format="onnx"',
    ),
    "keras json": (
        b'{"module": "keras", "class_name": "Sequential", "config": {}}',
        "a Keras model as JSON",
        "model_from_json",
    ),
    "keras 2": (b"\x89HDF\r\n\x1a\n" + bytes(64), "an HDF5 file", "keras"),
    "saved model": (message((1, 1), (2, META_GRAPH)), "SavedModel", "tf2onnx --saved-model"),
    "zipped saved model": (zipped("m/saved_model.pb", "m/variables/x"), "SavedModel", "unpack"),
    "graph def": (
        message((1, NODE_DEF), (1, NODE_DEF), (4, message((1, 1000)))),
        "a frozen TensorFlow graph",
        "tf2onnx --graphdef",
    ),
    "paddle": (message((1, PADDLE_BLOCK), (4, b"\x08\0")), "a Paddle model", "paddle2onnx"),
    "paddle 3": (b'{"base_code":{"magic":"pir","version":1}}', "a Paddle model", "paddle2onnx"),
    "mindir": (message((1, b"0.1.0"), (2, b"MindSpore"), (7, b"")), "a MindSpore", "convert_model"),
    "caffe": (message((1, b"LeNet"), (100, message((1, b"data")))), "a Caffe model", "made from"),
    "caffe text": (b'name: "LeNet"\nlayer {\n  name: "data"\n}', "a Caffe network", "made from"),
    "darknet": (b"# testing\n[net]\nbatch=1\n", "a Darknet network", "made from"),
    "openvino": (
        b'<?xml version="1.0"?>\n<net name="Model0" version="11">\n\t<layers>',
        "an OpenVINO model",
        "made from",
    ),
    "tensorrt": (b"ftrt" + bytes(32), "a TensorRT engine", "the .onnx that it was built from"),
    "old tensorrt": (b"ptrt" + bytes(32), "a TensorRT engine", "the .onnx that it was built from"),
    "ultralytics": (
        len(ENGINE_DATA).to_bytes(4, "little") + ENGINE_DATA + b"ftrt" + bytes(32),
        "a TensorRT engine",
        "built from",
    ),
    "ncnn": (b"7767517\n2 2\nInput in0 0 1 in0\n", "an ncnn model", "made from"),
    "ncnn binary": (b"\xdd\x85\x76\0\2\0\0\0\2\0\0\0", "an ncnn model", "made from"),
    "rknn": (b"RKNN\0\0\0\0\3\0\0\0" + bytes(32), "an RKNN model", "made from"),
    "mxnet": (
        b'{\n  "nodes": [\n    {\n      "op": "null", \n      "name": "data"',
        "an MXNet symbol",
        "made from",
    ),
    "tensorflow.js": (
        b'{"format": "graph-model", "generatedBy": "2.15", "modelTopology": {"node": []}}',
        "a TensorFlow.js model",
        "made from",
    ),
    "pmml": (b'<?xml version="1.0"?>\n<PMML version="4.4">', "a PMML document", "made from"),
    **{
        f"scikit-learn {n}": (
            pickled("sklearn.linear_model._logistic", n),
            "a pickled scikit-learn model",
            "skl2onnx",
        )
        for n in range(2, 6)
    },
    "pickled trees": (pickled("lightgbm.basic", 4), "a pickled model", "onnxmltools"),
    "pickle": (pickle.dumps({"a": [1, 2]}), "a Python pickle", "export the model to ONNX"),
    "joblib": (zlib.compress(pickle.dumps([1] * 99)), "compressed by zlib", "skl2onnx"),
    "lightgbm": (b"tree\nversion=v4\nnum_class=1\n", "a LightGBM model", "onnxmltools"),
    "lightgbm json": (b'{"name": "tree", "version": "v4"', "a LightGBM model", "onnxmltools"),
    "xgboost json": (b'{"learner":{"attributes":{}}}', "an XGBoost model", "onnxmltools"),
    "xgboost": (b"{L\0\0\0\0\0\0\0\7learner{L", "an XGBoost model", "onnxmltools"),
    "old xgboost": (b"binf" + bytes(64), "an XGBoost model", "onnxmltools"),
    "catboost": (b"CBM1" + bytes(64), "a CatBoost model", 'format="onnx"'),
    "libsvm": (b"svm_type c_svc\nkernel_type rbf\n", "a LIBSVM model", "onnxmltools"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "LFS", "git lfs pull"),
    "xet": (b"# xet version 0\nfilesize = 12\n", "a Xet pointer", "run hf download "),
    "dvc": (b"outs:\n- md5: a304afb96060aad90176268345e10355\n", "a DVC pointer", "dvc pull"),
    "annex": (b"/annex/objects/SHA256E-s4--ab.onnx\n", "a git-annex pointer", "git annex get"),
    "page": (b"<!-- a -->\n<!DOCTYPE html>\n<title>Sign in", "a web page", "the file itself"),
    "page without a type": (b"\n<html lang=en><head>", "a web page", "the file itself"),
    "store's error": (S3_ERROR, "an error message", "download the file again"),
    "hub's error": (b'{"error":"Repository not found"}', "an error message", "account"),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(16), "a gzip archive", "unpack it"),
    "zstandard": (b"\x28\xb5\x2f\xfd" + bytes(16), "a Zstandard archive", "unpack it"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(16), "a 7z archive", "unpack it"),
    "tar": (tarred(), "a tar archive", "unpack it"),
    "zip": (zipped("model.bin", "read.me"), "a ZIP archive, not", "unpack it"),
    "zip of a model": (zipped("a/model.onnx"), "a ZIP archive with an ONNX model", "unpack it"),
    "cut zip": (zipped("a/model.onnx")[:50], "a ZIP archive, not", "unpack it"),
    "numpy": (saved_numpy(), "a NumPy array", "in its place"),
    "numpy archive": (saved_numpy(a=np.ones(3)), "a NumPy archive", "in its place"),
    "png": (b"\x89PNG\r\n\x1a\n", "a PNG picture", "in its place"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_named_for_what_it_is(tmp_path: Path, name: str) -> None:
    content, what, way = CASES[name]
    text = said(tmp_path, content)
    found, _, hint = text.partition("; ")
    assert found.startswith("this is ")
    assert what in found
    assert way in hint


@pytest.mark.parametrize("name", CASES)
def test_no_format_is_named_by_the_end_of_another_file(tmp_path: Path, name: str) -> None:
    """Bytes that mean nothing at the start of a file are said to be unknown."""
    content, what, _ = CASES[name]
    assert what not in said(tmp_path, b"\xf0" * 7 + content)


def test_what_onnx_runtime_writes_is_named(tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "net.ort")
    options.add_session_config_entry("session.save_model_format", "ORT")
    onnxruntime.InferenceSession(parse(RELU).SerializeToString(), options)
    assert "ORT format" in said(tmp_path, (tmp_path / "net.ort").read_bytes())
    back = onnxruntime.SessionOptions()
    back.optimized_model_filepath = str(tmp_path / "back.onnx")
    back.add_session_config_entry("session.save_model_format", "ONNX")
    onnxruntime.InferenceSession(str(tmp_path / "net.ort"), back)
    assert [one.type for one in load(tmp_path / "back.onnx").operators] == ["Relu"]


@pytest.mark.filterwarnings("ignore:The onnxtxt format is experimental")
@pytest.mark.parametrize("form", ["json", "textproto", "onnxtxt"])
def test_the_text_of_a_model_is_one_step_from_it(tmp_path: Path, form: str) -> None:
    path = tmp_path / "text.onnx"
    onnx.save(parse(RELU), path, format=form)
    text = said(tmp_path, path.read_bytes())
    assert text.startswith("this is an ONNX model as ")
    assert "not an ONNX model" not in text
    assert f'format="{form}"' in text
    onnx.save(onnx.load(path, format=form), tmp_path / "model.onnx")
    assert load(tmp_path / "model.onnx").operators


def test_a_tensor_is_not_a_model(tmp_path: Path) -> None:
    tensor = onnx.numpy_helper.from_array(np.ones((1, 3, 4), np.float32), "x")
    assert said(tmp_path, tensor.SerializeToString()).startswith("this is a single ONNX tensor")


def test_comments_without_an_end_are_no_maze(tmp_path: Path) -> None:
    assert said(tmp_path, b"<!---->" * 500).startswith("this is text, not an ONNX model")


@given(st.text(max_size=12), st.text(max_size=12), st.integers(0, 300))
def test_models_are_never_taken_for_another_format(
    tmp_path_factory: pytest.TempPathFactory, producer: str, domain: str, version: int
) -> None:
    model = parse(RELU)
    model.producer_name, model.domain, model.model_version = producer, domain, version
    folder = tmp_path_factory.mktemp("model")
    assert load(write(folder, model.SerializeToString())).operators
    # Protobuf allows the fields in any order.
    backwards = (
        b"".join(
            type(model)(**{field.name: value}).SerializeToString()
            for field, value in reversed(model.ListFields())
            if not isinstance(value, list) and field.name != "opset_import"
        )
        + onnx.ModelProto(opset_import=model.opset_import).SerializeToString()
    )
    assert load(write(folder, backwards)).operators


def test_a_digest_tells_archives_by_their_lists_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said of a large file is remembered by its digest."""
    monkeypatch.setattr("gallery.loading.wire.WHOLE", 16)
    digests = set()
    for name in ("a.onnx", "b.onnx"):
        path = write(tmp_path, zipped(*["0" * 40 + str(n) for n in range(150)], name))
        with path.open("rb") as file:
            digests.add(model_digest(file.fileno(), path.stat().st_size))
    assert len(digests) == 2
