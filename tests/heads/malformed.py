#!/usr/bin/env python3
"""Malformed and dangerous heads: PyTorch checkpoints, ONNX models and .npz archives, each wrong in one way, made here from
their formats' descriptions. `compile` must refuse each with exit status 2 and one line that names the file and holds the
words given here; no code in a pickle may run, and no output may appear.

    malformed.py COFIBER       prints what is wrong and, last, 'N passed, N failed'
"""
import io
import math
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import tempfile
import types
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FRAME = ROOT / "tests/fixtures/heads/frame.npy"


# ---- PyTorch ----
def stand_in(module, name, kind=None):
    """Something that a pickle names module.name, without PyTorch."""
    made = sys.modules.setdefault(module, types.ModuleType(module))
    thing = kind or type(name, (), {"__module__": module, "__qualname__": name})
    thing.__module__, thing.__qualname__, thing.__name__ = module, name, name
    setattr(made, name, thing)
    return thing


def function(module, name):
    return stand_in(module, name, lambda *arguments: None)


FLOATS = stand_in("torch", "FloatStorage")
REBUILD = function("torch._utils", "_rebuild_tensor_v2")


class Storage:
    def __init__(self, key="0", count=15, kind=FLOATS):
        self.key, self.count, self.kind = key, count, kind


class Call:
    """Pickled as a call of `what`, which nothing here makes."""

    def __init__(self, what, *arguments):
        self.what, self.arguments = what, arguments

    def __reduce__(self):
        return self.what, self.arguments


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, Storage):
            return ("storage", value.kind, value.key, "cpu", value.count)
        return None


def tensor(shape, offset=0, strides=None, storage=None, rebuild=REBUILD):
    if strides is None:
        strides = tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
    return Call(rebuild, storage or Storage(), offset, shape, strides, False, {})


def pickled(value, protocol=2):
    out = io.BytesIO()
    Pickler(out, protocol).dump(value)
    return out.getvalue()


NUMBERS = [(i - 5) / 8 for i in range(12)] + [-1.0, 0.0, 1.0]
DATA = struct.pack("<15f", *NUMBERS)


