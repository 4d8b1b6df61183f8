# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "diffusers>=0.42,<1",
#     "onnx>=1.23,<2",
#     "onnx-ir>=1.1,<2",
#     "onnxscript>=0.7,<0.8",
#     "timm>=1.0.31,<2",
#     "torch>=2.13,<2.14",
#     "torchvision>=0.28,<0.29",  # timm imports it
#     "transformers>=5.23,<6",
# ]
# ///
"""Export the sample models: topology and layer names, no weights.

`python models/export.py [NAME ...]` writes the named models (all by default) beside this file.
Parameters are never trained or downloaded: each is filled with one constant, and every payload
above 1 KiB becomes a reference to an external file that isn't written. The bytes therefore
depend on the versions of the packages alone, not on the machine, the clock or a random state.
"""

import argparse
import gc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import chain, pairwise
from math import prod
from pathlib import Path
from typing import Any

import onnx_ir as ir
import timm
import torch
import transformers
from diffusers import UNet2DConditionModel
from onnx_ir.passes import common as passes
from onnxscript.optimizer import fold_constants_ir
from onnxscript.rewriter import RewritePass
from onnxscript.rewriter.rules import common as rules
from torch import Tensor, nn

# Opset 20 is before Attention (23), so that attention stays MatMul, Softmax, MatMul.
EXPORTER = {"dynamo": True, "opset_version": 20, "optimize": False, "verbose": False}
INLINE_LIMIT = 1024  # bytes of a payload that stay in the model file
FOLD_LIMIT = 1 << 20  # elements of a constant worth computing: masks and position tables
FILL = 0.5  # every parameter's value; rewrites would drop 0 and 1 as neutral elements
REORDER = {"Concat", "Reshape", "Slice", "Transpose", "Unsqueeze"}
KIND = "pkg.torch.export.graph_signature.InputSpec.kind"
LAYER_KEYS = ("namespace", "pkg.torch.onnx.class_hierarchy", "pkg.torch.onnx.name_scopes")
# The exporter marks nodes of its own with this; such a node joins the layer that reads it first.
NO_LAYER = "_empty_nn_module_stack_from_metadata_hook"
# The exporter's default rules, without those that merge BatchNormalization into a convolution.
RULES = (
    "add_0", "cast_cast", "collapse_slice", "collapse_slice2", "div_by_1", "mul_by_1",
    "no_op_cast", "no_op_expand", "no_op_transpose", "remove_optional_bias_from_conv",
    "reshape_reshape", "sub_0", "transpose_transpose", "unsqueeze_unsqueeze",
)  # fmt: skip
POINTWISE = partial(nn.Conv1d, kernel_size=1)


def alexnet() -> nn.Module:
    """Make the one-tower AlexNet of "One weird trick" (arXiv:1404.5997)."""
    features = nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, 1, 1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(3, 2),
    )  # fmt: skip
    return ImageClassifier(features, 256 * 6 * 6)


def vgg16() -> nn.Module:
    """Make configuration D of arXiv:1409.1556."""
    layers, channels = [], 3
    for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return ImageClassifier(nn.Sequential(*layers), 512 * 7 * 7)


class ImageClassifier(nn.Module):
    """Convolutions, then three fully connected layers with dropout."""

    def __init__(self, features: nn.Module, width: int) -> None:
        super().__init__()
        self.features = features
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Linear(width, 4096), nn.ReLU(),
            nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
            nn.Linear(4096, 1000),
        )  # fmt: skip

    def forward(self, image: Tensor) -> Tensor:
        return self.classifier(self.features(image).flatten(1))


class UNet(nn.Module):
    """The U-Net of arXiv:1505.04597, unpadded: 572 pixels in, 388 out."""

    def __init__(self) -> None:
        super().__init__()
        widths = (64, 128, 256, 512, 1024)
        self.down = nn.ModuleList(self._double(c, w) for c, w in pairwise((1, *widths)))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths[-2::-1])
        self.merge = nn.ModuleList(self._double(2 * w, w) for w in widths[-2::-1])
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Conv2d(64, 2, 1)

    @staticmethod
    def _double(channels: int, width: int) -> nn.Module:
        first, second = nn.Conv2d(channels, width, 3), nn.Conv2d(width, width, 3)
        return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())

    def forward(self, image: Tensor) -> Tensor:
        skips = [self.down[0](image)]
        for block in self.down[1:]:
            skips.append(block(self.pool(skips[-1])))
        x = skips.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            x, skip = up(x), skips.pop()
            edge = (skip.shape[-1] - x.shape[-1]) // 2
            x = merge(torch.cat([skip[..., edge:-edge, edge:-edge], x], dim=1))
        return self.head(x)


