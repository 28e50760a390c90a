"""EfficientNet-lite0 as an ONNX graph that takes pixels as they are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from enrichment.subjects.build.weights import Weights
from enrichment.subjects.model import SIDE

EPSILON = 1e-3  # of its batch normalisation
OPSET, IR = 17, 9


class Stage(NamedTuple):
    """Blocks in a row: how many, size of their kernels, stride of the first, how much they widen their input."""

    blocks: int
    stride: int
    expansion: int


STAGES = (
    Stage(1, 1, 1),
    Stage(2, 2, 6),
    Stage(2, 2, 6),
    Stage(3, 2, 6),
    Stage(3, 1, 6),
    Stage(4, 2, 6),
    Stage(1, 1, 6),
)


class _Graph:
    """Nodes in the order in which they run, and their constants."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        output = name or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, name: str, value: NDArray[np.float32]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32), name))
        return name

    def convolution(self, given: str, name: str, normalisation: str, *, stride: int = 1, is_deep: bool = False) -> str:
        """A convolution with its batch normalisation folded in; the padding is TensorFlow's, heavier at the end."""
        kernel, scale, shift = self.weights[f"{name}.weight"], *_folded(self.weights, normalisation)
        return self.add(
            "Conv",
            given,
            self.constant(f"{name}.kernel", kernel * scale[:, None, None, None]),
            self.constant(f"{name}.bias", shift),
            auto_pad="SAME_UPPER",
            strides=[stride, stride],
            group=kernel.shape[0] if is_deep else 1,
        )

    def bounded(self, given: str) -> str:
        """ReLU6."""
        return self.add("Clip", given, "zero", "six")


def _folded(weights: Weights, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    scale = weights[f"{name}.weight"] / np.sqrt(weights[f"{name}.running_var"] + EPSILON)
    return scale, weights[f"{name}.bias"] - weights[f"{name}.running_mean"] * scale


def network(weights: Weights) -> onnx.ModelProto:
    """Input `pixels`, uint8 (n, 224, 224, 3); outputs `embedding` (n, 1280) and `imagenet`, 1,000 probabilities."""
    graph = _Graph(weights)
    for name, value in (("zero", 0.0), ("six", 6.0), ("middle", 127.0), ("range", 128.0)):
        graph.constant(name, np.array(value, dtype=np.float32))
    flow = graph.add("Cast", "pixels", to=TensorProto.FLOAT)
    flow = graph.add(
        "Div", graph.add("Sub", flow, "middle"), "range"
    )  # not ImageNet's mean: its weights are TensorFlow's
    flow = graph.add("Transpose", flow, perm=[0, 3, 1, 2])
    flow = graph.bounded(graph.convolution(flow, "_conv_stem", "_bn0", stride=2))
    number = 0
    for stage in STAGES:
        for place in range(stage.blocks):
            flow = _block(graph, flow, f"_blocks.{number}", stage, is_first=place == 0)
            number += 1
    flow = graph.bounded(graph.convolution(flow, "_conv_head", "_bn1"))
    graph.add("Flatten", graph.add("GlobalAveragePool", flow), name="embedding")
    kernel, bias = graph.constant("fc.kernel", weights["_fc.weight"]), graph.constant("fc.bias", weights["_fc.bias"])
    graph.add("Softmax", graph.add("Gemm", "embedding", kernel, bias, transB=1), name="imagenet")
    return _model(graph)


def _block(graph: _Graph, given: str, name: str, stage: Stage, *, is_first: bool) -> str:
    """Widen, look around, narrow; around all of it a shortcut, where the shape stays."""
    flow, stride = given, stage.stride if is_first else 1
    if stage.expansion != 1:
        flow = graph.bounded(graph.convolution(flow, f"{name}._expand_conv", f"{name}._bn0"))
    flow = graph.bounded(
        graph.convolution(flow, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, is_deep=True)
    )
    flow = graph.convolution(flow, f"{name}._project_conv", f"{name}._bn2")
    return flow if is_first else graph.add("Add", flow, given)


def _model(graph: _Graph) -> onnx.ModelProto:
    made = helper.make_graph(
        graph.nodes,
        "efficientnet-lite0",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
        [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 1280]),
            helper.make_tensor_value_info("imagenet", TensorProto.FLOAT, ["n", 1000]),
        ],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    onnx.checker.check_model(model)
    return model
