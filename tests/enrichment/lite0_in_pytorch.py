"""EfficientNet-lite0 as it is defined, in PyTorch: `lite0_in_pytorch.py WEIGHTS FOLDER`, run by a Python that has it.

It reads pixels.npy of the folder, uint8 (n, 224, 224, 3), and writes probabilities.npy, (n, 1000).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

# Blocks, kernel, stride of the first, expansion, channels in and out.
STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)


class SameConv(nn.Conv2d):
    """TensorFlow's padding: what is odd goes to the end."""

    def forward(self, given):
        padding = []
        sides = zip(reversed(given.shape[2:]), reversed(self.kernel_size), reversed(self.stride), strict=True)
        for size, kernel, stride in sides:
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            padding += [total // 2, total - total // 2]
        return super().forward(functional.pad(given, padding))


def normalised(channels):
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):
    def __init__(self, kernel, stride, expansion, narrow, out):
        super().__init__()
        wide = narrow * expansion
        self.has_shortcut = stride == 1 and narrow == out
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv, self._bn0 = SameConv(narrow, wide, 1, bias=False), normalised(wide)
        self._depthwise_conv = SameConv(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = normalised(wide)
        self._project_conv, self._bn2 = SameConv(wide, out, 1, bias=False), normalised(out)

    def forward(self, given):
        flow = functional.relu6(self._bn0(self._expand_conv(given))) if self.expands else given
        flow = functional.relu6(self._bn1(self._depthwise_conv(flow)))
        flow = self._bn2(self._project_conv(flow))
        return flow + given if self.has_shortcut else flow


class Lite0(nn.Module):
    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = SameConv(3, 32, 3, 2, bias=False), normalised(32)
        self._blocks = nn.ModuleList(
            Block(kernel, stride if place == 0 else 1, expansion, narrow if place == 0 else out, out)
            for blocks, kernel, stride, expansion, narrow, out in STAGES
            for place in range(blocks)
        )
        self._conv_head, self._bn1 = SameConv(320, 1280, 1, bias=False), normalised(1280)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, given):
        flow = functional.relu6(self._bn0(self._conv_stem(given)))
        for block in self._blocks:
            flow = block(flow)
        flow = functional.relu6(self._bn1(self._conv_head(flow)))
        return functional.softmax(self._fc(flow.mean(dim=(2, 3))), dim=1)


def main():
    file, folder = Path(sys.argv[1]), Path(sys.argv[2])
    network = Lite0().eval()
    network.load_state_dict(torch.load(file, map_location="cpu"))
    pixels = np.load(folder / "pixels.npy").astype(np.float32).transpose(0, 3, 1, 2)
    with torch.no_grad():
        np.save(folder / "probabilities.npy", network(torch.from_numpy((pixels - 127) / 128)).numpy())


if __name__ == "__main__":
    main()
