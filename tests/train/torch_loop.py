#!/usr/bin/env python3
"""The training of `cofiber train` in PyTorch, written from its definition (docs/training.md), to compare losses, gradients
and speed with.

    torch_loop.py compare COFIBER FRAMES.npy ANNOTATIONS.json --variant V [--steps N] [--upsample U] [--scales K] [--top T]
    torch_loop.py time FRAMES.npy ANNOTATIONS.json --variant V --batch B --steps N --threads T

compare: trains N steps with batches of all frames, from the same first values, and exits with 1 where a loss differs by
more than 1e-4 of itself, or a tensor of the mean gradients by more than 1e-5 of its largest element. time: prints the
median seconds of a step, by the clock and of processor time. Frames have the image ids 0, 1, ...; images are as large as the frames."""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import numpy
import torch
from torch.nn import functional as F

STRIDE = 16


def read_head(path):
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header, data = json.loads(file.read(size)), file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, end = entry["data_offsets"]
            kind = {"F32": "<f4", "F64": "<f8"}[entry["dtype"]]
            tensors[name] = numpy.frombuffer(data[first:end], kind).reshape(entry["shape"]).copy()
    return tensors, header.get("__metadata__", {})


def bands_of(frames, scales, upsample, top):
    """Of frames [N, D, H, W]: one band [N, H*W, D] for each scale."""
    bands = []
    for k in range(scales):
        if k + 1 == scales and top == "residual":
            band = frames
        else:
            pool = F.avg_pool2d(frames, 2)
            up = (F.interpolate(pool, scale_factor=2, mode="nearest") if upsample == "nearest" else
                  F.interpolate(pool, scale_factor=2, mode="bilinear", align_corners=False))
            band, frames = frames - up, pool
        bands.append(band.flatten(2).transpose(1, 2))
    return bands


def targets_of(annotations, count, grid, scales):
    """For each scale: classes [N, H*W] (-1: none), distances in strides [N, H*W, 4]."""
    result = []
    for k in range(scales):
        stride, side = STRIDE * 2**k, grid >> k
        low = 0 if k == 0 else 4 * stride
        high = float("inf") if k + 1 == scales else 8 * stride
        centre = stride * (numpy.arange(side) + 0.5)
        x, y = numpy.tile(centre, side), numpy.repeat(centre, side)
        classes = numpy.full((count, side * side), -1)
        sides = numpy.ones((count, side * side, 4))
        smallest = numpy.full((count, side * side), numpy.inf)
        for one in annotations["annotations"]:
            left, top, width, height = one["bbox"]
            distance = numpy.stack([x - left, y - top, left + width - x, top + height - y], 1)
            near = numpy.maximum(abs(x - left - width / 2), abs(y - top - height / 2)) < 1.5 * stride
            reach = distance.max(1)
            image = one["image_id"]
            mine = (distance.min(1) > 0) & near & (reach >= low) & (reach < high) & (width * height < smallest[image])
            classes[image, mine] = one["category_id"]
            sides[image, mine] = distance[mine] / stride
            smallest[image, mine] = width * height
        result.append((torch.tensor(classes), torch.tensor(sides, dtype=torch.float32)))
    return result


class Head:
    def __init__(self, tensors):
        self.tensors = {name: torch.tensor(value, requires_grad=True) for name, value in tensors.items()}

    def linear(self, name, x):
        return F.linear(x, self.tensors[name + "_weight"], self.tensors.get(name + "_bias"))

    def outputs(self, band, k):
        t = self.tensors
        if "scale" not in t:
            return self.linear("cls", band), None, None
        x = F.layer_norm(band, band.shape[-1:], t[f"norm.{k}.weight"], t[f"norm.{k}.bias"])
        if "project_weight" in t:
            x = self.linear("project", x)
        if "reg_weight" in t:
            z = self.linear("reg", x)
        else:
            z = self.linear("reg_out", torch.relu(self.linear("reg_hidden", x)))
        return self.linear("cls", x), torch.exp(t["scale"][k] * z), self.linear("ctr", x)[..., 0]


def giou(found, wanted):
    def area(sides):
        return (sides[:, 0] + sides[:, 2]) * (sides[:, 1] + sides[:, 3])
    shared, around = area(torch.minimum(found, wanted)), area(torch.maximum(found, wanted))
    union = area(found) + area(wanted) - shared
    return 1 - (shared / union - (around - union) / around)


def losses_of(head, bands, targets):
    classification = boxes = centerness = 0
    positives = 0
    for k, (band, (classes, sides)) in enumerate(zip(bands, targets)):
        logits, found, centre = head.outputs(band, k)
        positive = classes >= 0
        truth = torch.zeros_like(logits)
        truth[positive, classes[positive]] = 1
        p = torch.sigmoid(logits)
        error = p * (1 - truth) + (1 - p) * truth
        weight = 0.25 * truth + 0.75 * (1 - truth)
        entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        classification = classification + (weight * error**2 * entropy).sum()
        positives += int(positive.sum())
        if found is not None:
            wanted = sides[positive]
            boxes = boxes + giou(found[positive], wanted).sum()
            across = torch.minimum(wanted[:, 0], wanted[:, 2]) / torch.maximum(wanted[:, 0], wanted[:, 2])
            down = torch.minimum(wanted[:, 1], wanted[:, 3]) / torch.maximum(wanted[:, 1], wanted[:, 3])
            centerness = centerness + F.binary_cross_entropy_with_logits(centre[positive], torch.sqrt(across * down),
                                                                         reduction="sum")
    by = max(positives, 1)
    return classification / by, boxes / by, centerness / by