def zipped(data, storages=(("0", DATA),), name="data.pkl"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("head/" + name, data)
        for key, numbers in storages:
            archive.writestr("head/data/" + key, numbers)
        archive.writestr("head/version", "3\n")
    return out.getvalue()


def head(weight=None, bias=None, **more):
    return {"cls.weight": weight or tensor((3, 4)), "cls.bias": bias or tensor((3,), 12), **more}


def checkpoint(data=DATA, **parts):
    return zipped(pickled(head(**parts)), (("0", data),))


def opcodes(code):
    return zipped(b"\x80\x02" + code)


def with_value(at, value):
    numbers = list(NUMBERS)
    numbers[at] = value
    return struct.pack("<15f", *numbers)


def nested(depth):
    return b"]" * depth + b"a" * (depth - 1) + b"."


class Evil:
    def __reduce__(self):
        return os.system, ("touch RAN",)


class EvilState:
    """A call that looks harmless, and whose state would be handed to a method."""

    def __reduce__(self):
        return function("collections.evil", "OrderedDict"), (), {"x": 1}


def legacy(magic=0x1950A86A20F9469CFC6C, protocol=1001, count=15, data=DATA, keys=("0",)):
    """The form before the zip: pickles in a row, then the storages."""
    system = {"protocol_version": protocol, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}

    class Old(pickle.Pickler):
        def persistent_id(self, value):
            return ("storage", FLOATS, "0", "cpu", 15, None) if isinstance(value, Storage) else None

    out = io.BytesIO()
    for value in (magic, protocol, system):
        pickle.dump(value, out, 2)
    Old(out, 2).dump(head())
    pickle.dump(list(keys), out, 2)
    return out.getvalue() + struct.pack("<q", count) + data


def unzipped_size(archive, size):
    """Says another size of data/0 in both of its headers."""
    data = bytearray(archive)
    for signature, at in ((b"PK\x03\x04", 18), (b"PK\x01\x02", 20)):
        place = data.find(signature)
        place = data.find(signature, place + 4)
        data[place + at : place + at + 8] = struct.pack("<II", size, size)
    return bytes(data)


# ---- ONNX ----
def varint(value):
    value &= 2**64 - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def constant(name, shape, raw=None, dtype=1, more=b""):
    out = b"".join(field(1, d) for d in shape) + field(2, dtype) + field(8, name) + more
    return out + (field(9, raw) if raw is not None else b"")


def attribute(name, value):
    """An integer, or a list of them."""
    if isinstance(value, list):
        return field(1, name) + b"".join(field(8, v) for v in value) + field(20, 7)
    if isinstance(value, float):
        return field(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + field(20, 1)
    return field(1, name) + field(3, value) + field(20, 2)


def node(kind, inputs, output, **attributes):
    made = b"".join(field(1, i) for i in inputs) + field(2, output) + field(4, kind)
    return made + b"".join(field(5, attribute(k, v)) for k, v in attributes.items())


WEIGHT, BIAS = constant("cls.weight", (3, 4), DATA[:48]), constant("cls.bias", (3,), DATA[48:])
GEMM = node("Gemm", ["x", "cls.weight", "cls.bias"], "y", transB=1)


def model(*constants, nodes=(GEMM,)):
    graph = b"".join(field(1, n) for n in nodes) + field(2, "head") + b"".join(field(5, c) for c in constants)
    return field(1, 8) + field(7, graph)


def integers(scale, zero=None, dtype=3, codes=bytes(12)):
    constants = [constant("cls.weight", (3, 4), codes, dtype), BIAS, scale]
    inputs = ["cls.weight", "s"]
    if zero is not None:
        constants.append(zero)
        inputs.append("z")
    return model(*constants, nodes=[node("DequantizeLinear", inputs, "w", axis=0),
                                    node("Gemm", ["x", "w", "cls.bias"], "y", transB=1)])  # fmt: skip


# ---- .npz ----
def npz(**arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, (shape, data) in arrays.items():
            header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
            archive.writestr(name + ".npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)
    return out.getvalue()


HEAD_NPZ = npz(weight=((3, 4), DATA[:48]), bias=((3,), DATA[48:]))
FRAME_NPZ = npz(features=((4, 8, 8), bytes(4 * 4 * 8 * 8)))

# file: (bytes, words of the line). Those whose names begin with "frames" are frames, the others heads.
CASES = {
    "good.pth": (checkpoint(), None),
    "good_legacy.pth": (legacy(), None),
    "good.onnx": (model(WEIGHT, BIAS), None),
    "pickle_empty.pth": (zipped(b""), "it ends in the middle of an instruction"),
    "pickle_no_stop.pth": (zipped(pickled(head())[:-1]), "it ends in the middle of an instruction"),
    "pickle_unknown_opcode.pth": (opcodes(b"\xff."), "of its pickle: instruction 0xff, which no checkpoint needs"),
    "pickle_protocol_99.pth": (zipped(b"\x80\x63}."), "no tensor of shape [classes, channels] for the weights"),
    "pickle_underflow.pth": (opcodes(b"R."), "byte 3 of its pickle: its stack is empty"),
    "pickle_no_mark.pth": (opcodes(b"}u."), "byte 4 of its pickle: its stack has no mark"),
    "pickle_memo_absent.pth": (opcodes(b"h\x63."), "byte 4 of its pickle: a memo that was never stored"),
    "pickle_text_past_end.pth": (
        opcodes(b"X\xff\xff\xff\x7fcls."), "byte 7 of its pickle: a text is longer than the pickle"),
    "pickle_text_not_utf8.pth": (
        opcodes(b"}X\x02\x00\x00\x00\xff\xfeK\x01s."), "no tensor of shape [classes, channels] for the weights"),
    "pickle_long_past_end.pth": (
        opcodes(b"\x8b\xff\xff\xff\x7f\x01."), "byte 7 of its pickle: a text is longer than the pickle"),
    "pickle_deep.pth": (opcodes(nested(100000)), "its dictionaries are nested too deep, or in themselves"),
    "pickle_stop_of_nothing.pth": (opcodes(b"."), "byte 3 of its pickle: it does not end with one value"),
    "pickle_number.pth": (opcodes(b"K\x05."), "no tensor of shape [classes, channels] for the weights"),
    "pickle_no_tensors.pth": (
        zipped(pickled({"epoch": 3, "best": 0.5})), "no tensor of shape [classes, channels] for the weights"),
    "evil_system.pth": (zipped(pickled({"a": Evil()})), "posix.system"),
    "evil_system_4.pth": (zipped(pickled({"a": Evil()}, 4)), "posix.system"),
    "evil_eval.pth": (opcodes(b"cbuiltins\neval\n(X\x01\x00\x00\x001tR."), "builtins.eval"),
    "evil_inst.pth": (
        opcodes(b"(X\x09\x00\x00\x00touch RANios\nsystem\n."),
        "of its pickle: instruction 0x69, which no checkpoint needs"),
    "evil_obj.pth": (opcodes(b"(cos\nsystem\nX\x09\x00\x00\x00touch RANo."), "os.system"),
    "evil_newobj.pth": (opcodes(b"csubprocess\nPopen\nX\x09\x00\x00\x00touch RAN\x85\x81."), "subprocess.Popen"),
    "evil_build.pth": (zipped(pickled({"a": EvilState()})), "collections.evil.OrderedDict"),
    "evil_extension.pth": (opcodes(b"\x82\x01."), "of its pickle: instruction 0x82, which no checkpoint needs"),
    "evil_bytes.pth": (b"cos\nsystem\n(S'touch RAN'\ntR.", "is neither a PyTorch checkpoint nor an ONNX model"),
    "tensor_quantised.pth": (
        checkpoint(weight=tensor((3, 4), rebuild=function("torch._utils", "_rebuild_qtensor"))), "_rebuild_qtensor"),
    "tensor_sparse.pth": (
        checkpoint(weight=tensor((3, 4), rebuild=function("torch._utils", "_rebuild_sparse_tensor"))), "_rebuild_sparse"),
    "tensor_unknown_storage.pth": (
        checkpoint(weight=tensor((3, 4), storage=Storage(kind=stand_in("torch", "FooStorage")))), "FooStorage"),
    "tensor_negative_size.pth": (
        checkpoint(weight=tensor((-3, 4), strides=(4, 1))), "a size or stride is not a whole number of at least 0"),
    "tensor_negative_offset.pth": (checkpoint(weight=tensor((3, 4), offset=-1)), "it has no storage and no place in it"),
    "tensor_negative_stride.pth": (
        checkpoint(weight=tensor((3, 4), offset=11, strides=(-4, -1))),
        "a size or stride is not a whole number of at least 0"),
    "tensor_huge.pth": (
        checkpoint(weight=tensor((2**40, 2**40))), "tensor 'cls.weight' is damaged: its size overflows 64 bits"),
    "tensor_huge_stride.pth": (
        checkpoint(weight=tensor((3, 4), strides=(2**62, 1))), "'cls.weight' is damaged: it reaches beyond its storage"),
    "tensor_offset_past_end.pth": (
        checkpoint(weight=tensor((3, 4), offset=4)), "'cls.weight' is damaged: it reaches beyond its storage"),
    "tensor_few_strides.pth": (
        checkpoint(weight=tensor((3, 4), strides=(1,))), "its sizes and strides are not two lists of the same length"),
    "tensor_rank_9.pth": (checkpoint(weight=tensor((1, 1, 1, 1, 1, 1, 1, 3, 4))), "cls has no weight"),
    "tensor_size_of_text.pth": (
        checkpoint(weight=tensor(("3", 4), strides=(4, 1))), "a size or stride is not a whole number of at least 0"),
    "tensor_no_arguments.pth": (checkpoint(weight=Call(REBUILD)), "it has no storage and no place in it"),
    "tensor_of_no_storage.pth": (
        checkpoint(weight=Call(REBUILD, 5, 0, (3, 4), (4, 1), False, {})), "it has no storage and no place in it"),
    "storage_absent.pth": (
        zipped(pickled(head(weight=tensor((3, 4), storage=Storage("7"))))),
        "it has no entry 'head/data/7', which its pickle names"),
    "storage_short.pth": (checkpoint(DATA[:-4]), "tensor 'cls.bias' reaches beyond its storage of 56 bytes"),
    "storage_says_more.pth": (
        checkpoint(weight=tensor((3, 4), 2**30, storage=Storage(count=2**60)),
                   bias=tensor((3,), 12, storage=Storage(count=2**60))),
        "tensor 'cls.weight' reaches beyond its storage of 60 bytes"),
    "zip_no_pickle.pth": (
        zipped(pickled(head()), name="other.pkl"), "a zip file, but no PyTorch checkpoint: it has no data.pkl"),
    "zip_no_directory.pth": (checkpoint()[:-60], "a damaged zip file: Not a zip archive"),
    "zip_wrong_size.pth": (unzipped_size(checkpoint(), 2**31), "entry 'head/data/0' is damaged"),
    "zip_empty.pth": (b"PK\x05\x06" + bytes(18), "is neither a PyTorch checkpoint nor an ONNX model"),
    "legacy_magic.pth": (legacy(magic=12345), "a pickle, but no PyTorch checkpoint"),
    "legacy_version.pth": (legacy(protocol=1002), "a pickle, but no PyTorch checkpoint"),
    "legacy_count.pth": (legacy(count=14), "storage '0' is cut short, or not as long as its pickle says"),
    "legacy_negative_count.pth": (legacy(count=-1), "storage '0' is cut short, or not as long as its pickle says"),
    "legacy_other_key.pth": (legacy(keys=("1",)), "it holds a storage that its pickle does not name"),
    "legacy_no_data.pth": (legacy(data=b""), "storage '0' is cut short, or not as long as its pickle says"),
    "weight_nan.pth": (checkpoint(with_value(5, math.nan)), "cls.weight"),
    "bias_infinite.pth": (checkpoint(with_value(13, -math.inf)), "cls.bias"),
    "bias_of_four.pth": (checkpoint(bias=tensor((4,), 11)), "cls.bias"),
    "two_classifiers.pth": (zipped(pickled({"a": head(), "b": head()})), "a.cls.weight"),
    "empty.pth": (b"", "is neither a PyTorch checkpoint nor an ONNX model"),
    "empty.onnx": (b"", "is neither a PyTorch checkpoint nor an ONNX model"),
    "text.onnx": (b"not a model at all\n", "is neither a PyTorch checkpoint nor an ONNX model"),
    "no_graph.onnx": (field(1, 8), "is neither a PyTorch checkpoint nor an ONNX model"),
    "cut.onnx": (model(WEIGHT, BIAS)[:-20], "no ONNX model, or a damaged one"),
    "length_past_end.onnx": (field(1, 8) + b"\x3a\xff\xff\xff\x7f", "no ONNX model, or a damaged one"),
    "endless_varint.onnx": (b"\x08" + b"\xff" * 12, "is neither a PyTorch checkpoint nor an ONNX model"),
    "no_constants.onnx": (model(), "no tensor of shape [classes, channels] for the weights"),
    "dtype_99.onnx": (
        model(constant("cls.weight", (3, 4), DATA[:48], 99), BIAS),
        "the weights of layer 'cls' are of a type that is not read"),
    "dtype_text.onnx": (
        model(constant("cls.weight", (3, 4), None, 8, field(6, "a") * 12), BIAS),
        "the weights of layer 'cls' are of a type that is not read"),
    "negative_size.onnx": (
        model(constant("cls.weight", (-3, 4), DATA[:48]), BIAS),
        "a negative size, more than 8 dimensions, or more than 2^31 - 1 elements"),
    "huge.onnx": (
        model(constant("cls.weight", (2**40, 2**40), DATA[:48]), BIAS),
        "a negative size, more than 8 dimensions, or more than 2^31 - 1 elements"),
    "short_data.onnx": (
        model(constant("cls.weight", (3, 4), DATA[:44]), BIAS),
        "'cls.weight' does not have as many elements as its shape says"),
    "no_data.onnx": (
        model(constant("cls.weight", (3, 4)), BIAS), "'cls.weight' does not have as many elements as its shape says"),
    "rank_9.onnx": (
        model(constant("cls.weight", (1,) * 7 + (3, 4), DATA[:48]), BIAS),
        "a negative size, more than 8 dimensions, or more than 2^31 - 1 elements"),
    "twice.onnx": (model(WEIGHT, WEIGHT, BIAS), "both 'cls.weight' and 'cls.weight' could be the weight of cls"),
    "nan.onnx": (model(constant("cls.weight", (3, 4), with_value(3, math.nan)[:48]), BIAS), "cls.weight"),
    "alpha_2.onnx": (
        model(WEIGHT, BIAS, nodes=[node("Gemm", ["x", "cls.weight", "cls.bias"], "y", transB=1, alpha=2.0)]),
        "with alpha, beta or transA, which have no counterpart here"),
    "input_transposed.onnx": (
        model(WEIGHT, BIAS, nodes=[node("Gemm", ["x", "cls.weight", "cls.bias"], "y", transB=1, transA=1)]),
        "with alpha, beta or transA, which have no counterpart here"),
    "kernel_3.onnx": (
        model(constant("cls.weight", (3, 4, 3, 3), bytes(432)), BIAS,
              nodes=[node("Conv", ["x", "cls.weight", "cls.bias"], "y", kernel_shape=[3, 3])]),
        "a linear layer has 2, a 1x1 convolution [outputs, inputs, 1, 1]"),
    "scale_absent.onnx": (
        integers(constant("t", (), struct.pack("<f", 0.5))), "is quantised with a scale or zero point that is no constant"),
    "scale_zero.onnx": (
        integers(constant("s", (), bytes(4)), codes=bytes(range(12))), "tensor 'cls.weight_scale': a scale is 0"),
    "scale_of_two.onnx": (
        integers(constant("s", (2,), struct.pack("<2f", 1, 2))),
        "layer 'cls' has neither one scale nor one for each output"),
    "zero_point_3.onnx": (
        integers(constant("s", (), struct.pack("<f", 1)), constant("z", (), b"\3", 3)),
        "a zero point other than 0; symmetric quantisation is read"),
    "head.npz": (HEAD_NPZ, ".npz"),
    "head_cut.npz": (HEAD_NPZ[:100], "a damaged zip file: Not a zip archive"),
    "head_npz_named.pth": (HEAD_NPZ, ".npz"),
    "head_npz_named.onnx": (HEAD_NPZ, "a zip file, but no PyTorch checkpoint: it has no data.pkl"),
    "head_npz_named.safetensors": (HEAD_NPZ, "a zip file, but no PyTorch checkpoint: it has no data.pkl"),
    "frames.npz": (FRAME_NPZ, ".npz"),
    "frames_npz_named.npy": (FRAME_NPZ, ".npz"),
    "frames_npz_named.safetensors": (FRAME_NPZ, ".npz"),
    "frames_cut.npz": (FRAME_NPZ[:80], ""),
}


def refused(cofiber, path, words, net):
    """None, or what is wrong with how the file is treated."""
    options = ["--grid", "8x8", "--scales", "2", "--input-scale", "0.05", "-o", "out"]
    command = ["compile", path, *options]
    if path.startswith("frames"):
        command = ["sim", net, path, "-o", "out"]
    done = subprocess.run([cofiber, *command], capture_output=True, text=True, errors="replace", timeout=60, check=False)
    lines = done.stderr.splitlines()
    if words is None:
        if os.path.exists("out"):
            os.remove("out")
        return None if done.returncode == 0 and not lines else f"not accepted: {done.stderr}"
    if done.returncode != 2 or len(lines) != 1 or done.stdout:
        return f"exit status {done.returncode}, {len(lines)} lines: {done.stderr}{done.stdout}"
    if not lines[0].startswith(f"cofiber: {path}: ") or words not in lines[0]:
        return f"'{words}' is not in: {lines[0]}"
    left = [name for name in ("out", "RAN") if os.path.exists(name)]
    return f"left behind: {left}" if left else None


def main():
    cofiber = os.path.abspath(sys.argv[1])
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        head_path = ROOT / "tests/fixtures/heads/state.pth"
        subprocess.run([cofiber, "compile", head_path, "-o", "net", "--grid", "8x8", "--scales", "2", "--input-scale", "0.05"],
                       check=True, capture_output=True)  # fmt: skip
        for path, (data, words) in CASES.items():
            pathlib.Path(path).write_bytes(data)
            found = refused(cofiber, path, words, "net")
            if found:
                wrong += 1
                print(f"FAILED {path}: {found}")
        os.chdir("/")
    print(f"{len(CASES) - wrong} passed, {wrong} failed")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