class LanguageModel(nn.Module):
    """The medium LSTM of arXiv:1409.2329: two layers of 650 units, 10,000 words."""

    def __init__(self, words: int = 10_000, width: int = 650) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, width, num_layers=2, dropout=0.5, batch_first=True)
        self.decode = nn.Linear(width, words)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.decode(self.lstm(self.embed(tokens))[0])


class PointNet(nn.Module):
    """The classifier of arXiv:1612.00593, with its input and feature transforms."""

    def __init__(self) -> None:
        super().__init__()
        self.align_points, self.align_features = Align(3), Align(64)
        self.lift = normalized(POINTWISE, 3, 64, 64)
        self.widen = normalized(POINTWISE, 64, 64, 128, 1024)
        self.head = nn.Sequential(normalized(nn.Linear, 1024, 512, 256), nn.Linear(256, 40))

    def forward(self, points: Tensor) -> Tensor:
        x = self.align_features(self.lift(self.align_points(points)))
        return self.head(self.widen(x).amax(dim=2))


class Align(nn.Module):
    """T-Net: multiplies the points by a matrix that it predicts from all of them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.shared = normalized(POINTWISE, width, 64, 128, 1024)
        self.head = nn.Sequential(normalized(nn.Linear, 1024, 512, 256), nn.Linear(256, width**2))

    def forward(self, x: Tensor) -> Tensor:
        matrix = self.head(self.shared(x).amax(dim=2)).unflatten(1, (x.shape[1], x.shape[1]))
        return (matrix + torch.eye(x.shape[1])) @ x


def normalized(layer: Callable[[int, int], nn.Module], *widths: int) -> nn.Module:
    steps = ((layer(a, b), nn.BatchNorm1d(b), nn.ReLU()) for a, b in pairwise(widths))
    return nn.Sequential(*chain.from_iterable(steps))


class Output(nn.Module):
    """Calls a model by keyword and returns one tensor of its output."""

    def __init__(self, model: nn.Module, names: tuple[str, ...], answer: str) -> None:
        super().__init__()
        self.model, self.names, self.answer = model, names, answer

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.model(**dict(zip(self.names, inputs, strict=True)))[self.answer]


def text_model(kind: str, answer: str, *names: str, **sizes: Any) -> nn.Module:
    """Make a transformers model with attention written out rather than one fused call."""
    model_class = getattr(transformers, kind)
    config = model_class.config_class(**sizes, use_cache=False)
    config._attn_implementation = "eager"
    return Output(model_class(config), names, answer)


def diffusion_unet() -> nn.Module:
    """Make the denoiser of Stable Diffusion 1.x."""
    unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768)
    return Output(unet, ("sample", "timestep", "encoder_hidden_states"), "sample")


@dataclass(frozen=True, slots=True)
class Sample:
    """How to make a model, its inputs, and how many parameters it must have."""

    make: Callable[[], nn.Module] | str  # or timm's name for it
    inputs: dict[str, Tensor]
    parameters: int
    output: str = "logits"
    dims: dict[int, str] | None = None  # symbolic dimensions, by axis, of every input


def image(size: int = 224, channels: int = 3) -> dict[str, Tensor]:
    return {"image": torch.zeros(1, channels, size, size)}


def tokens(shape: tuple[int, int], *names: str) -> dict[str, Tensor]:
    return {name: torch.zeros(shape, dtype=torch.int64) for name in names or ("input_ids",)}


BERT_NAMES = ("input_ids", "attention_mask", "token_type_ids")
BERT = partial(text_model, "BertModel", "pooler_output", *BERT_NAMES)
GPT2 = partial(text_model, "GPT2LMHeadModel", "logits", "input_ids", "attention_mask")
GPT2_INPUTS = tokens((2, 64), "input_ids", "attention_mask")
TINY_LLAMA = partial(
    text_model, "LlamaForCausalLM", "logits", "input_ids",
    hidden_size=2048, intermediate_size=5632, num_hidden_layers=22, num_attention_heads=32,
    num_key_value_heads=4, vocab_size=32_000, max_position_embeddings=2048,
)  # fmt: skip
WHISPER = partial(
    text_model, "WhisperForConditionalGeneration", "logits", "input_features", "decoder_input_ids",
    d_model=384, encoder_layers=4, encoder_attention_heads=6, encoder_ffn_dim=1536,
    decoder_layers=4, decoder_attention_heads=6, decoder_ffn_dim=1536,
)  # fmt: skip
SPEECH = {"input_features": torch.zeros(1, 80, 3000)} | tokens((1, 64), "decoder_input_ids")
LATENT, STEP = torch.zeros(1, 4, 64, 64), torch.zeros(1, dtype=torch.int64)
DENOISE = {"sample": LATENT, "timestep": STEP, "text": torch.zeros(1, 77, 768)}
CONVNEXT = partial(timm.create_model, "convnext_tiny", global_pool="fastavg")
SAMPLES = {
    "alexnet": Sample(alexnet, image(), 61_100_840),
    "bert-base": Sample(BERT, tokens((1, 128), *BERT_NAMES), 109_482_240, "pooled"),
    "convnext-tiny": Sample(CONVNEXT, image(), 28_589_128),
    "densenet121": Sample("densenet121", image(), 7_978_856),
    "diffusion-unet": Sample(diffusion_unet, DENOISE, 859_520_964, "noise"),
    "efficientnet-b0": Sample("efficientnet_b0", image(), 5_288_548),
    "gpt2": Sample(GPT2, GPT2_INPUTS, 124_439_808, dims={0: "batch", 1: "sequence"}),
    "inception-v3": Sample("inception_v3", image(299), 23_834_568),
    "llama": Sample(TINY_LLAMA, tokens((1, 128)), 1_100_048_384),
    "lstm": Sample(LanguageModel, tokens((1, 35), "tokens"), 19_780_400),
    "mlp-mixer": Sample("mixer_b16_224", image(), 59_880_472),
    "mobilenetv2": Sample("mobilenetv2_100", image(), 3_504_872),
    "pointnet": Sample(PointNet, {"points": torch.zeros(1, 3, 1024)}, 3_480_049),
    "resnet18": Sample("resnet18", image(), 11_689_512),
    "resnet34": Sample("resnet34", image(), 21_797_672),
    "resnet50": Sample("resnet50", image(), 25_557_032),
    "swin-t": Sample("swin_tiny_patch4_window7_224", image(), 28_288_354),
    "unet": Sample(UNet, image(572, 1), 31_030_658, "mask"),
    "vgg16": Sample(vgg16, image(), 138_357_544),
    "vit-b16": Sample("vit_base_patch16_224", image(), 86_567_656),
    "whisper-tiny": Sample(WHISPER, SPEECH, 37_760_640),
}


def export(sample: Sample) -> ir.Model:
    """Trace the model, fold what depends only on shapes, keep layers and BatchNormalization."""
    make = partial(timm.create_model, sample.make) if isinstance(sample.make, str) else sample.make
    module = make().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(FILL)
    model = torch.onnx.export(
        module,
        tuple(sample.inputs.values()),
        input_names=list(sample.inputs),
        output_names=[sample.output],
        dynamic_shapes=sample.dims and ((sample.dims,) * len(sample.inputs),),
        **EXPORTER,
    ).model
    for _ in range(2):
        passes.ShapeInferencePass()(model)
        fold_constants_ir(
            model,
            should_fold=lambda node: False if any(map(is_parameter, node.inputs)) else None,
            input_size_limit=FOLD_LIMIT,
            output_size_limit=FOLD_LIMIT,
        )
        RewritePass([getattr(rules, f"{name}_rule") for name in RULES])(model)
        drop_empty_pads(model)
        passes.RemoveUnusedNodesPass()(model)
    passes.CommonSubexpressionEliminationPass()(model)
    passes.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    store_as_read(model)
    passes.RemoveUnusedNodesPass()(model)
    return model


def is_parameter(value: ir.Value | None) -> bool:
    return value is not None and value.metadata_props.get(KIND) == "PARAMETER"


def drop_empty_pads(model: ir.Model) -> None:
    for node in model.graph:
        pads = node.inputs[1].const_value if node.op_type == "Pad" else None
        if pads is not None and not pads.numpy().any():
            node.outputs[0].replace_all_uses_with(node.inputs[0], replace_graph_outputs=True)


def store_as_read(model: ir.Model) -> None:
    """Store parameters in the order in which operators read them, and drop the reordering.

    A parameter that is also read as it is (GPT-2's token embedding is its output layer too)
    stays, so that it counts once. One constant fills all: reordering leaves the values alone.
    """
    found = []
    for node in model.graph:
        for value in node.outputs:
            if any(user.op_type not in REORDER for user in value.consumers()):
                sources = parameters_behind(value)
                if sources and sum(s.const_value.size for s in sources) == prod(value.shape):
                    found.append((value, sources))
    readers = Counter(source for _, sources in found for source in sources)
    for value, sources in found:
        if all(readers[source] == 1 for source in sources):
            first = sources[0]
            first.shape = value.shape
            first.const_value = ir.tensor(torch.tensor(FILL).expand(*value.shape))
            value.replace_all_uses_with(first)


def parameters_behind(value: ir.Value) -> list[ir.Value]:
    """Find the parameters that `value` merely reorders; none if it does or reads anything else."""
    node = value.producer()
    if node is None or node.op_type not in REORDER:
        return []
    sources: dict[ir.Value, None] = {}
    for source in node.inputs:
        if source is None or (source.is_initializer() and not is_parameter(source)):
            continue
        behind = [source] if is_parameter(source) else parameters_behind(source)
        if not behind or any(u.op_type not in REORDER for s in behind for u in s.consumers()):
            return []
        sources |= dict.fromkeys(behind)
    return list(sources)


def slim(model: ir.Model, data: str) -> None:
    """Point large payloads to the file `data`; keep only metadata of layers and parameters."""
    offset = 0
    for value in model.graph.initializers.values():
        tensor = value.const_value
        keep(value, KIND)
        if tensor.nbytes > INLINE_LIMIT:
            value.const_value = ir.ExternalTensor(
                data, offset, tensor.nbytes, tensor.dtype, shape=tensor.shape, name=value.name
            )
            offset += tensor.nbytes
    for node in reversed(model.graph):
        if NO_LAYER in node.metadata_props.get(LAYER_KEYS[0], NO_LAYER):
            node.metadata_props.update(node.outputs[0].consumers()[0].metadata_props)
        keep(node, *LAYER_KEYS)
        for value in node.outputs:
            keep(value)
    for item in (model, model.graph, *model.graph.inputs):
        keep(item)


def keep(item: Any, *keys: str) -> None:
    kept = {key: item.metadata_props[key] for key in keys if key in item.metadata_props}
    item.metadata_props.clear()
    item.metadata_props.update(kept)
    item.doc_string = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    names = parser.parse_args().names or list(SAMPLES)
    if unknown := sorted(set(names) - set(SAMPLES)):
        parser.error(f"unknown model {', '.join(unknown)}; choose from {', '.join(SAMPLES)}")
    rows = []
    for name in names:
        model = export(SAMPLES[name])
        slim(model, f"{name}.onnx.data")
        values = model.graph.initializers.values()
        parameters = sum(value.const_value.size for value in values if is_parameter(value))
        if parameters != SAMPLES[name].parameters:
            raise SystemExit(f"{name}: {parameters:,} parameters, not {SAMPLES[name].parameters:,}")
        path = Path(__file__).with_name(f"{name}.onnx")
        ir.save(model, path)
        rows.append((name, parameters, len(model.graph), path.stat().st_size))
        del model, values
        gc.collect()  # the next one may need several GiB
    print(f"{'model':<16} {'parameters':>13} {'operators':>9} {'bytes':>9}")
    for name, parameters, operators, size in rows:
        print(f"{name:<16} {parameters:>13,} {operators:>9,} {size:>9,}")


if __name__ == "__main__":
    main()
