"""Sizes chosen for open dimensions: ONNX Runtime runs the model with them."""

import numpy as np
import onnxruntime
import pytest

from tests.loading.networks import NETWORKS, feeds
from tests.onnx_text import loaded


@pytest.mark.parametrize("name", NETWORKS)
def test_models_run_with_the_sizes_that_are_chosen(tmp_path, name):
    proto = NETWORKS[name]()
    model = loaded(tmp_path, proto)
    print(name, dict(model.bindings), model.warnings)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    shapes = {model.tensors[index].name: model.tensors[index].sizes for index in model.inputs}
    made = session.run(None, feeds(proto, shapes))
    for index, value in zip(model.outputs, made, strict=True):
        assert model.tensors[index].shape == np.shape(value)
    assert not any("fit" in warning for warning in model.warnings)
