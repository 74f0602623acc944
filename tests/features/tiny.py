"""Small vision transformers with random weights, for the tests of scripts/features/vit.py."""
import torch


class Tiny(torch.nn.Module):
    """`extra` tokens, then 40 x 40 patches; or the patches as a grid."""

    def __init__(self, extra, grid=False):
        super().__init__()
        torch.manual_seed(1)
        self.patch = torch.nn.Conv2d(3, 24, 16, 16)
        self.extra = torch.nn.Parameter(torch.randn(1, extra, 24))
        self.grid = grid

    def forward(self, pixels):
        patches = self.patch(pixels)
        if self.grid:
            return patches
        return torch.cat([self.extra, patches.flatten(2).transpose(1, 2)], 1)


class Named(torch.nn.Module):
    """What a model of a hub gives: a dictionary."""

    def forward(self, pixels):
        return {"x_norm_patchtokens": tokens()(pixels)[:, 5:]}


class Coarse(torch.nn.Module):
    """Stride 32."""

    def forward(self, pixels):
        return torch.zeros(1, 401, 24)


def tokens():
    return Tiny(5)


def patches():
    return Tiny(0)


def grid():
    return Tiny(5, grid=True)


def named():
    return Named()


def coarse():
    return Coarse()
