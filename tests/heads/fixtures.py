"""Made tests/fixtures/heads: small checkpoints of PyTorch and ONNX. `fixtures.py FOLDER`, with torch and onnx.

Every readable one holds the same classifier, weight[c][d] = (4 c + d - 5) / 8 and bias[c] = c - 1 with 3 classes and 4
channels; those with "int8" in their names hold the integers 4 c + d - 5 and the scale 1/8.
"""
import collections
import os
import pathlib
import pickle
import sys
import zipfile

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[1])
codes = torch.arange(12, dtype=torch.float32).reshape(3, 4) - 5
weight, bias = codes / 8, torch.arange(3, dtype=torch.float32) - 1


def save(name, value, **options):
    torch.save(value, folder / name, **options)


# ---- PyTorch ----
layer = torch.nn.Linear(4, 3)
layer.weight.data, layer.bias.data = weight.clone(), bias.clone()
model = torch.nn.ModuleDict({"cls": layer})
save("state.pth", model.state_dict())
save("legacy.pth", model.state_dict(), _use_new_zipfile_serialization=False)
optimiser = torch.optim.AdamW(model.parameters())
layer(torch.ones(4)).sum().backward()
optimiser.step()
layer.weight.data, layer.bias.data = weight.clone(), bias.clone()
save("training.pth", {"epoch": 3, "loss": 0.25, "best": np.float64(0.5), "done": False, "name": "run", "none": None,
                      "steps": [1, 2**40, -7], "optimizer": optimiser.state_dict(),
                      "model": {"state_dict": model.state_dict()}})  # fmt: skip
flat = torch.cat([torch.full((5,), 99.0), weight.flatten(), bias, torch.full((2,), 77.0)])
save("shared.pth", {"cls_weight": flat[5:17].view(3, 4), "cls_bias": flat[17:20]})
save("strided.pth", {"cls.weight": weight.t().contiguous().t(), "cls.bias": torch.stack([bias, bias], 1)[:, 1]})
save("strided_legacy.pth", {"cls.weight": weight.t().contiguous().t(), "cls.bias": bias},
     _use_new_zipfile_serialization=False)  # fmt: skip
save("parameter.pth", {"head": {"cls.weight": layer.weight, "cls.bias": layer.bias}})
save("half.pth", {"cls.weight": weight.half(), "cls.bias": bias.bfloat16()})
save("double.pth", {"cls.weight": weight.double(), "cls.bias": bias.double(), "complex": torch.ones(2, dtype=torch.cfloat)})
save("conv.pth", {"cls.weight": weight.reshape(3, 4, 1, 1), "cls.bias": bias})
save("int8.pth", {"cls.weight": codes.to(torch.int8), "cls.weight_scale": torch.full((3,), 0.125), "cls.bias": bias})
save("protocol4.pth", collections.OrderedDict(model.state_dict()), pickle_protocol=4)
save("list.pth", [weight, bias])

# Those that must be refused.
save("whole_model.pth", layer)


class Evil:
    def __reduce__(self):
        return os.system, ("touch EVIL_RAN",)


save("evil.pth", {"cls.weight": weight, "extra": Evil()})
save("evil_legacy.pth", {"cls.weight": weight, "extra": Evil()}, _use_new_zipfile_serialization=False)
(folder / "plain.pickle").write_bytes(pickle.dumps([1, 2, 3], protocol=2))
np.savez(folder / "arrays.npz", weight=weight.numpy(), bias=bias.numpy())


# ---- ONNX ----
def graph(name, nodes, constants):
    tensors = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    made = helper.make_graph(
        nodes,
        "head",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("cls", TensorProto.FLOAT, None)],
        tensors,
    )
    onnx.save(helper.make_model(made, producer_name="test"), folder / name)


node, w, b = helper.make_node, weight.numpy(), bias.numpy()
graph("gemm.onnx", [node("Gemm", ["features", "cls.weight", "cls.bias"], ["cls"], transB=1)],
      {"cls.weight": w, "cls.bias": b})  # fmt: skip
graph("gemm_turned.onnx", [node("Gemm", ["features", "onnx::Gemm_7", "onnx::Gemm_8"], ["cls"])],
      {"onnx::Gemm_7": w.T.copy(), "onnx::Gemm_8": b})  # fmt: skip
graph("matmul.onnx", [node("MatMul", ["features", "onnx::MatMul_12"], ["product"]),
                      node("Add", ["cls.bias", "product"], ["cls"])],
      {"onnx::MatMul_12": w.T.copy(), "cls.bias": b})  # fmt: skip
