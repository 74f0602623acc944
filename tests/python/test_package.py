"""The installed package against the command `cofiber`: the same bytes, numbers, values, detections and errors."""
import ctypes
import gc
import inspect
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import cofiber
import model
from cofiber import _library

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
HEAD = FIXTURES / "head_f32.safetensors"
SMALL = {"grid": (8, 8), "scales": 2, "input_scale": 1 / 32}


def small_words(**changed):
    """The options of SMALL, with some changed, as the command takes them."""
    options = {"grid": "8x8", "scales": 2, "input-scale": 0.03125, **changed}
    return [f"--{name}={value}" for name, value in options.items()]


def command(*words, status=0):
    """What the command prints."""
    done = subprocess.run(["cofiber", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


def line_of(call, *arguments, **options):
    """The line with which a call fails."""
    with pytest.raises(cofiber.CofiberError) as caught:
        call(*arguments, **options)
    return str(caught.value)


@pytest.fixture(scope="module")
def netlist():
    return cofiber.compile(HEAD, **SMALL)


@pytest.fixture(scope="module")
def frames():
    return np.load(FIXTURES / "frames_f32.npy")


def tensors_of(path):
    """A safetensors file as arrays, read by hand."""
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    types = {"U8": "u1", "I8": "i1", "I32": "i4", "I64": "i8", "F32": "f4", "F64": "f8"}
    found = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + place for place in entry["data_offsets"])
            found[name] = np.frombuffer(data[begin:end], types[entry["dtype"]]).reshape(entry["shape"])
    return found


# ---- the published lines ----


def test_the_published_lines(tmp_path):
    frame = ROOT / "examples" / "000000214753_f16.npy"
    shutil.copy(ROOT / "examples" / "head_nearest_fp32.safetensors", tmp_path / "model.safetensors")
    script = f"""
import json
import numpy as np
features = np.load({str(frame)!r})
from model import CofiberDetector
detector = CofiberDetector.from_safetensors("model.safetensors")
detections = detector.detect(features, score_thresh=0.3)
print(json.dumps(detections))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    detections = json.loads(done.stdout)
    net = tmp_path / "net"
    command("compile", tmp_path / "model.safetensors", "-o", net, "--calibrate", frame)
    wanted = json.loads(command("detect", net, frame, "--score-thresh", "0.3"))
    table = command("detect", net, frame, "--score-thresh", "0.3", "--format", "table").splitlines()[1:]
    assert len(detections) == len(wanted) == len(table) > 0
    for found, record, row in zip(detections, wanted, table):
        assert set(found) == {"label", "box", "score", "scale"}
        assert found["score"] == pytest.approx(record["score"], abs=1e-6)
        assert found["box"] == pytest.approx(record["bbox"], abs=1e-3)
        assert found["scale"] == int(row.split()[1]) and found["label"] in row


def test_a_detector_of_a_netlist_and_of_a_head(tmp_path, netlist, frames):
    netlist.save(tmp_path / "net")
    one = model.CofiberDetector.from_safetensors(tmp_path / "net")
    two = model.CofiberDetector.from_safetensors(HEAD, grid=(8, 8), scales=2, input_scale=1 / 32)
    assert isinstance(one, model.CofiberDetector) and one.netlist is not None
    assert one.detect(frames[0]) == two.detect(frames[0]) == cofiber.Detector(netlist).detect(frames[0])
    assert one.detect(frames) == [one.detect(frame) for frame in frames]
    assert len(one.detect(frames[0], score_thresh=0.01, top=7)) == 7
    for top in (-1, 0, 2**32):
        with pytest.raises(cofiber.CofiberError, match="is not an integer from 1 to 4294967295"):
            one.detect(frames[0], top=top)
    for option in ("score_thresh", "nms"):
        with pytest.raises(cofiber.CofiberError, match=f"^{option} 'a' is not a number$"):
            one.detect(frames[0], **{option: "a"})
    later = model.CofiberDetector.from_safetensors(HEAD, scales=2)
    assert later.netlist is None
    first = later.detect(frames[0])
    assert later.netlist.meta["compile.grid"] == "8x8" and later.detect(frames[0]) == first
    assert "a score threshold of 2" in line_of(one.detect, frames[0], score_thresh=2)
    with pytest.raises(FileNotFoundError):
        model.CofiberDetector.from_safetensors(tmp_path / "absent")


# ---- heads beyond the classifier ----


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    """A folder with a small head of each family, and frame.npy."""
    folder = tmp_path_factory.mktemp("heads")
    subprocess.run([sys.executable, ROOT / "tests" / "heads" / "make.py", folder, "small"], check=True)
    return folder


@pytest.mark.parametrize("family", ["linear", "box32", "dim20", "dim5"])
@pytest.mark.parametrize("score", ["product", "sqrt"])
def test_heads_with_boxes_detect_as_the_command_does(tmp_path, heads, family, score):
    path, frame = heads / f"{family}.safetensors", heads / "frame.npy"
    detector = model.CofiberDetector.from_safetensors(path)
    found = detector.detect(np.load(frame), score_thresh=0.2, score=score)
    command("compile", path, "-o", tmp_path / "net", "--grid", "8x8", "--calibrate", frame)
    wanted = json.loads(command("detect", tmp_path / "net", frame, "--score-thresh", "0.2", "--score", score))
    assert len(found) == len(wanted) > 0
    assert any(one["box"][2] != 16 * 2 ** one["scale"] for one in found)
    for one, record in zip(found, wanted):
        assert one["score"] == pytest.approx(record["score"], rel=1e-8)
        assert one["box"] == pytest.approx(record["bbox"], rel=1e-8)
        assert one["label"] == f"class {record['category_id']}"
    assert "score 'mean' is none of" in line_of(detector.detect, np.load(frame), score="mean")


@pytest.mark.parametrize(
    "words, options",
    [
        ([], {}),
        (["--norm-eps=0.01", "--weight-bits=6"], {"norm_eps": 0.01, "weight_bits": 6}),
        (["--layer-bits=7"], {"layer_bits": 7}),
    ],
)
def test_heads_compile_to_the_bytes_of_the_command(tmp_path, heads, words, options):
    path = heads / "dim10.safetensors"
    cofiber.compile(path, grid=(8, 8), input_scale=0.05, **options).save(tmp_path / "a")
    command("compile", path, "-o", tmp_path / "b", "--grid=8x8", "--input-scale=0.05", *words)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "name, words, options",
    [
        ("state.pth", [], {}),
        ("gemm.onnx", [], {}),
        ("NAMELESS", ["--no-bias", "--transpose", "--map=MAP"], {"no_bias": True, "transposed": True, "map": "MAP"}),
    ],
)
def test_heads_of_any_form(tmp_path, monkeypatch, name, words, options):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("MAP").write_text('{"cls_weight": "w"}')
    data = np.arange(12, dtype="<f4") - 5
    text = json.dumps({"w": {"dtype": "F32", "shape": [4, 3], "data_offsets": [0, 48]}}).encode()
    pathlib.Path("NAMELESS").write_bytes(len(text).to_bytes(8, "little") + text + data.tobytes())
    path = name if name == "NAMELESS" else FIXTURES / "heads" / name
    detector = model.CofiberDetector.from_safetensors(path, grid=(8, 8), input_scale=0.05, **options)
    detector.netlist.save("a")
    command("compile", path, "-o", "b", "--grid=8x8", "--input-scale=0.05", *words)
    assert pathlib.Path("a").read_bytes() == pathlib.Path("b").read_bytes()


def test_head_options_out_of_range(heads):
    path = heads / "linear.safetensors"
    for option, line in [({"norm_eps": 0}, "a norm_eps of 0"), ({"weight_bits": 1}, "weights of 1 bits"),
                         ({"layer_bits": 17}, "layers of 17 bits"), ({"map": "absent"}, "absent: ")]:  # fmt: skip
        assert line in line_of(cofiber.compile, path, grid=(8, 8), input_scale=0.05, **option)


# ---- netlists ----


@pytest.mark.parametrize(
    "words, options",
    [
        (small_words(), {}),
        (small_words(upsample="bilinear", pools="iterated"), {"upsample": "bilinear", "pools": "iterated"}),
        (small_words(top="cofiber") + ["--input-bits=12"], {"top": "cofiber", "input_bits": 12}),
        (small_words() + ["--sweep", "--score-threshold=0.25"], {"sweep": True, "score_threshold": 0.25}),
        (small_words(grid="7x5", pad="edge"), {"grid": (7, 5), "pad": "edge"}),
    ],
)
def test_compile_writes_the_bytes_of_the_command(tmp_path, words, options):
    cofiber.compile(HEAD, **{**SMALL, **options}).save(tmp_path / "a")
    command("compile", HEAD, "-o", tmp_path / "b", *words)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_calibration_is_that_of_the_command(tmp_path, frames):
    cofiber.compile(HEAD, grid=(8, 8), scales=2, calibrate=frames).save(tmp_path / "a")
    command("compile", HEAD, "-o", tmp_path / "b", "--grid", "8x8", "--scales", "2", "--calibrate",
            FIXTURES / "frames_f32.npy")  # fmt: skip
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_stats_are_those_of_the_command(tmp_path):
    netlist = cofiber.compile(FIXTURES / "head_pruned.safetensors", sweep=True, **SMALL)
    netlist.save(tmp_path / "net")
    wanted, stats = json.loads(command("stats", tmp_path / "net", "--json")), netlist.stats()
    assert stats.gates == wanted["gates"]["total"] and stats.dead == wanted["gates"]["dead"] == 0
    assert (stats.depth, stats.edges, stats.cells) == (wanted["depth"], wanted["edges"], wanted["cells"])
    assert list(stats.groups) == [group["name"] for group in wanted["groups"]]
    for group in wanted["groups"]:
        found, shape = stats.groups[group["name"]], netlist.groups[group["name"]]
        assert (found.gates, found.live, found.edges) == (group["gates"], group["live"], group["edges"])
        assert found.levels == (group["level_low"], group["level_high"])
        assert list(shape.shape) == group["shape"] and shape.lanes == (tuple(group.get("lanes", [])) or None)
    assert netlist.groups["s0.subtract"].lanes == (0, 2)
    assert netlist.meta == wanted["provenance"]
    assert netlist.input == cofiber.Input(3, 8, 8, 8, 1 / 32)


def test_gates_are_those_of_explain(tmp_path, netlist):
    netlist.save(tmp_path / "net")
    for name in ("s1.classify[1,2,3]", "s0.subtract[7,7,2]", "s0.pool[0,3,1]"):
        wanted, gate = json.loads(command("explain", tmp_path / "net", name, "--json")), netlist.gate(name)
        assert gate.bias == wanted["bias"] and gate.activation == wanted["activation"]
        assert [(t.name, t.weight, t.shift) for t in gate.terms] == [
            (t["net"], t["weight"], t["shift"]) for t in wanted["terms"]
        ]
    assert netlist.gate("input[1,2,0]").terms == ()


def test_a_netlist_in_memory(tmp_path, netlist):
    netlist.save(tmp_path / "net")
    data = (tmp_path / "net").read_bytes()
    cofiber.Netlist.from_bytes(data).save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == data
    assert line_of(cofiber.Netlist.from_bytes, data[:-1], "memory").startswith("memory: ")
    assert line_of(cofiber.Netlist.from_bytes, b"").startswith("netlist: ")


# ---- simulators ----


@pytest.mark.parametrize("engine", ["word", "bits", "reference"])
def test_values_are_those_of_a_trace(tmp_path, netlist, frames, engine):
    netlist.save(tmp_path / "net")
    command("sim", tmp_path / "net", FIXTURES / "frames_f32.npy", "--trace", tmp_path / "trace")
    trace = tensors_of(tmp_path / "trace")
    simulator = cofiber.Simulator(netlist, engine=engine, threads=2)
    batch = simulator.batch(frames, trace)
    assert set(batch) == set(trace) == set(netlist.groups)
    for number, frame in enumerate(frames):
        values = simulator.run(frame)
        assert set(values) == set(trace)
        for name, wanted in trace.items():
            assert np.array_equal(values[name], wanted[number]) and np.array_equal(batch[name][number], wanted[number])
        assert values.gate("s0.subtract[3,4,1]") == trace["s0.subtract"][number, 3, 4, 1]


def test_decisions_alone(netlist, frames):
    simulator, every = cofiber.Simulator(netlist, mode="decisions"), cofiber.Simulator(netlist)
    values = simulator.run(frames[0])
    for name in netlist.outputs:
        assert np.array_equal(values[name], every.run(frames[0])[name])
    assert "s0.pool" not in list(values)
    with pytest.raises(KeyError):
        values["s0.pool"]
    assert line_of(simulator.batch, frames, ["s0.pool"]) == "s0.pool: not computed in the mode of decisions"


def test_values_are_not_copied_and_outlive_their_simulator(netlist, frames):
    simulator = cofiber.Simulator(netlist, threads=1)
    first = simulator.run(frames[0])["s0.subtract"]
    kept = first.copy()
    second = simulator.run(frames[1])["s0.subtract"]
    assert np.shares_memory(first, second) and np.array_equal(first, second) and not np.array_equal(first, kept)
    assert not first.flags.writeable
    del simulator, second
    gc.collect()
    assert np.array_equal(first, cofiber.Simulator(netlist).run(frames[1])["s0.subtract"])


def test_features_of_every_type(netlist, frames):
    simulator = cofiber.Simulator(netlist)
    whole = np.round(frames[0] * 8)
    wanted = simulator.run(whole)["s0.subtract"].copy()
    for dtype in ("f2", "f4", ">f4", "f8", "i1", "i2", "i4", "i8"):
        assert np.array_equal(simulator.run(whole.astype(dtype))["s0.subtract"], wanted), dtype
    assert np.array_equal(simulator.run(whole.tolist())["s0.subtract"], wanted)
    assert np.array_equal(simulator.run(np.asfortranarray(whole))["s0.subtract"], wanted)
    for wrong in (frames, frames[0][:2], frames[0][0]):
        assert "the circuit takes [3, 8, 8]" in line_of(simulator.run, wrong)
    assert line_of(simulator.run, np.full((3, 8, 8), "x")).startswith("features of type")


def test_a_feature_that_is_nan_is_named(netlist):
    frame = np.load(FIXTURES / "frame_nan.npy")
    simulator = cofiber.Simulator(netlist)
    with pytest.raises(cofiber.CofiberError) as caught:
        simulator.run(frame)
    assert caught.value.element == 100 and "is NaN or infinite" in str(caught.value)
    with pytest.raises(cofiber.CofiberError) as caught:
        simulator.batch(np.stack([np.zeros_like(frame), frame]))
    assert (caught.value.frame, caught.value.element) == (1, 100)


def test_threads_share_a_netlist(netlist, frames):
    wanted = cofiber.Simulator(netlist).batch(frames)["s0.classify"]
    shared, results = cofiber.Simulator(netlist, threads=1), []

    def work(simulator):
        results.extend(np.array_equal(simulator.batch(frames)["s0.classify"], wanted) for _ in range(20))

    workers = [threading.Thread(target=work, args=(shared if n % 2 else cofiber.Simulator(netlist, threads=1),))
               for n in range(6)]  # fmt: skip
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert results == [True] * 120


def standstill(call):
    """For what part of the call, made in another thread, this thread could not run Python at one stretch."""
    inside, took, longest = threading.Event(), [0.0], 0.0

    def work():
        inside.set()
        started = time.perf_counter()
        call()
        took[0] = time.perf_counter() - started

    worker = threading.Thread(target=work)
    before = time.perf_counter()
    worker.start()
    inside.wait()
    while worker.is_alive():
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
    return max(longest, time.perf_counter() - before) / took[0]


def test_calls_let_other_threads_run(netlist, frames):
    many = np.ascontiguousarray(np.repeat(frames, 6000, axis=0))
    simulator = cofiber.Simulator(netlist, engine="reference", threads=1)
    assert standstill(lambda: simulator.batch(many)) < 0.5
    # The same call by a way that holds the interpreter: the check can tell.
    holding = ctypes.PyDLL(_library.library()._name).cofiber_sim_run_array
    holding.argtypes = _library.library().cofiber_sim_run_array.argtypes
    view = _library.Features(many.ctypes.data, 0)
    assert standstill(lambda: holding(simulator._handle, ctypes.byref(view), len(many), None, 0, None)) > 0.8


# ---- errors ----


def test_errors_are_the_lines_of_the_command(tmp_path):
    for path in sorted((ROOT / "tests" / "hostile").glob("net_*.safetensors"))[::7]:
        assert "cofiber: " + line_of(cofiber.Netlist.load, path) == command("check", path, status=2).strip()
    for words, options in (
        (small_words(scales=4), {"scales": 4}),
        (small_words() + ["--score-threshold=1"], {"score_threshold": 1}),
        (small_words(**{"input-scale": "1e301"}), {"input_scale": 1e301}),
    ):
        assert ("cofiber: " + line_of(cofiber.compile, HEAD, **{**SMALL, **options})
                == command("compile", HEAD, "-o", tmp_path / "x", *words, status=2).strip())  # fmt: skip
    assert line_of(cofiber.compile, HEAD, pad="mirror", input_scale=1) == "pad 'mirror' is none of: none|zeros|edge"
    assert line_of(cofiber.compile, HEAD).startswith("compile: give one of input_scale")
    assert line_of(cofiber.Simulator, cofiber.compile(HEAD, **SMALL), isa="mmx").startswith("mmx: no such instruction")


def test_importing_does_nothing():
    script = "import cofiber, model; print('imported'); cofiber.library_version()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          env={**os.environ, "COFIBER_LIBRARY": "/absent/libcofiber.so"})  # fmt: skip
    assert done.stdout == "imported\n" and "CofiberError: /absent/libcofiber.so: " in done.stderr


def test_everything_public_is_typed():
    assert (pathlib.Path(cofiber.__file__).parent / "py.typed").exists()
    for name in cofiber.__all__:
        thing = getattr(cofiber, name)
        assert thing.__doc__, name
        members = [thing] if inspect.isfunction(thing) else [
            member for key, member in vars(thing).items() if inspect.isfunction(member) and not key.startswith("_")
        ]
        for member in members:
            hints = {**member.__annotations__, "self": None}
            assert set(inspect.signature(member).parameters) | {"return"} <= set(hints) | {"cls"}, member
