#!/usr/bin/env node
// Frames from photographs: [768, 40, 40] features at stride 16, by a frozen convolutional network.
//
//   scripts/features/inception.mjs PHOTO.jpg... -o FRAMES.npy|FRAMES.safetensors [--half]
//
// The network is the InceptionV3 in npm's package nsfwjs (MIT licence), up to its layer mixed6; nothing is downloaded when
// the script runs: `scripts/setup.sh features` installs it. The longer side of a photograph is resized to 640 pixels and
// the photograph placed in the top left corner of a frame of 640 x 640, which is padded to 667 with 13 pixels on the left
// and at the top: so cell (i, j) of the features is centred at pixel (8 + 16 i, 8 + 16 j) of the frame. A frame is
// written as float32, or as float16 with --half: [768, 40, 40] for one photograph and [N, 768, 40, 40] for several. A
// safetensors file calls the tensor `features`, and has the photographs' numbers as `image_ids` where their names are
// numbers, as COCO's are.
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const USAGE = "usage: inception.mjs PHOTO.jpg... -o FRAMES.npy|FRAMES.safetensors [--half]";
const CHANNELS = 768, SIDE = 40, STRIDE = 16, FRAME = SIDE * STRIDE, PADDED = 667, MARGIN = 13, GREY = 0.5;
const LAYER = "mixed6";

function fail(text) {
    process.stderr.write(`inception.mjs: ${text}\n`);
    process.exit(2);
}

/* The packages' folder, beside which their names are looked up. */
function packages() {
    const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
    const folder = path.join(cache, "cofiber", "features", "node_modules");
    if (!fs.existsSync(path.join(folder, "nsfwjs")))
        fail(`${folder}: the network is not there; scripts/setup.sh features installs it`);
    return folder;
}

/* Leaves of a network's description the layers that `last` depends on, for frames of any photograph. */
function cutAt(network, last) {
    const layers = new Map(network.layers.map((layer) => [layer.name, layer])), kept = new Set(), open = [last];
    while (open.length > 0) {
        const name = open.pop();
        if (kept.has(name))
            continue;
        kept.add(name);
        for (const node of layers.get(name).inbound_nodes)
            open.push(...node.map((source) => source[0]));
    }
    network.layers = network.layers.filter((layer) => kept.has(layer.name));
    network.layers[0].config.batch_input_shape = [null, PADDED, PADDED, 3];
    network.output_layers = [[last, 0, 0]];
}

/* The network from its files, which are modules: the topology, and six pieces of weights in base64. Its
 * output is that of the layer. */
async function loadNetwork(tf, require, folder) {
    const place = path.join(folder, "nsfwjs", "dist", "models", "inception_v3");
    const { modelTopology, weightsManifest } = require(path.join(place, "model.min.js"));
    const pieces = weightsManifest[0].paths.map((name) =>
        Buffer.from(require(path.join(place, `${name}.min.js`)), "base64"));
    const weights = Buffer.concat(pieces);
    cutAt(modelTopology.model_config.config, LAYER);
    const memory = tf.io.fromMemory({
        modelTopology,
        weightSpecs: weightsManifest[0].weights,
        weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length),
    });
    return tf.loadLayersModel(memory, { strict: false }); // not strict: the layers behind have weights, too
}

/* The frame of a photograph, padded: [1, 667, 667, 3], from 0 to 1. */
function frameOf(tf, photo) {
    const scale = FRAME / Math.max(photo.width, photo.height);
    const height = Math.max(1, Math.round(photo.height * scale)), width = Math.max(1, Math.round(photo.width * scale));
    const pixels = tf.tensor3d(new Int32Array(photo.data), [photo.height, photo.width, 4], "int32");
    const colours = tf.div(tf.cast(tf.slice(pixels, [0, 0, 0], [photo.height, photo.width, 3]), "float32"), 255);
    const resized = tf.image.resizeBilinear(colours, [height, width], false, true);
    const padded = tf.pad(resized, [[MARGIN, PADDED - MARGIN - height], [MARGIN, PADDED - MARGIN - width], [0, 0]], GREY);
    return tf.expandDims(padded, 0);
}

