# /// script
# dependencies = [
#     "onnx==1.23.2",
#     "onnx-ir==1.1.0",
#     "onnxruntime==1.32.0",
#     "onnxruntime-genai==0.18.0",
#     "torch==2.14.1",
#     "transformers==5.23.0",
# ]
# ///
"""Small random language models, written by the model builder of ONNX Runtime GenAI."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import onnx
import torch
import transformers as hf
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from tests.collection.files import Truth, make, source
from tests.collection.torch_weights import parameters_of, train

WIDTHS = {
    "vocab_size": 256,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
ARCHITECTURES = {
    "llama": (hf.LlamaForCausalLM, hf.LlamaConfig(**WIDTHS)),
    "mistral": (hf.MistralForCausalLM, hf.MistralConfig(**WIDTHS)),
    "qwen2": (hf.Qwen2ForCausalLM, hf.Qwen2Config(**WIDTHS)),
    "qwen3": (hf.Qwen3ForCausalLM, hf.Qwen3Config(head_dim=16, **WIDTHS)),
    "gemma": (hf.GemmaForCausalLM, hf.GemmaConfig(head_dim=16, **WIDTHS)),
    "olmo": (hf.OlmoForCausalLM, hf.OlmoConfig(**WIDTHS)),
}
# Architecture, bits of the weights and the builder's other options.
TABLE = {
    "llama_float": ("llama", "fp32", ()),
    "llama_int4": ("llama", "int4", ()),
    "llama_int4_embedding": ("llama", "int4", ("op_types_to_quantize=MatMul/Gather",)),
    "llama_int4_qdq": ("llama", "int4", ("use_qdq=true",)),
    "llama_int4_asymmetric": ("llama", "int4", ("is_symmetric=false",)),
    "llama_hidden": ("llama", "fp32", ("exclude_lm_head=true",)),
    "mistral_float": ("mistral", "fp32", ()),
    "qwen2_int4": ("qwen2", "int4", ()),
    "qwen3_float": ("qwen3", "fp32", ()),
    "qwen3_int4": ("qwen3", "int4", ()),
    "gemma_float": ("gemma", "fp32", ()),
    "olmo_float": ("olmo", "fp32", ()),
}


def build(architecture: str, precision: str, options: tuple[str, ...], path: Path) -> Truth:
    """Save a random network as transformers does, and let the builder read it."""
    torch.manual_seed(0)
    kind, config = ARCHITECTURES[architecture]
    network = train(kind(config))
    network.save_pretrained("network")
    words = WordLevel({f"word{n}": n for n in range(config.vocab_size)}, unk_token="word0")
    hf.PreTrainedTokenizerFast(tokenizer_object=Tokenizer(words)).save_pretrained("network")
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder"]
    command += ["-i", "network", "-o", path.stem, "-p", precision, "-e", "cpu", "-c", "cache"]
    subprocess.run([*command, *(("--extra_options", *options) if options else ())], check=True)
    onnx.save(onnx.load(Path(path.stem, "model.onnx")), path)
    head, left_out = network.get_output_embeddings(), "exclude_lm_head=true" in options
    how = ", ".join((architecture, precision, *options))
    return Truth(
        source=source("onnxruntime-genai", "transformers", how=how),
        parameters=parameters_of(network) - head.weight.numel() * left_out,
    )


if __name__ == "__main__":
    make({name: partial(build, *row) for name, row in TABLE.items()})
