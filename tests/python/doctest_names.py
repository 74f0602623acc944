"""What the examples in the package's documentation call HEAD, FRAME and NETLIST: a plugin of pytest."""
import pathlib

import numpy as np
import pytest

import cofiber

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"


@pytest.fixture(autouse=True)
def names(doctest_namespace):
    head = str(FIXTURES / "head_f32.safetensors")
    doctest_namespace["HEAD"] = head
    doctest_namespace["FRAME"] = np.load(FIXTURES / "frame_f32.npy")
    doctest_namespace["NETLIST"] = cofiber.compile(head, grid=(8, 8), scales=2, input_scale=1 / 32)