/* The float16 nearest to each float32, of two alike the even one. Adding a power of two rounds at the place of the last
 * bit that a float16 keeps: ten below the leading one, and never below 2^-24. */
function halves(values) {
    const floats = new Float32Array(1), bits = new Uint32Array(floats.buffer), out = new Uint16Array(values.length);
    for (let i = 0; i < values.length; i++) {
        const size = Math.abs(values[i]), sign = values[i] < 0 ? 0x8000 : 0;
        floats[0] = size;
        const exponent = Math.max((bits[0] >>> 23) - 127, -14), unit = 2 ** (exponent - 10);
        const steps = size / unit + 2 ** 52 - 2 ** 52;
        if (!(steps * unit < 65520))
            fail(`a feature of ${values[i]}: float16 ends at 65504`);
        out[i] = sign | (steps < 1024 ? steps : ((exponent + 14) << 10) + steps);
    }
    return out;
}

async function featuresOf(tf, network, jpeg, file, half) {
    let photo;
    try {
        photo = jpeg.decode(fs.readFileSync(file), { maxMemoryUsageInMB: 2048 });
    } catch (problem) {
        fail(`${file}: ${problem.message}`);
    }
    const features = tf.tidy(() => tf.transpose(tf.squeeze(network.predict(frameOf(tf, photo)), [0]), [2, 0, 1]));
    if (features.shape.join() !== [CHANNELS, SIDE, SIDE].join())
        fail(`${file}: features of shape ${features.shape}`);
    const floats = await features.data(), values = half ? halves(floats) : floats;
    features.dispose();
    return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

function npyHeader(shape, half) {
    const text = `{'descr': '${half ? "<f2" : "<f4"}', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
    const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
    const head = Buffer.from("\x93NUMPY\x01\x00\x00\x00", "latin1");
    head.writeUInt16LE(length, 8);
    return Buffer.concat([head, Buffer.from(text.padEnd(length - 1) + "\n")]);
}

function safetensorsHeader(shape, size, files, half) {
    const names = files.map((file) => path.basename(file).replace(/\.[^.]*$/, ""));
    const header = { features: { dtype: half ? "F16" : "F32", shape, data_offsets: [0, size] } };
    if (names.every((name) => /^[0-9]{1,15}$/.test(name)))
        header.__metadata__ = { image_ids: names.map(Number).join(",") };
    let text = JSON.stringify(header);
    text = text.padEnd(Math.ceil(text.length / 8) * 8);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, Buffer.from(text)]);
}

function parse(words) {
    const half = words.includes("--half"), rest = words.filter((word) => word !== "--half"), at = rest.indexOf("-o");
    if (at < 0 || at + 1 >= rest.length || rest.length < 3)
        fail(USAGE);
    const out = rest[at + 1];
    if (!/\.(npy|safetensors)$/.test(out))
        fail(`${out}: a name that ends in .npy or .safetensors is wanted`);
    return { out, half, files: [...rest.slice(0, at), ...rest.slice(at + 2)] };
}

const { out, half, files } = parse(process.argv.slice(2));
const folder = packages(), require = createRequire(path.join(folder, "x.js"));
const tf = require("@tensorflow/tfjs-core");
Object.assign(tf, require("@tensorflow/tfjs-layers"));
require("@tensorflow/tfjs-backend-wasm");
const jpeg = require("jpeg-js");
await tf.setBackend("wasm");
const network = await loadNetwork(tf, require, folder);
const frames = [];
for (const file of files) {
    process.stderr.write(`${file}\n`);
    frames.push(await featuresOf(tf, network, jpeg, file, half));
}
const shape = files.length === 1 && out.endsWith(".npy") ? [CHANNELS, SIDE, SIDE] : [files.length, CHANNELS, SIDE, SIDE];
const data = Buffer.concat(frames);
const header = out.endsWith(".npy") ? npyHeader(shape, half)
    : safetensorsHeader(shape, data.length, files, half);
fs.writeFileSync(`${out}.part`, Buffer.concat([header, data]));
fs.renameSync(`${out}.part`, out);
