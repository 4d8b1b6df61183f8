# /// script
# dependencies = [
#     "onnx==1.23.2",
#     "onnxruntime==1.32.0",
#     "onnxscript==0.7.2",
#     "torch==2.14.1",
#     "torchvision==0.29.1",
#     "transformers==5.23.0",
# ]
# ///
"""Small random networks of Hugging Face's transformers, through both of PyTorch's exporters."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import transformers as hf
from torch import Tensor, nn

from tests.collection.copies import with_copies
from tests.collection.files import Truth, make, source
from tests.collection.torch_network import Input, modules_of
from tests.collection.torch_weights import folded_of, parameters_of, train

WIDTHS = {
    "vocab_size": 500,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "attn_implementation": "eager",
}
WORDS = Input("input_ids", (2, 12), {0: "batch", 1: "length"}, below=500)
MASK = Input("attention_mask", (2, 12), {0: "batch", 1: "length"}, below=2)
PICTURE = Input("pixel_values", (2, 3, 64, 64), {0: "batch"})
TARGET = Input("decoder_input_ids", (2, 7), {0: "batch", 1: "target"}, below=500)
TARGET_MASK = Input("decoder_attention_mask", (2, 7), {0: "batch", 1: "target"}, below=2)
WAVE = Input("input_values", (2, 4000), {0: "batch", 1: "samples"})
MEL = Input("input_features", (2, 80, 100), {0: "batch"})


class Named(nn.Module):
    """Passes its inputs by name, and returns the first outputs as a tuple."""

    def __init__(self, network: nn.Module, names: tuple[str, ...], outputs: int = 1) -> None:
        super().__init__()
        self.network, self.names, self.outputs = network, names, outputs

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        settings = {"use_cache": False} if "use_cache" in self.network.config else {}
        given = dict(zip(self.names, values, strict=True))
        return self.network(**given, **settings, return_dict=False)[: self.outputs]


class Cached(nn.Module):
    """A decoder that gets the keys and values of earlier tokens, and returns all of them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        cache = hf.DynamicCache()
        for layer, (key, value) in enumerate(zip(past[::2], past[1::2], strict=True)):
            cache.update(key, value, layer)
        out = self.network(input_ids, past_key_values=cache, use_cache=True)
        present = [x for layer in out.past_key_values.layers for x in (layer.keys, layer.values)]
        return out.logits, *present


def past(layers: int, heads: int, width: int) -> tuple[Input, ...]:
    """Inputs for the keys and values of earlier tokens."""
    axes = {0: "batch", 2: "before"}
    return tuple(
        Input(f"past_{layer}_{kind}", (2, heads, 5, width), axes)
        for layer in range(layers)
        for kind in ("key", "value")
    )


def bert(kind: str = "Bert", **settings: object) -> hf.PretrainedConfig:
    return getattr(hf, f"{kind}Config")(**WIDTHS, **settings)


def deberta() -> hf.PretrainedConfig:
    return bert("DebertaV2", relative_attention=True, pos_att_type=["p2c", "c2p"])


def gpt2() -> hf.PretrainedConfig:
    return hf.GPT2Config(
        vocab_size=500, n_positions=64, n_embd=64, n_layer=2, n_head=4, attn_implementation="eager"
    )


def whisper() -> hf.PretrainedConfig:
    return hf.WhisperConfig(
        vocab_size=500, d_model=64, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=128, decoder_ffn_dim=128, num_mel_bins=80,
        max_source_positions=50, max_target_positions=32, pad_token_id=0, bos_token_id=1,
        eos_token_id=2, decoder_start_token_id=1, attn_implementation="eager",
    )  # fmt: skip


def t5() -> hf.PretrainedConfig:
    return hf.T5Config(vocab_size=500, d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4)


def clip() -> hf.PretrainedConfig:
    part = {key: value for key, value in WIDTHS.items() if key != "vocab_size"}
    return hf.CLIPConfig(
        text_config=part | {"vocab_size": 500, "max_position_embeddings": 32, "eos_token_id": 2},
        vision_config=part | {"image_size": 64, "patch_size": 16},
        projection_dim=32,
        attn_implementation="eager",
    )


def wav2vec2() -> hf.PretrainedConfig:
    return hf.Wav2Vec2Config(
        **WIDTHS | {"vocab_size": 30}, conv_dim=(32,) * 4, conv_stride=(5, 2, 2, 2),
        conv_kernel=(10, 3, 3, 2), num_feat_extract_layers=4, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )  # fmt: skip


