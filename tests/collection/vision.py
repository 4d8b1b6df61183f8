"""torchvision's networks without trained weights; the largest of them with fewer layers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torchvision import models, ops
from torchvision.models import detection, segmentation
from torchvision.models.convnext import CNBlockConfig, ConvNeXt

from tests.collection.torch_network import BATCH, Input, Network

PIXELS = 96
"""Height and width of most pictures: sizes of layers depend on it, their number does not."""


def picture(size: int) -> tuple[Input]:
    """A batch of two square pictures."""
    return (Input("image", (2, 3, size, size), BATCH),)


class Segmentation(nn.Module):
    """The first output of a segmentation network, whose outputs have names."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        return self.network(image)["out"]


class Detector(nn.Module):
    """A detection network of a single picture."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        found: OrderedDict[str, Tensor] = self.network([image])[0]
        return found["boxes"], found["scores"], found["labels"]


def classifier(make: Callable[..., nn.Module], size: int = PIXELS, **settings: object) -> Network:
    """A network that classifies pictures."""
    return Network(partial(make, weights=None, **settings), picture(size))


def segmenter(make: Callable[..., nn.Module]) -> Network:
    """A network that labels pixels."""
    return Network(
        lambda: Segmentation(make(weights=None, weights_backbone=None, num_classes=5)),
        picture(PIXELS),
    )


def detector(make: Callable[[], nn.Module], size: int) -> Network:
    """A network that finds boxes; no size of its input may change."""
    return Network(lambda: Detector(make()), (Input("image", (3, size, size)),))


def pyramid() -> nn.Module:
    """Features of three sizes for detectors."""
    return detection.backbone_utils.mobilenet_backbone(
        backbone_name="mobilenet_v3_small", weights=None, fpn=True
    )


def regions() -> dict[str, object]:
    """Settings of a detector that looks at its proposals a second time."""
    return {
        "min_size": 160,
        "max_size": 200,
        "rpn_anchor_generator": ANCHORS,
        "box_roi_pool": ops.MultiScaleRoIAlign(["0", "1"], 7, 2),
        "box_head": detection.faster_rcnn.TwoMLPHead(256 * 7 * 7, 128),
        "box_predictor": detection.faster_rcnn.FastRCNNPredictor(128, 4),
    }


CLASSIFIERS = {
    "resnet18": classifier(models.resnet18),
    "mobilenet_v2": classifier(models.mobilenet_v2),
    "mobilenet_v3": classifier(models.mobilenet_v3_small),
    "efficientnet_b0": classifier(models.efficientnet_b0),
    "densenet121": classifier(models.densenet121),
    "googlenet": classifier(models.googlenet, init_weights=False, aux_logits=False),
    "squeezenet": classifier(models.squeezenet1_1),
    "shufflenet": classifier(models.shufflenet_v2_x0_5),
    "mnasnet": classifier(models.mnasnet0_5),
    "regnet_x": classifier(models.regnet_x_400mf),
    "regnet_y": classifier(models.regnet_y_400mf),
    "vit": Network(
        lambda: models.VisionTransformer(64, 16, 3, 4, 192, 768, num_classes=100), picture(64)
    ),
    "swin": Network(
        lambda: models.SwinTransformer([4, 4], 48, [2, 2, 2], [2, 4, 8], [7, 7], num_classes=100),
        picture(PIXELS),
    ),
    "convnext": Network(
        lambda: ConvNeXt(
            [CNBlockConfig(48, 96, 2), CNBlockConfig(96, 192, 2), CNBlockConfig(192, None, 3)],
            num_classes=100,
        ),
        picture(PIXELS),
    ),
    "video": Network(
        lambda: models.video.MViT(
            (32, 32),
            4,
            [
                models.video.mvit.MSBlockConfig(
                    1, 32, 32, [3, 3, 3], [3, 3, 3], [1, 1, 1], [1, 4, 4]
                ),
                models.video.mvit.MSBlockConfig(
                    2, 32, 64, [3, 3, 3], [3, 3, 3], [1, 2, 2], [1, 2, 2]
                ),
            ],
            residual_pool=False,
            residual_with_cls_embed=False,
            rel_pos_embed=False,
            proj_after_attn=False,
        ),
        (Input("video", (1, 3, 4, 32, 32)),),
    ),
}
SEGMENTERS = {
    "deeplab": segmenter(segmentation.deeplabv3_mobilenet_v3_large),
    "lraspp": segmenter(segmentation.lraspp_mobilenet_v3_large),
}
ANCHORS = detection.anchor_utils.AnchorGenerator(((32, 64),) * 3, ((0.5, 1.0, 2.0),) * 3)
DETECTORS = {
    "ssdlite": detector(
        lambda: detection.ssdlite320_mobilenet_v3_large(
            weights=None, weights_backbone=None, num_classes=8
        ),
        320,
    ),
    "faster_rcnn": detector(lambda: detection.FasterRCNN(pyramid(), **regions()), 160),
    "mask_rcnn": detector(
        lambda: detection.MaskRCNN(
            pyramid(),
            mask_roi_pool=ops.MultiScaleRoIAlign(["0", "1"], 14, 2),
            **regions(),
            mask_predictor=detection.mask_rcnn.MaskRCNNPredictor(256, 256, 4),
        ),
        160,
    ),
    "retinanet": detector(
        lambda: detection.RetinaNet(
            pyramid(), num_classes=4, min_size=128, max_size=160, anchor_generator=ANCHORS
        ),
        128,
    ),
    "fcos": detector(
        lambda: detection.FCOS(
            pyramid(),
            num_classes=4,
            min_size=128,
            max_size=160,
            anchor_generator=detection.anchor_utils.AnchorGenerator(
                ((8,), (16,), (32,)), ((1.0,),) * 3
            ),
        ),
        128,
    ),
}


class Deformed(nn.Module):
    """torchvision's deformable convolution with learned offsets."""

    def __init__(self) -> None:
        super().__init__()
        self.offset = nn.Conv2d(8, 18, 3, padding=1)
        self.convolution = ops.DeformConv2d(8, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(x, torch.tanh(self.offset(x)))


OPERATORS = {"deformed": Network(Deformed, (Input("x", (2, 8, 20, 20)),))}