graph("transpose.onnx", [node("Transpose", ["cls.weight"], ["t"], perm=[1, 0]),
                         node("MatMul", ["features", "t"], ["p"]), node("Add", ["p", "cls.bias"], ["cls"])],
      {"cls.weight": w, "cls.bias": b})  # fmt: skip
graph("conv.onnx", [node("Conv", ["features", "cls.weight", "cls.bias"], ["cls"], kernel_shape=[1, 1])],
      {"cls.weight": w.reshape(3, 4, 1, 1), "cls.bias": b})  # fmt: skip
graph("int8.onnx", [node("DequantizeLinear", ["cls.weight", "s", "z"], ["d"], axis=0),
                    node("Gemm", ["features", "d", "cls.bias"], ["cls"], transB=1)],
      {"cls.weight": codes.numpy().astype(np.int8), "s": np.full(3, 0.125, np.float32), "z": np.zeros(3, np.int8),
       "cls.bias": b})  # fmt: skip
graph("int8_pair.onnx", [node("QuantizeLinear", ["cls.weight", "s", "z"], ["q"]),
                         node("DequantizeLinear", ["q", "s", "z"], ["d"]),
                         node("Gemm", ["features", "d", "cls.bias"], ["cls"], transB=1)],
      {"cls.weight": w + np.float32(0.03), "s": np.float32(0.125), "z": np.int8(0), "cls.bias": b})  # fmt: skip
graph("zero_point.onnx", [node("DequantizeLinear", ["cls.weight", "s", "z"], ["d"]),
                          node("Gemm", ["features", "d", "cls.bias"], ["cls"], transB=1)],
      {"cls.weight": codes.numpy().astype(np.int8), "s": np.float32(0.125), "z": np.int8(3), "cls.bias": b})  # fmt: skip
graph("alpha.onnx", [node("Gemm", ["features", "cls.weight", "cls.bias"], ["cls"], transB=1, alpha=0.5)],
      {"cls.weight": w, "cls.bias": b})  # fmt: skip
outside = helper.make_tensor("cls.weight", TensorProto.FLOAT, [3, 4], w.tobytes(), raw=True)
outside.ClearField("raw_data")
outside.data_location = TensorProto.EXTERNAL
outside.external_data.add(key="location", value="weights.bin")
made = helper.make_graph([node("Gemm", ["features", "cls.weight", "cls.bias"], ["cls"], transB=1)], "head",
                         [helper.make_tensor_value_info("features", TensorProto.FLOAT, None)],
                         [helper.make_tensor_value_info("cls", TensorProto.FLOAT, None)],
                         [outside, numpy_helper.from_array(b, "cls.bias")])  # fmt: skip
(folder / "outside.onnx").write_bytes(helper.make_model(made).SerializeToString())


# ---- damaged ----
def rezip(name, change, compress=zipfile.ZIP_STORED):
    """state.pth with its entries as `change` gives them: (name, bytes) -> bytes, or None to leave it out."""
    with zipfile.ZipFile(folder / "state.pth") as old, zipfile.ZipFile(folder / name, "w", compress) as new:
        for entry in old.namelist():
            data = change(entry, old.read(entry))
            if data is not None:
                new.writestr(entry, data)


rezip("compressed.pth", lambda e, d: d, zipfile.ZIP_DEFLATED)
rezip("no_pickle.pth", lambda e, d: None if e.endswith("data.pkl") else d)
rezip("no_storage.pth", lambda e, d: None if e.endswith("data/0") else d)
rezip("short_storage.pth", lambda e, d: d[:-4] if e.endswith("data/0") else d)
rezip("cut_pickle.pth", lambda e, d: d[:-20] if e.endswith("data.pkl") else d)
rezip("big_endian.pth", lambda e, d: d, zipfile.ZIP_STORED)
with zipfile.ZipFile(folder / "big_endian.pth", "a") as file:
    file.writestr("state/byteorder", "big")
state = (folder / "state.pth").read_bytes()
(folder / "cut.pth").write_bytes(state[: len(state) // 2])
at = state.index(weight.numpy().tobytes())
(folder / "flipped.pth").write_bytes(state[:at] + bytes([state[at] ^ 1]) + state[at + 1 :])
legacy = (folder / "legacy.pth").read_bytes()
(folder / "cut_legacy.pth").write_bytes(legacy[:-5])
gemm = (folder / "gemm.onnx").read_bytes()
(folder / "cut.onnx").write_bytes(gemm[:-30])
