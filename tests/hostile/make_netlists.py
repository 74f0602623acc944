#!/usr/bin/env python3
"""Writes the hostile netlists (net_*) and heads (head_*) of this folder, and their lines of expected.txt.

Each file is a sound safetensors container and wrong in exactly one way, for which it is named. Lines of other files
are kept as they are. Standard library only; the output is the same on every run.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from netlistfile import LINEAR, RELU, ROOT, STEP, cell, group, netlist, safetensors  # noqa: E402

CASES = []
PIXEL, SUM, BIT = (4, 1, 0), (7, 1, 1), (1, 0, 0)


def base():
    """input [2,2,3] of 4 bits; sum [2,2,3] of two ports; step [4] reading three sums each. Valid."""
    cells = [
        cell([PIXEL, PIXEL], [(0, 0, 1, 0), (1, 0, -2, 1)], 5, LINEAR, SUM),
        cell([SUM], [(0, 0, 3, 0), (0, 1, -1, 0), (0, 2, 2, 0)], -1, STEP, BIT),
    ]
    groups = [
        group("sum", [2, 2, 3], SUM, 0, [0] * 12, [[i, 11 - i] for i in range(12)]),
        group("step", [4], BIT, 1, [1] * 4, [[12 + 3 * i] for i in range(4)]),
    ]
    return netlist([2, 2, 3], PIXEL, 0.5, cells, groups, [1.0, 1.0, 1.0, 1.0])


def add(name, content, fragment):
    assert len(content) < 4096, name
    CASES.append((name + ".safetensors", content, fragment))


def tensors(name, change, fragment):
    """A netlist whose tensors `change` has broken."""
    table, meta = base()
    change(table)
    add("net_" + name, safetensors(table, meta), fragment)


def metadata(name, change, fragment):
    table, meta = base()
    change(meta)
    add("net_" + name, safetensors(table, meta), fragment)


def value(name, tensor, index, number, fragment):
    """One element replaced."""

    def change(table):
        table[tensor][2][index] = number

    tensors(name, change, fragment)


def replaced(name, tensor, dtype, shape, values, fragment):
    tensors(name, lambda table: table.__setitem__(tensor, (dtype, shape, values)), fragment)


def graphed(name, change, fragment):
    """Version 3: the step of base(), 3a - b + 2c, as a graph of three adders: 3a; 3a - b; 3a - b + 2c."""
    table, meta = base()
    meta["version"] = "3"
    table["term.square"] = ("U8", [5], [0] * 5)
    table.update({
        "graph.inputs": ("I32", [1], [3]),
        "graph.adders": ("I32", [2], [0, 3]),
        "graph.outputs": ("I32", [2], [0, 1]),
        "adder.operand": ("I32", [3, 2], [0, 0, 3, 1, 4, 2]),
        "output.signal": ("I32", [1], [5]),
        "output.shift": ("I32", [1], [0]),
        "bank.graph": ("I32", [1], [0]),
        "bank.members": ("I32", [2], [0, 1]),
        "bank.member": ("I32", [1], [1]),
        "adder.shift": ("U8", [3, 2], [0, 1, 0, 0, 0, 1]),
        "adder.negative": ("U8", [3, 2], [0, 0, 0, 1, 0, 0]),
        "output.negative": ("U8", [1], [0]),
    })
    change(table)
    add("net_graph_" + name, safetensors(table, meta), fragment)


def graph_value(name, tensor, index, number, fragment):
    graphed(name, lambda table: table[tensor][2].__setitem__(index, number), fragment)


def graph_tensor(name, tensor, dtype, shape, values, fragment):
    graphed(name, lambda table: table.__setitem__(tensor, (dtype, shape, values)), fragment)


# The container's metadata.
metadata("format_missing", lambda m: m.pop("format"), "not a netlist (metadata 'format' is not \"cofiber-netlist\")")
metadata("format_other", lambda m: m.update(format="cofiber-trace"), "not a netlist")
metadata("version_missing", lambda m: m.pop("version"), "netlist format version missing")
metadata("version_4", lambda m: m.update(version="4"), "netlist format version 4; this program reads versions 1, 2 and 3")
metadata("version_3_of_1", lambda m: m.update(version="3"), "tensor 'term.square' is missing")
metadata("version_2_of_1", lambda m: m.update(version="2"), "tensor 'term.square' is missing")
metadata("version_1_0", lambda m: m.update(version="1.0"), "netlist format version 1.0")
metadata("groups_missing", lambda m: m.pop("groups"), "metadata 'groups' is missing")
metadata("groups_empty", lambda m: m.update(groups=""), "metadata 'groups': name 0 is empty")
metadata("groups_leading_space", lambda m: m.update(groups=" input sum step"), "metadata 'groups': name 0 is empty")
metadata("groups_trailing_space", lambda m: m.update(groups="input sum step "), "metadata 'groups'")
metadata("groups_two_spaces", lambda m: m.update(groups="input  sum step"), "metadata 'groups': name 1 is empty")
metadata("groups_no_input", lambda m: m.update(groups="sum step"), "metadata 'groups' begins with 'sum'")
metadata("groups_input_later", lambda m: m.update(groups="sum input step"), "metadata 'groups' begins with 'sum'")
metadata("groups_too_few", lambda m: m.update(groups="input sum"), "'group.type' (3 rows) differ in length")
metadata("groups_too_many", lambda m: m.update(groups="input sum step ghost"), "'group.type' (3 rows) differ in length")
metadata("groups_absent_name", lambda m: m.update(groups="input sum stop"), "tensor 'stop.cell' is missing")
metadata("groups_twice", lambda m: m.update(groups="input sum sum"), "metadata 'groups' names 'sum' twice")
metadata("groups_input_twice", lambda m: m.update(groups="input input sum"), "metadata 'groups' names 'input' twice")
metadata("groups_order", lambda m: m.update(groups="input step sum"), "step[0]: ")
metadata("groups_long_name", lambda m: m.update(groups="input " + "g" * 81 + " step"), "longer than 80 bytes")
metadata("groups_tab", lambda m: m.update(groups="input\tsum step"), "metadata 'groups' begins with 'input?sum'")

# What version 2 adds.
def full(name, change, fragment):
    """Of version 2: sum [2,2,3] linear; root [4] of three squares and a plain term each, relu [4] over root and sum."""
    root, relu = (8, 0, 1), (9, 0, 1)
    cells = [
        cell([PIXEL], [(0, 0, 1, 2)], 5, LINEAR, SUM),
        cell([SUM], [(0, 0, 2, 0), (0, 0, 3, 0, 1), (0, 1, 1, 0, 1), (0, 2, 1, 0, 1)], -9, ROOT, root),
        cell([root, SUM], [(0, 0, 1, 0), (1, 0, -1, 0)], -1, RELU, relu),
    ]
    groups = [
        group("sum", [2, 2, 3], SUM, 0, [0] * 12, [[i] for i in range(12)]),
        group("root", [4], root, 0, [1] * 4, [[12 + 3 * i] for i in range(4)]),
        group("relu", [4], relu, 1, [2] * 4, [[24 + i, 12 + i] for i in range(4)]),
    ]
    table, meta = netlist([2, 2, 3], PIXEL, 0.5, cells, groups)
    change(table, meta)
    add("net_full_" + name, safetensors(table, meta), fragment)


def element(tensor, index, number):
    return lambda table, meta: table[tensor][2].__setitem__(index, number)


full("as_version_1", lambda table, meta: meta.update(version="1"), "cell 1: activation is 3; 0 is linear, 1 a step")
full("square_2", element("term.square", 2, 2), "tensor 'term.square': element 2 is 2, not 0 or 1")
full("square_255", element("term.square", 5, 255), "tensor 'term.square': element 5 is 255, not 0 or 1")
full("square_short", lambda table, meta: table.update({"term.square": ("U8", [6], [0] * 6)}),
     "'term.square': U8 [6] does not fit")
full("square_bool", lambda table, meta: table.update({"term.square": ("BOOL", [7], [0] * 7)}),
     "'term.square': BOOL [7] does not fit")
full("square_missing", lambda table, meta: table.pop("term.square"), "tensor 'term.square' is missing")
full("square_first", lambda table, meta: table["term.square"][2].__setitem__(slice(1, 3), [1, 0]),
     "cell 1: term 1 is not after the term before it in (port, offset, square) (first placed at root[0])")
full("square_twice", element("term.square", 1, 1), "cell 1: term 1 is not after the term before it")
full("square_passes_63_bits", element("term.shift", 3, 51), "cell 1: its sum could pass 63 bits")
full("square_of_a_sum", element("term.square", 0, 1), "cell 0: sums from 5 to 261 do not fit its output of 7 bits")
full("activation_4", element("cell.type", 4, 4), "activation is 4; 0 is linear, 1 a step, 2 a ReLU, 3 a root")
full("activation_negative", element("cell.type", 8, -1), "cell 2: activation is -1")
full("root_narrow", element("cell.type", 5, 7), "cell 1: outputs from 0 to 143 do not fit its output of 7 bits")
full("relu_signed", element("cell.type", 10, 1), "cell 2: outputs from 0 to 318 do not fit its output of 9 bits")
full("relu_of_128_bits", element("cell.type", 9, 128), "tensor 'cell.type': row 2 is not a type")


# Tensors that are missing, unknown, or of the wrong kind.
for tensor in ("input.shape", "input.scale", "group.type", "cell.type", "cell.bias", "cell.ports", "cell.terms",
               "port.type", "term.port", "term.offset", "term.weight", "term.shift", "sum.cell", "step.base"):
    tensors("missing_" + tensor.replace(".", "_"), lambda table, name=tensor: table.pop(name),
            "tensor '%s' is missing" % tensor)
replaced("unknown_tensor", "note", "U8", [1], [0], "tensor 'note' is no part of a netlist")
replaced("unknown_group", "ghost.cell", "I32", [1], [0], "tensor 'ghost.cell' is no part of a netlist")
replaced("dtype_weight_float", "term.weight", "F32", [5], [1, -2, 3, -1, 2], "'term.weight': F32 [5] does not fit")
replaced("dtype_bias_i32", "cell.bias", "I32", [2], [5, -1], "'cell.bias': I32 [2] does not fit")
replaced("dtype_base_i64", "step.base", "I64", [4, 1], [12, 15, 18, 21], "'step.base': I64 [4, 1] does not fit")
replaced("dtype_scale_f32", "input.scale", "F32", [1], [0.5], "'input.scale': F32 [1] does not fit")
replaced("rank_of_bias", "cell.bias", "I64", [2, 1], [5, -1], "'cell.bias': I64 [2, 1] does not fit")
replaced("rank_of_scale", "input.scale", "F64", [], [0.5], "'input.scale': F64 [] does not fit")
replaced("rank_of_base", "step.base", "I32", [4], [12, 15, 18, 21], "'step.base': I32 [4] does not fit")
replaced("rank_of_group_0", "step.cell", "I32", [], [1], "'step.cell': rank 0; a group has 1 to 4 dimensions")
replaced("rank_of_group_5", "step.cell", "I32", [4, 1, 1, 1, 1], [1] * 4, "'step.cell': rank 5")
replaced("rank_of_input_0", "input.shape", "I64", [0], [], "tensor 'input.shape' is empty")
replaced("rank_of_input_5", "input.shape", "I64", [5], [2, 2, 3, 1, 1], "'input.shape': element 4 is 1")
replaced("shape_of_base", "sum.base", "I32", [2, 3, 2, 2], [0] * 24, "'sum.base': I32 [2, 3, 2, 2] does not fit")
replaced("shape_of_cell_type", "cell.type", "I32", [2, 3], [0] * 6, "'cell.type': I32 [2, 3] does not fit")
replaced("shape_of_cell_ports", "cell.ports", "I32", [2], [0, 3], "'cell.ports': I32 [2] does not fit")
replaced("shape_of_port_type", "port.type", "I32", [9], [0] * 9, "'port.type': I32 [9] does not fit")
replaced("shape_of_group_type", "group.type", "I32", [4, 3], [0] * 12, "'group.type': I32 [4, 3] does not fit")
replaced("terms_of_unequal_length", "term.shift", "U8", [4], [0] * 4, "'term.shift': U8 [4] does not fit")
replaced("ports_0", "step.base", "I32", [4, 0], [], "'step.base': 0 ports; 1 to 16 are possible")
replaced("ports_17", "step.base", "I32", [4, 17], [0] * 68, "'step.base': 17 ports; 1 to 16 are possible")
replaced("lanes_fall", "sum.lanes", "I32", [3], [4, 7, 7], "group 'sum': the names of its lanes do not rise from 0 on, at lane 2")
replaced("lanes_negative", "sum.lanes", "I32", [3], [-1, 7, 8], "the names of its lanes do not rise from 0 on, at lane 0")
replaced("lanes_too_few", "sum.lanes", "I32", [2], [4, 7], "'sum.lanes': I32 [2] does not fit")
replaced("lanes_dtype", "step.lanes", "I64", [4], [1, 2, 3, 4], "'step.lanes': I64 [4] does not fit")
replaced("lanes_of_input", "input.lanes", "I32", [3], [4, 7, 9], "tensor 'input.lanes' is no part of a netlist")


def empty_group(table):
    table["step.cell"] = ("I32", [0], [])
    table["step.base"] = ("I32", [0, 1], [])


tensors("group_empty", empty_group, "group 'step' is empty")

# Counts beyond the number space.
value("input_negative", "input.shape", 1, -2, "'input.shape': element 1 is -2")
value("input_zero", "input.shape", 2, 0, "'input.shape': element 2 is 0")
value("input_huge", "input.shape", 0, 2**31 - 1, "takes the circuit beyond 2^31 - 1 nets")
value("input_above_31_bits", "input.shape", 0, 2**31, "'input.shape': element 0 is 2147483648")
replaced("input_product_overflows", "input.shape", "I64", [4], [2**31 - 1] * 4, "beyond 2^31 - 1 nets")
value("input_one_short", "input.shape", 2, 2, "sum[")
value("input_scale_zero", "input.scale", 0, 0.0, "the input scale is not a positive number of at most 1e300")
value("input_scale_negative", "input.scale", 0, -0.5, "the input scale is not a positive number of at most 1e300")
value("input_scale_nan", "input.scale", 0, float("nan"), "the input scale is not a positive number of at most 1e300")
value("input_scale_infinite", "input.scale", 0, float("inf"), "the input scale is not a positive number of at most 1e300")
value("input_scale_too_large", "input.scale", 0, 1e301, "the input scale is not a positive number of at most 1e300")
value("class_scale_nan", "class.scale", 2, float("nan"), "'class.scale': element 2 is not a positive number of at most 1e300")
value("class_scale_zero", "class.scale", 0, 0.0, "'class.scale': element 0 is not a positive number of at most 1e300")
value("class_scale_infinite", "class.scale", 3, float("inf"), "'class.scale': element 3 is not a positive number of at most")
replaced("class_scale_f32", "class.scale", "F32", [4], [1] * 4, "'class.scale': F32 [4] does not fit")

# Starts.
value("starts_not_from_0", "cell.ports", 0, 1, "'cell.ports': element 0 is 1; starts rise from 0 to 3")
value("starts_fall", "cell.terms", 1, 6, "'cell.terms': element 1 is 6; starts rise from 0 to 5")
value("starts_negative", "cell.terms", 1, -1, "'cell.terms': element 1 is -1; starts rise from 0 to 5")
value("starts_end_early", "cell.terms", 2, 4, "'cell.terms': element 2 is 4; starts rise from 0 to 5")
value("starts_end_late", "cell.ports", 2, 2**31 - 1, "'cell.ports': element 2 is 2147483647; starts rise from 0 to 3")
value("cell_without_ports", "cell.ports", 1, 0, "cell 0: has 0 ports")


def seventeen_ports(table):
    table["port.type"] = ("I32", [18, 3], [4, 1, 0] * 17 + [7, 1, 1])
    table["cell.ports"] = ("I32", [3], [0, 17, 18])


tensors("cell_with_17_ports", seventeen_ports, "cell 0: has 17 ports; 16 are possible")

# Types.
value("type_width_0", "port.type", 0, 0, "'port.type': row 0 is not a type: width 0")
value("type_width_64", "group.type", 0, 64, "'group.type': row 0 is not a type: width 64")
value("type_width_negative", "cell.type", 1, -7, "'cell.type': row 0 is not a type: width -7")
value("type_width_256_and_4", "port.type", 0, 260, "'port.type': row 0 is not a type: width 260")
value("type_signed_2", "port.type", 1, 2, "'port.type': row 0 is not a type: width 4, signed 2")
value("type_frac_1025", "group.type", 6, 1025, "'group.type': row 1 is not a type: width 7, signed 1, frac 1025")
value("type_frac_wraps", "group.type", 6, 65537, "frac 65537")
value("output_2", "group.type", 11, 2, "'group.type': row 2: output is 2, not 0 or 1")
value("activation_2", "cell.type", 0, 2, "cell 0: activation is 2; 0 is linear, 1 a step")
value("activation_negative", "cell.type", 4, -1, "cell 1: activation is -1")
value("step_of_2_bits", "cell.type", 5, 2, "cell 1: a step's output is 1 bit, unsigned, without fraction")
value("output_too_narrow", "cell.type", 1, 6, "cell 0: sums from -31 to 44 do not fit its output of 6 bits")

# Terms.
value("weight_zero", "term.weight", 3, 0, "cell 1: term 1 has weight 0 (a zero weight is no wire)")
value("weight_least", "term.weight", 3, -(2**31), "cell 1: term 1 has a weight of -2^31")
value("shift_63", "term.shift", 0, 63, "cell 0: term 0 is shifted by more than 62")
value("shift_255", "term.shift", 4, 255, "cell 1: term 2 is shifted by more than 62")
value("term_port", "term.port", 1, 2, "cell 0: term 1 names a port that the cell does not have")
value("offset_negative", "term.offset", 4, -1, "cell 1: term 2 has an offset of 2^31 or more")
value("term_twice", "term.offset", 4, 1, "cell 1: term 2 is not after the term before it in (port, offset, square)")
value("terms_unordered", "term.port", 0, 1, "cell 0: term 1 is not after the term before it in (port, offset, square)")
value("sum_passes_63_bits", "term.shift", 4, 56, "cell 1: its sum could pass 63 bits (first placed at step[0])")
value("bias_passes_63_bits", "cell.bias", 1, 2**62, "cell 1: its sum could pass 63 bits (first placed at step[0])")
value("bias_least", "cell.bias", 0, -(2**63), "cell 0: its sum could pass 63 bits (first placed at sum[0,0,0])")

# Gates.
value("cell_past_the_last", "step.cell", 2, 2, "step[2]: there is no cell 2")
value("cell_negative", "sum.cell", 11, -1, "sum[1,1,2]: there is no cell 4294967295")
value("cell_of_other_ports", "step.cell", 1, 0, "step[1]: its cell's number of ports differs from the group's: 2")
value("group_width", "group.type", 4, 8, "sum[0,0,0]: cell 0 drives 7 bits (1 fraction), but the group's nets have 8")
value("port_width", "port.type", 6, 6, "step[0]: port 0 of cell 1 takes 6 bits (1 fraction, signed), but 'sum' has 7")
value("port_fraction", "port.type", 8, -1, "step[0]: port 0 of cell 1 takes 7 bits (-1 fraction, signed), but 'sum'")
value("port_sign", "port.type", 7, 0, "step[0]: port 0 of cell 1 takes 7 bits (1 fraction, unsigned), but 'sum' has 7")
value("input_width", "group.type", 0, 5, "sum[0,0,0]: port 0 of cell 0 takes 4 bits (0 fraction, signed), but 'input'")
value("base_negative", "step.base", 0, -1, "step[0]: a gate reads only groups before its own, but a base is net 42949")
value("base_own_group", "sum.base", 15, 12, "sum[1,0,1]: a gate reads only groups before its own, but a base is net 12")
value("base_later_group", "sum.base", 0, 24, "sum[0,0,0]: a gate reads only groups before its own, but a base is net 24")
value("base_largest", "step.base", 3, 2**31 - 1, "step[3]: a gate reads only groups before its own, but a base is net")
value("reads_past_the_group", "step.base", 3, 22, "step[3]: a gate reads only groups before its own, but it reads net 24")
value("reads_other_type", "step.base", 1, 0, "step[1]: port 0 of cell 1 takes 7 bits (1 fraction, signed), but 'input'")
value("reads_across_types", "step.base", 1, 11, "step[1]: port 0 of cell 1 takes 7 bits (1 fraction, signed), but 'input'")


def renamed(table_and_meta, name):
    table, meta = table_and_meta
    meta["groups"] = "input sum " + name
    return {key.replace("step.", name + ".", 1): entry for key, entry in table.items()}, meta


for label, name in (("digit", "2step"), ("dot", ".step"), ("hyphen", "st-ep"), ("bracket", "st[0]"), ("utf8", "st\u00e9p")):
    add("net_name_" + label, safetensors(*renamed(base(), name)), "group 2: '%s' is not a name" % name)

# ---- heads ----


def head(name, table, fragment):
    add("head_" + name, safetensors(table), fragment)


W, B = ("F32", [2, 3], [1.5, 2, 3, 4, 5, 6]), ("F32", [2], [0.5, 1])
NAN, INF = float("nan"), float("inf")
head("no_tensors", {}, "no tensor of shape [classes, channels] for the weights")
head("no_weights", {"b": B}, "no tensor of shape [classes, channels] for the weights")
head("no_biases", {"w": W}, "no tensor of shape [2] for the biases")
head("weights_of_rank_3", {"w": ("F32", [2, 1, 3], W[2]), "b": B}, "no tensor of shape [classes, channels]")
head("biases_of_rank_2", {"w": W, "b": ("F32", [2, 1], B[2])}, "no tensor of shape [2] for the biases")
head("biases_of_3", {"w": W, "b": ("F32", [3], [1, 2, 3])}, "no tensor of shape [2] for the biases")
head("two_weights", {"w": W, "v": W, "b": B}, "both 'w' and 'v' could be the weights [classes, channels]")
head("two_biases", {"w": W, "a": B, "b": B}, "both 'a' and 'b' could be the biases of 'w': one must be named")
head("no_classes", {"w": ("F32", [0, 3], []), "b": ("F32", [0], [])}, "no tensor of shape [classes, channels] for the weights")
head("no_channels", {"w": ("F32", [2, 0], []), "b": B}, "no tensor of shape [classes, channels] for the weights")
head("weight_nan", {"w": ("F32", [2, 3], [1, 2, 3, 4, NAN, 6]), "b": B}, "tensor 'w': element [1,1] is NaN or infinite")
head("weight_infinite_f16", {"w": ("F16", [2, 3], [1, 2, -INF, 4, 5, 6]), "b": B}, "tensor 'w': element [0,2] is NaN")
head("weight_nan_bf16", {"w": ("BF16", [2, 3], [NAN, 2, 3, 4, 5, 6]), "b": B}, "tensor 'w': element [0,0] is NaN")
head("weight_bool", {"w": ("BOOL", [2, 3], [True] * 6), "b": B}, "tensor 'w' is BOOL; a head has numbers")
head("bias_nan", {"w": W, "b": ("F64", [2], [1, NAN])}, "tensor 'b': element [1] is NaN or infinite")
head("bias_infinite", {"w": W, "b": ("F32", [2], [INF, 1])}, "tensor 'b': element [0] is NaN or infinite")
head("bias_bool", {"w": W, "b": ("BOOL", [2], [True, False])}, "tensor 'b' is BOOL; a head has numbers")

# Implementations (version 3).
graphed("member_missing", lambda t: t.pop("bank.member"), "tensor 'bank.member' is missing")
graph_value("wrong_shift", "adder.shift", 1, 2,
            "bank 0: output 0 (step[0]): its graph does not count the net at port 0")
graph_value("wrong_sign", "adder.negative", 3, 0,
            "bank 0: output 0 (step[0]): its graph does not count the net at port 0")
graph_value("wrong_wire", "adder.operand", 3, 2,
            "bank 0: output 0 (step[0]): its graph does not count the net at port 0")
graph_value("wrong_output", "output.signal", 0, 2, "graph 0: signal 5 is an adder that nothing reads")
graph_value("no_output", "output.signal", 0, -1, "graph 0: signal 5 is an adder that nothing reads")
graph_value("output_far", "output.signal", 0, 6, "graph 0: output 0 reads signal 6 of 6")
graph_value("output_shift", "output.shift", 0, -1, "bank 0: output 0 (step[0]): its graph does not count")
graph_value("output_shift_300", "output.shift", 0, 300, "tensor 'output.shift': element 0 is 300")
graph_value("output_sign_2", "output.negative", 0, 2, "tensor 'output.negative': element 0 is 2, not 0 or 1")
graph_value("adder_sign_9", "adder.negative", 4, 9, "tensor 'adder.negative': element 4 is 9, not 0 or 1")
graph_value("adder_of_itself", "adder.operand", 2, 4,
            "graph 0: signal 4 reads signal 4; an adder reads signals before its own")
graph_value("adder_negative", "adder.operand", 0, -5, "an adder reads signals before its own")
graph_value("shift_63", "adder.shift", 5, 63, "graph 0: signal 5: a shift is 63; 0 to 62 are possible")
graph_value("shift_62", "adder.shift", 5, 62, "bank 0: signal 5 could pass 62 bits")
graph_value("inputs_4", "graph.inputs", 0, 4, "graph 0: signal 6 is an adder that nothing reads")
graph_value("inputs_negative", "graph.inputs", 0, -1, "tensor 'graph.inputs': element 0 is -1")
graph_value("starts_fall", "graph.adders", 0, 1, "tensor 'graph.adders': element 0 is 1; starts rise from 0 to 3")
graph_value("starts_end", "graph.outputs", 1, 2, "tensor 'graph.outputs': element 1 is 2; starts rise from 0 to 1")
graph_value("bank_of_no_graph", "bank.graph", 0, 1, "bank 0: graph 1 does not exist")
graph_value("bank_cell_7", "bank.member", 0, 7, "bank 0: its cells do not rise, or cell 7 does not exist")
graph_value("bank_of_other_cell", "bank.member", 0, 0, "bank 0 reads 2 operands, and its graph has 3 inputs")
graph_tensor("bank_empty", "bank.member", "I32", [0], [],
             "tensor 'bank.members': element 1 is 1; starts rise from 0 to 0")
graph_tensor("no_banks", "bank.graph", "I32", [0], [], "tensor 'bank.members' has 2 rows, not 1")
graph_tensor("operands_of_three", "adder.operand", "I32", [2, 3], [0, 0, 3, 1, 4, 2],
             "'adder.operand': I32 [2, 3] does not fit")
graph_tensor("shifts_of_two", "adder.shift", "U8", [2, 2], [0, 1, 0, 0], "tensor 'adder.shift' has 2 rows, not 3")
graph_tensor("shift_i32", "adder.shift", "I32", [3, 2], [0, 1, 0, 0, 0, 1], "'adder.shift': I32 [3, 2] does not fit")


def main():
    listed = os.path.join(HERE, "expected.txt")
    with open(listed, encoding="utf-8") as file:
        kept = [line for line in file if not line.startswith(("net_", "head_"))]
    for name in os.listdir(HERE):
        if name.startswith(("net_", "head_")):
            os.remove(os.path.join(HERE, name))
    assert len({name for name, _, _ in CASES}) == len(CASES)
    for name, content, _ in CASES:
        with open(os.path.join(HERE, name), "wb") as file:
            file.write(content)
    with open(listed, "w", encoding="utf-8") as file:
        file.writelines(kept)
        file.writelines("%s\t%s\n" % (name, fragment) for name, _, fragment in CASES)


if __name__ == "__main__":
    main()
