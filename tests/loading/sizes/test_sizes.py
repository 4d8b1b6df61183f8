"""Sizes chosen for open dimensions: ONNX Runtime runs the model with them."""

import numpy as np
import onnx
import onnxruntime
import pytest

import tests.loading.sizes.more_networks  # noqa: F401 - adds to NETWORKS
from gallery.loading.load import load
from tests.loading.sizes.net import NETWORKS, Net, feeds
from tests.loading.sizes.networks import classifier, unet
from tests.loading.sizes.sequence_networks import decoder
from tests.onnx_text import HEADER, loaded, parse, shape_of, write

OLD = HEADER.replace("20", "17").replace("10", "8")


def run(proto, model):
    """The outputs with inputs of the sizes that the model was loaded with."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    shapes = {model.tensors[index].name: model.tensors[index].sizes for index in model.inputs}
    return session.run(None, feeds(proto, shapes))


@pytest.mark.parametrize("name", NETWORKS)
def test_models_run_with_the_sizes_that_are_chosen(tmp_path, name):
    proto = NETWORKS[name]()
    model = loaded(tmp_path, proto)
    for index, value in zip(model.outputs, run(proto, model), strict=True):
        assert model.tensors[index].shape == np.shape(value)
    assert not any(" fit " in warning for warning in model.warnings)
    assert set(model.assumed) == set(model.bindings)


USUAL = {
    "unet_16": {"batch": 1, "height": 224, "width": 224},
    "unet_128": {"image[0]": 1, "image[2]": 256, "image[3]": 256},
    "detector": {"batch": 1, "h": 256, "w": 256},
    "channels_last": {"unk__12": 1, "unk__13": 224, "unk__14": 224},
    "digits": {"N": 1, "H": 28, "W": 28},
    "faces": {"x[0]": 1, "x[2]": 112, "x[3]": 112},
    "recogniser": {"p2o.DynamicDimension.0": 1, "p2o.DynamicDimension.1": 224},
    "speech": {"batch_size": 1, "sequence_length": 16000},
    "listener": {"batch_size": 1, "encoder_sequence_length": 3000},
    "voice_detector": {"input[0]": 1, "input[1]": 16000, "state[1]": 1},
    "short_text": {"batch_size": 1, "sequence_length": 77},
    "decoder_by_names": {
        "batch_size": 1,
        "sequence_length": 128,
        "past_sequence_length": 0,
        "total_sequence_length": 128,
    },
    "decoder_fixed_past": {"seq": 128, "total": 144},
    "decoder_with_a_sink": {
        "sequence_length": 128,
        "past_sequence_length": 0,
        "total_sequence_length": 129,
    },
    "cloud": {"B": 1, "N": 1024},
    "latents": {"batch": 1, "height": 64, "width": 64, "sequence": 128},
    "rows": {"X[0]": 1},
    "features_open": {"X[0]": 1, "X[1]": 13},
    "half_rate": {"s77": 1, "s48": 7, "s53": 7},
    "chunks": {"samples": 16200},
    "long_text": {"batch": 1, "time": 512},
    "anchors_of_640": {"batch": 1, "height": 640, "width": 640},
    "waves_1d": {"unk__1": 16000},
    "squeeze_frames": {"batch": 1, "sequence": 256},
    "positions_40": {"batch": 1, "sequence": 40},
    "chat": {"batch": 1, "seq_len": 128, "history_len": 0, "all_len": 128},
    "clicks": {"batch": 1, "num_points": 1},
    "bands": {"input_dim_0": 224, "input_dim_1": 80},
    "scaled_bands": {"frames": 100, "bins": 72, "channels": 3},
    "squeezed_batch": {"n": 2},
    "one_name_two_sizes": {"N": 224, "ids[0]": 1, "ids[1]": 128, "image[0]": 1},
}


@pytest.mark.parametrize("name", USUAL)
def test_sizes_are_usual_for_what_they_stand_for(tmp_path, name):
    assert loaded(tmp_path, NETWORKS[name]()).bindings == USUAL[name]


def test_what_was_assumed_is_said(tmp_path):
    path = write(tmp_path, unet(4, "batch", 3, "height", "width"))
    assert load(path).warnings == (
        "assumed sizes: batch 1, height 224, width 224; --dim height=SIZE or dims in the front "
        "matter set others",
    )
    some = load(path, dims={"height": 64})
    assert (some.bindings["height"], some.assumed) == (64, ("batch", "width"))
    assert load(path, dims={"batch": 2, "height": 64, "width": 32}).warnings == ()
    assert load(path, default_dim=16).warnings == ()
    unnamed = write(tmp_path, unet(4, None, 3, None, 32))
    assert "--dim 'image[2]=SIZE' or dims" in load(unnamed).warnings[0]


@pytest.mark.parametrize(
    ("dims", "told"),
    [
        (("n", 3, 1), "; n 1 does not fit at Add "),
        (("n", 3, "m"), "; n 1, m 128 do not fit at Add "),
    ],
)
def test_one_size_does_not_fit_and_several_do_not(tmp_path, dims, told):
    net = Net()
    x = net.input("x", dims)
    made = [net.op("Add", x, net.weight(7, 1)), net.op("Add", x, net.weight(5, 1))]
    noted = loaded(tmp_path, net.model(*made)).warnings
    assert any(told in one and "(and 1 more operator)" in one for one in noted)


def test_a_batch_of_one_is_nothing_to_speak_of(tmp_path):
    assert loaded(tmp_path, NETWORKS["rows"]()).warnings == ()


def test_dimensions_of_one_name_are_set_apart(tmp_path):
    proto = unet(2, "batch", 3, "side", "side")
    model = loaded(tmp_path, proto, **{"image[2]": 48, "side": 64})
    assert shape_of(model, "image") == (1, 3, 48, 64)
    assert model.bindings == {"batch": 1, "side": 64, "image[2]": 48}
    run(proto, model)
    model = loaded(tmp_path, proto, **{"image[3]": 48})
    assert shape_of(model, "image") == (1, 3, 224, 48)


def test_a_chosen_name_holds_for_all_that_have_it(tmp_path):
    proto = NETWORKS["one_name_two_sizes"]()
    assert loaded(tmp_path, proto, N=8).bindings == {"N": 8}
    assert loaded(tmp_path, proto, **{"N": 8, "ids[0]": 3}).bindings == {"N": 8, "ids[0]": 3}
    marks = unet(1, "?", 3, "?", "?")
    assert shape_of(loaded(tmp_path, marks, **{"?": 8}), "image") == (8, 3, 8, 8)
    assert shape_of(loaded(tmp_path, marks, **{"?": 8, "image[0]": 2}), "image") == (2, 3, 8, 8)


def test_names_that_no_input_has_are_said(tmp_path):
    path = write(tmp_path, unet(1, "batch", 3, "height", None))
    told = load(path, dims={"hieght": 64, "image[1]": 3, "image[3]": 8}).warnings[0]
    assert told == (
        "no input has the dimension 'hieght', 'image[1]'; the dimensions that can be set are "
        "'batch', 'height', 'image[3]'"
    )
    assert load(path, dims={"n": 2}, default_dim=8, shared={"n"}).warnings == ()
    fixed = write(tmp_path, unet(1, 1, 3, 8, 8))
    assert load(fixed, dims={"n": 2}).warnings == (
        "no input has the dimension 'n'; none can be set",
    )


def test_chosen_sizes_win_even_where_they_do_not_fit(tmp_path):
    path = write(tmp_path, unet(4, 1, 3, "height", "width"))
    model = load(path, dims={"height": 100, "width": 64})
    assert shape_of(model, "image") == (1, 3, 100, 64)
    (told, *_) = model.warnings
    assert told.startswith("the chosen sizes (height 100, width 64) do not fit together at Concat ")
    model = load(path, dims={"height": 100})
    assert model.bindings["height"] == 100
    assert any("no sizes that fit beside the chosen height 100" in one for one in model.warnings)


def test_a_chosen_sequence_leads_the_total(tmp_path):
    proto = decoder("seq", "past_length", "total_length")
    model = loaded(tmp_path, proto, seq=5, past_length=7)
    assert model.bindings["total_length"] == 12
    run(proto, model)
    model = loaded(tmp_path, proto, total_length=24)
    assert model.bindings["seq"] + model.bindings["past_length"] == 24
    run(proto, model)


def test_sizes_at_which_nothing_fits_are_called_that(tmp_path):
    net = Net()
    x = net.input("x", [1, "height"])
    y = net.op("Add", net.op("Concat", x, x, axis=1), net.weight(1, 3))
    model = loaded(tmp_path, net.model(y))
    told = [one for one in model.warnings if "no sizes that fit" in one]
    assert len(told) == 1
    assert "sizes of 2 and 3 should be equal" in told[0]


def test_files_that_contradict_themselves_are_not_searched(tmp_path):
    told = loaded(tmp_path, unet(4, 1, 3, 100, 100)).warnings[0]
    assert told.startswith("the sizes in the file contradict each other at Concat ")


def test_a_branch_that_is_not_taken_need_not_fit(tmp_path):
    text = (
        OLD
        + """net (float[1,w] x, bool c) => (float[p,q] y) <float[1,3] k = {1,2,3}> {
        y = If(c) <then_branch = a () => (float[r,s] t) { t = Neg(x) },
                   else_branch = b () => (float[u,v] e) { d = Concat<axis=1>(x, x) e = Add(d, k) }>
    }"""
    )
    assert [one for one in loaded(tmp_path, text, w=8).warnings if "fit" in one] == []
    both = text.replace("t = Neg(x)", "t = Add(x, k)")
    assert [one for one in loaded(tmp_path, both, w=8).warnings if "do not fit together" in one]


def test_no_warning_of_numpy_comes_through(tmp_path, recwarn):
    text = (
        OLD
        + """net (float[n] x) => (y)
        <int64 one = {1}, int64 zero = {0}, float half = {0.5}, float none = {0}> {
            y = Relu(x) d = Div(one, zero) m = Mod(one, zero) f = Div(half, none)
            r = Reciprocal(none) s = Sqrt(f) i = Cast<to=7>(f) }"""
    )
    loaded(tmp_path, text)
    assert [one.message for one in recwarn] == []


@pytest.mark.parametrize("side", [27, 32, 61, 97, 150, 331, 480, 1023])
def test_pictures_whose_size_weights_fix_are_found(tmp_path, side):
    proto = classifier(side, 3, "N", 3, "H", "W")
    run(proto, loaded(tmp_path, proto))


@pytest.mark.parametrize("levels", range(1, 9))
def test_pictures_that_are_halved(tmp_path, levels):
    proto = unet(levels, None, 3, "s0", "s1")
    model = loaded(tmp_path, proto)
    assert shape_of(model, "image")[2] == max(1, -(-224 // 2**levels)) * 2**levels
    run(proto, model)


@pytest.mark.parametrize(
    ("kind", "shape", "name", "size"),
    [
        (onnx.TensorProto.FLOAT, ["batch", 3, "height", "width"], "width", 224),
        (onnx.TensorProto.UINT8, ["h", "w", 3], "h", 224),
        (onnx.TensorProto.UINT8, [None, None, 3], "x[0]", 224),
        (onnx.TensorProto.UINT8, [None, None, None, 3], "x[1]", 224),
        (onnx.TensorProto.FLOAT, [None, 3, "?", "?"], "x[3]", 224),
        (onnx.TensorProto.FLOAT, ["None", 3, "None", "None"], "x[0]", 1),
        (onnx.TensorProto.FLOAT, ["None", 3, "None", "None"], "x[2]", 224),
        (
            onnx.TensorProto.INT64,
            ["DynamicDimension.0", "DynamicDimension.1"],
            "DynamicDimension.1",
            128,
        ),
        (onnx.TensorProto.INT64, ["unk__3", "unk__4"], "unk__4", 128),
        (onnx.TensorProto.FLOAT, [1, "num_samples"], "num_samples", 16000),
        (onnx.TensorProto.FLOAT, ["samples"], "samples", 16000),
        (onnx.TensorProto.FLOAT, ["N", 80, "n_frames"], "n_frames", 100),
        (onnx.TensorProto.FLOAT, ["batch", "seq_len", 768], "seq_len", 128),
        (onnx.TensorProto.FLOAT, ["batch", "num_boxes", 4], "batch", 1),
        (onnx.TensorProto.FLOAT, ["B", "num_points", 3], "num_points", 1024),
        (
            onnx.TensorProto.FLOAT,
            ["batch", 12, "past_sequence_length", 64],
            "past_sequence_length",
            0,
        ),
        (onnx.TensorProto.FLOAT, ["N", 13], "N", 1),
        (onnx.TensorProto.FLOAT, ["b", 3, "t", "h", "w"], "h", 224),
    ],
)
def test_names_and_layouts(tmp_path, kind, shape, name, size):
    value = onnx.helper.make_tensor_value_info("x", kind, shape)
    out = onnx.ValueInfoProto(name="y")
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "net", [value], [out])
    assert loaded(tmp_path, onnx.helper.make_model(graph)).bindings[name] == size


def test_inputs_without_a_shape_and_names_of_any_kind(tmp_path):
    proto = parse("net (float[n,m] x, float z) => (y) { y = Relu(x) w = Relu(z) }")
    for dim, text in zip(
        proto.graph.input[0].type.tensor_type.shape.dim, ("", "é (1"), strict=True
    ):
        dim.dim_param = text
    assert set(loaded(tmp_path, proto).bindings) == {"x[0]", "é (1"}


def test_a_size_of_zero_is_taken_as_open_and_told(tmp_path):
    text = "net (float[0,8] x, float[n,8] z) => (y, w) { y = Relu(x) w = Relu(z) }"
    model = loaded(tmp_path, text)
    assert shape_of(model, "y") == (1, 8)
    assert [note for note in model.warnings if "'x[0]' has the size 0" in note]
    assert not [note for note in model.warnings if "negative" in note]
    both = "net (float[0,8] x, float[0,8] z) => (y, w) { y = Relu(x) w = Relu(z) }"
    told = "'x[0]', 'z[0]' have the size 0"
    assert [note for note in loaded(tmp_path, both).warnings if told in note]
    past = "net (float[1,2,0,4] past, float[1,2,3,4] k) => (y) { y = Concat<axis = 2>(past, k) }"
    model = loaded(tmp_path, past)
    assert shape_of(model, "y") == (1, 2, 3, 4)
    assert not [note for note in model.warnings if "has the size 0" in note]


def test_a_negative_size_is_taken_as_open_and_told(tmp_path):
    proto = parse("net (float[n,8] x, float[m,8] z) => (y, w) { y = Relu(x) w = Relu(z) }")
    proto.graph.input[1].type.tensor_type.shape.dim[0].dim_value = -3
    model = loaded(tmp_path, proto)
    assert shape_of(model, "w") == (1, 8)
    (told,) = [note for note in model.warnings if "negative" in note]
    assert told.endswith("they are taken so: z[0] -3")


def test_keys_that_come_with_queries_are_no_earlier_ones(tmp_path):
    text = """<ir_version: 11, opset_import: ["": 24]>
        net (float[1,4,s,16] q, float[1,4,s,16] k, float[1,4,s,16] v) => (y) {
        y = Attention(q, k, v) }"""
    assert loaded(tmp_path, text).bindings == {"s": 128}
