# /// script
# dependencies = ["packaging==26.2", "paddle2onnx==2.1.0", "paddlepaddle==3.3.1"]
# ///
"""PaddlePaddle's networks, converted with paddle2onnx."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import paddle
from paddle import nn
from paddle.static import InputSpec
from paddle.vision import models

from tests.collection.files import Truth, make, source
from tests.collection.trained import trained

PICTURE = InputSpec([None, 3, 96, 96], "float32", "image")
WORDS = InputSpec([None, 12], "int64", "words")


class Tagger(nn.Layer):
    """A recurrent network over words."""

    def __init__(self, cell: type[nn.Layer], **settings: object) -> None:
        super().__init__()
        self.embedding = nn.Embedding(300, 24)
        self.cell = cell(24, 32, **settings)
        self.head = nn.Linear(32, 5)

    def forward(self, words: paddle.Tensor) -> paddle.Tensor:
        return self.head(self.cell(self.embedding(words))[0])


class Encoder(nn.Layer):
    """Layers of a Transformer over words."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(300, 32)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, 64), 2)
        self.head = nn.Linear(32, 4)

    def forward(self, words: paddle.Tensor) -> paddle.Tensor:
        return self.head(self.encoder(self.embedding(words)).mean(1))


class Text(nn.Layer):
    """Recognizes a line of text: convolutions, then labels of the columns."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2D(3, 16, 3, 2, 1),
            nn.BatchNorm2D(16),
            nn.Hardswish(),
            nn.Conv2D(16, 32, 3, (2, 1), 1, groups=16),
            nn.Hardsigmoid(),
            nn.AdaptiveAvgPool2D((1, 40)),
        )
        self.head = nn.Linear(32, 60)

    def forward(self, image: paddle.Tensor) -> paddle.Tensor:
        columns = self.features(image).squeeze(2).transpose([0, 2, 1])
        return nn.functional.softmax(self.head(columns), axis=-1)


NETWORKS = {
    "mobilenet_v2": (partial(models.mobilenet_v2, num_classes=50), PICTURE),
    "mobilenet_v3": (partial(models.mobilenet_v3_small, num_classes=50), PICTURE),
    "squeezenet": (partial(models.squeezenet1_1, num_classes=50), PICTURE),
    "shufflenet": (partial(models.shufflenet_v2_x0_5, num_classes=50), PICTURE),
    "resnet18": (models.resnet18, PICTURE),
    "lstm": (partial(Tagger, nn.LSTM, num_layers=2), WORDS),
    "gru": (partial(Tagger, nn.GRU), WORDS),
    "encoder": (Encoder, WORDS),
    "text": (Text, InputSpec([None, 3, 32, 80], "float32", "image")),
}


def train(model: nn.Layer) -> nn.Layer:
    """Give every parameter and every running statistic seeded values of its own."""
    for number, (name, tensor) in enumerate(model.state_dict().items()):
        values = trained(tensor.numpy(), number, positive=name.endswith("variance"))
        tensor.set_value(values.astype("float32"))
    return model


def convert(make_model: Callable[[], nn.Layer], put: InputSpec, opset: int, path: Path) -> Truth:
    """Convert a network."""
    paddle.seed(0)
    model = train(make_model())
    model.eval()
    paddle.onnx.export(model, str(path.with_suffix("")), [put], opset_version=opset)
    return Truth(
        source=source("paddlepaddle", "paddle2onnx", how=f"opset {opset}"),
        parameters=int(sum(p.size for p in model.parameters() if p.trainable)),
    )


if __name__ == "__main__":
    make(
        {name: partial(convert, *row, 17) for name, row in NETWORKS.items()}
        | {
            f"{name}_opset11": partial(convert, *NETWORKS[name], 11)
            for name in ("text", "resnet18")
        }
    )