LLAMA = {"num_key_value_heads": 2, "max_position_embeddings": 64}
# Architecture, its configuration, the inputs and the number of outputs.
NETWORKS = {
    "bert": ("BertForSequenceClassification", bert(), (WORDS, MASK), 1),
    "bert_masked": ("BertForMaskedLM", bert(), (WORDS, MASK), 1),
    "roberta": ("RobertaForTokenClassification", bert("Roberta"), (WORDS, MASK), 1),
    "electra": ("ElectraModel", bert("Electra", embedding_size=32), (WORDS, MASK), 1),
    "distilbert": (
        "DistilBertModel",
        hf.DistilBertConfig(vocab_size=500, dim=64, n_layers=2, n_heads=4, hidden_dim=128),
        (WORDS, MASK),
        1,
    ),
    "deberta": ("DebertaV2Model", deberta(), (WORDS, MASK), 1),
    "gpt2": ("GPT2LMHeadModel", gpt2(), (WORDS, MASK), 1),
    "llama": ("LlamaForCausalLM", bert("Llama", **LLAMA), (WORDS, MASK), 1),
    "qwen3": ("Qwen3ForCausalLM", bert("Qwen3", head_dim=16, **LLAMA), (WORDS, MASK), 1),
    "gemma": ("GemmaForCausalLM", bert("Gemma", head_dim=16, **LLAMA), (WORDS, MASK), 1),
    "phi3": ("Phi3ForCausalLM", bert("Phi3", pad_token_id=0, **LLAMA), (WORDS, MASK), 1),
    "whisper": ("WhisperForConditionalGeneration", whisper(), (MEL, TARGET, TARGET_MASK), 1),
    "t5": ("T5ForConditionalGeneration", t5(), (WORDS, TARGET), 1),
    "vit": ("ViTForImageClassification", bert("ViT", image_size=64), (PICTURE,), 1),
    "dinov2": (
        "Dinov2Model",
        hf.Dinov2Config(
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=64,
            patch_size=16,
            use_mask_token=False,
        ),
        (PICTURE,),
        1,
    ),
    "segformer": (
        "SegformerForSemanticSegmentation",
        hf.SegformerConfig(depths=[1, 1, 1, 1], hidden_sizes=[16, 32, 64, 96]),
        (PICTURE,),
        1,
    ),
    "wav2vec2": ("Wav2Vec2ForCTC", wav2vec2(), (WAVE,), 1),
    "clip": ("CLIPModel", clip(), (WORDS, PICTURE, MASK), 2),
    "mamba": (
        "MambaForCausalLM",
        hf.MambaConfig(vocab_size=500, hidden_size=32, num_hidden_layers=2, state_size=8),
        (Input("input_ids", (1, 6), below=500),),
        1,
    ),
}
# PyTorch's decompositions can't view T5's attention as a matrix where its length may change.
UNTRACED = ("t5",)
CACHED = {
    "gpt2_with_past": ("GPT2LMHeadModel", gpt2(), (WORDS, *past(2, 4, 16))),
    "llama_with_past": ("LlamaForCausalLM", bert("Llama", **LLAMA), (WORDS, *past(2, 2, 16))),
}


def build(architecture: str, config: hf.PretrainedConfig) -> nn.Module:
    torch.manual_seed(0)
    return train(getattr(hf, architecture)(config).eval())


def export(
    wrapped: Callable[[], nn.Module], inputs: tuple[Input, ...], dynamo: bool, path: Path
) -> Truth:
    """Export a network; its axes may change."""
    model = wrapped().eval()
    values = tuple(put.value() for put in inputs)
    modules = modules_of(model, values)
    names = [put.name for put in inputs]
    axes = [put.dynamic for put in inputs]
    if dynamo:
        cached = isinstance(model, Cached)
        shapes = (axes[0], tuple(axes[1:])) if cached else (tuple(axes),)
        settings = {"dynamic_shapes": shapes, "external_data": False, "verbose": False}
    else:
        settings = {"dynamic_axes": dict(zip(names, axes, strict=True))}
    torch.onnx.export(
        model, values, path, dynamo=dynamo, input_names=names, opset_version=18, **settings
    )
    truth = Truth(
        source=source("transformers", "torch", how=f"dynamo={dynamo}, opset 18"),
        parameters=parameters_of(model),
        folded=folded_of(model, values),
        modules=modules,
    )
    return with_copies(truth, path)


def rows(dynamo: bool) -> dict[str, Callable[[Path], Truth]]:
    """A file for each network."""
    suffix = "_dynamo" if dynamo else ""
    plain = {
        name: partial(
            export,
            lambda a=architecture, c=config, i=inputs, n=outputs: Named(
                build(a, c), tuple(put.name for put in i), n
            ),
            inputs,
            dynamo,
        )
        for name, (architecture, config, inputs, outputs) in NETWORKS.items()
        if not (dynamo and name in UNTRACED)
    }
    cached = {
        name: partial(export, lambda a=architecture, c=config: Cached(build(a, c)), inputs, dynamo)
        for name, (architecture, config, inputs) in CACHED.items()
    }
    return {name + suffix: make_file for name, make_file in (plain | cached).items()}


if __name__ == "__main__":
    make(rows(dynamo=False) | rows(dynamo=True))