def rate_of(step, steps, peak=1e-3):
    rising = round(0.03 * steps)
    if step < rising:
        return peak * (step + 1) / rising
    return peak * 0.5 * (1 + numpy.cos(numpy.pi * (step - rising) / (steps - rising)))


def train(head, batches, steps, of):
    """Takes the first `steps` of `of` steps; the losses, and the optimiser."""
    optimiser = torch.optim.AdamW(head.tensors.values(), lr=1e-3, weight_decay=1e-4)
    record, seconds, processor = [], [], []
    for step in range(steps):
        start = time.perf_counter(), time.process_time()
        optimiser.param_groups[0]["lr"] = rate_of(step, of)
        optimiser.zero_grad()
        bands, targets = batches(step)
        parts = losses_of(head, bands, targets)
        loss = sum(parts)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head.tensors.values(), 5.0)
        optimiser.step()
        record.append(float(loss))
        seconds.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return record, (seconds, processor), optimiser


def cofiber_train(args, output, *more):
    return [args.cofiber, "train", args.frames, "--annotations", args.annotations, "--variant", args.variant, "--batch",
            "1000000", "--scales", str(args.scales), "--upsample", args.upsample, "--top", args.top, "-o", output, *more]


def compare(args):
    frames = torch.tensor(numpy.load(args.frames).astype(numpy.float32))
    with open(args.annotations) as file:
        annotations = json.load(file)
    data = (bands_of(frames, args.scales, args.upsample, args.top),
            targets_of(annotations, len(frames), frames.shape[-1], args.scales))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "head")
        subprocess.run(cofiber_train(args, path, "--rate", "0", "--epochs", "1"), check=True, stdout=subprocess.DEVNULL)
        first, _ = read_head(path)
        log = os.path.join(folder, "log")
        subprocess.run(cofiber_train(args, path, "--epochs", str(args.steps), "--log", log), check=True,
                       stdout=subprocess.DEVNULL)
        with open(log) as file:
            found = [json.loads(line)["loss"] for line in file]
        run = subprocess.Popen(cofiber_train(args, path, "--epochs", "1000000", "--checkpoint", "0"),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not os.path.exists(path + ".checkpoint"):
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
        run.wait()
        state, metadata = read_head(path + ".checkpoint")
    wanted, _, _ = train(Head(first), lambda step: data, args.steps, args.steps)
    worst = max(abs(a - b) / b for a, b in zip(found, wanted))
    head = Head(first)
    _, _, optimiser = train(head, lambda step: data, int(metadata["step"]), 1000000)
    gradients = 0
    means = state["mean"]
    size = 0
    # Rows that read the same input stand together in the checkpoint: cls, reg or reg_hidden, ctr; weights, then biases.
    box = "reg_hidden" if "reg_hidden_weight" in first else "reg"
    order = ["project_weight", "cls_weight", box + "_weight", "ctr_weight", "cls_bias", box + "_bias", "ctr_bias",
             "reg_out_weight", "reg_out_bias"]
    order += [name for k in range(args.scales) for name in (f"norm.{k}.weight", f"norm.{k}.bias")] + ["scale"]
    for name in order:
        if name not in first:
            continue
        tensor = head.tensors[name]
        mine = means[size:size + tensor.numel()]
        theirs = optimiser.state[tensor]["exp_avg"].numpy().ravel()
        gradients = max(gradients, abs(mine - theirs).max() / abs(theirs).max())
        size += tensor.numel()
    assert size == means.size
    print(f"{args.variant}: losses of {args.steps} steps differ by {worst:.2g}, gradients by {gradients:.2g}")
    return 0 if worst < 1e-4 and gradients < args.tolerance else 1


def measure(args):
    torch.set_num_threads(args.threads)
    frames = numpy.load(args.frames, mmap_mode="r")
    with open(args.annotations) as file:
        annotations = json.load(file)
    classes = len(annotations["categories"])
    channels = frames.shape[1]
    targets = targets_of(annotations, len(frames), frames.shape[-1], args.scales)
    random = numpy.random.default_rng(1)

    def values(*shape):
        return (0.01 * random.normal(size=shape)).astype(numpy.float32)
    tensors = {"cls_weight": values(classes, channels), "cls_bias": numpy.full(classes, -4.6, numpy.float32)}
    if args.variant == "linear":
        tensors |= {"reg_weight": values(4, channels), "reg_bias": values(4), "ctr_weight": values(1, channels),
                    "ctr_bias": values(1), "scale": numpy.ones(args.scales, numpy.float32)}
        for k in range(args.scales):
            tensors |= {f"norm.{k}.weight": numpy.ones(channels, numpy.float32),
                        f"norm.{k}.bias": numpy.zeros(channels, numpy.float32)}

    def batch(step):
        order = random.permutation(len(frames))[:args.batch]
        part = torch.tensor(frames[order].astype(numpy.float32))
        return (bands_of(part, args.scales, args.upsample, args.top),
                [(classes[order], sides[order]) for classes, sides in targets])
    _, seconds, _ = train(Head(tensors), batch, args.steps, args.steps)
    print(json.dumps({"median_seconds": float(numpy.median(seconds[0])),
                      "processor_seconds": float(numpy.median(seconds[1])), "steps": args.steps, "threads": args.threads}))
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=("compare", "time"))
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--variant", default="linear")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--scales", type=int, default=3)
    parser.add_argument("--upsample", default="nearest")
    parser.add_argument("--top", default="residual")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tolerance", type=float, default=1e-5)
    args = parser.parse_args()
    if args.action == "time":
        args.frames, args.annotations = args.paths
        return measure(args)
    args.cofiber, args.frames, args.annotations = args.paths
    return compare(args)


if __name__ == "__main__":
    sys.exit(main())
