# /// script
# dependencies = [
#     "onnx==1.20.1",
#     "onnxruntime==1.23.2",
#     "optimum==2.1.0",
#     "optimum-onnx==0.1.0",
#     "torch==2.13.0",
#     "transformers==4.57.6",
# ]
# ///
"""Small random networks of Hugging Face's transformers, exported by Optimum for their tasks."""

import shutil
from functools import partial
from pathlib import Path

import torch
import transformers as hf
from optimum.exporters.onnx import onnx_export_from_model

from tests.collection.files import Truth, make, source
from tests.collection.networks import parameters_of

WIDTHS = {
    "vocab_size": 500,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
}
SPEECH = {
    "vocab_size": 500, "d_model": 64, "encoder_layers": 2, "decoder_layers": 2,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 128,
    "decoder_ffn_dim": 128, "max_source_positions": 1500, "max_target_positions": 64,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1,
    "suppress_tokens": None, "begin_suppress_tokens": None,
}  # fmt: skip
T5 = {"vocab_size": 500, "d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2, "num_heads": 4}
GPT2 = {"vocab_size": 500, "n_positions": 64, "n_embd": 64, "n_layer": 2, "n_head": 4}
# Class, configuration, task, and the files that Optimum writes for it.
TABLE = {
    "bert": (hf.BertForMaskedLM, hf.BertConfig(**WIDTHS), "fill-mask", ("model",)),
    "roberta": (
        hf.RobertaForSequenceClassification,
        hf.RobertaConfig(**WIDTHS),
        "text-classification",
        ("model",),
    ),
    "gpt2": (hf.GPT2LMHeadModel, hf.GPT2Config(**GPT2), "text-generation-with-past", ("model",)),
    "llama": (
        hf.LlamaForCausalLM,
        hf.LlamaConfig(num_key_value_heads=2, **WIDTHS),
        "text-generation-with-past",
        ("model",),
    ),
    "t5": (
        hf.T5ForConditionalGeneration,
        hf.T5Config(decoder_start_token_id=0, **T5),
        "text2text-generation-with-past",
        ("encoder_model", "decoder_model", "decoder_with_past_model", "decoder_model_merged"),
    ),
    "whisper": (
        hf.WhisperForConditionalGeneration,
        hf.WhisperConfig(**SPEECH),
        "automatic-speech-recognition-with-past",
        ("encoder_model", "decoder_model", "decoder_with_past_model", "decoder_model_merged"),
    ),
    "vit": (
        hf.ViTForImageClassification,
        hf.ViTConfig(image_size=64, **{k: v for k, v in WIDTHS.items() if k != "vocab_size"}),
        "image-classification",
        ("model",),
    ),
}


def export(name: str, file: str, path: Path) -> Truth:
    """Export a network, and take one of its files."""
    kind, config, task, files = TABLE[name]
    torch.manual_seed(0)
    model = kind(config).eval()
    if not Path(name).exists():
        onnx_export_from_model(model, Path(name), task=task, do_validation=False)
    shutil.copyfile(Path(name, f"{file}.onnx"), path)
    return Truth(
        source=source("optimum-onnx", "transformers", "torch", how=f"{task}, {file}"),
        parameters=parameters_of(model) if len(files) == 1 else None,
    )


if __name__ == "__main__":
    make(
        {
            name if len(files) == 1 else f"{name}_{file}": partial(export, name, file)
            for name, (_, _, _, files) in TABLE.items()
            for file in files
        }
    )
