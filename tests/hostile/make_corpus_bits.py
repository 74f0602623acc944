#!/usr/bin/env python3
"""Writes the malformed AIGER and Yosys JSON files of this folder, and expected_bits.txt: FILE, tab, words of the message."""
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
expected = []


def put(name, data, words):
    if isinstance(data, str):
        data = data.encode()
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(data)
    expected.append((name, words))


def aig(name, data, words):
    put("aig_" + name + ".aig", data, words)


aig("empty", "", "not an AIGER file")
aig("magic", "aix 0 0 0 0 0\n", "not an AIGER file")
aig("magic_alone", "aag", "not an AIGER file")
aig("header_short", "aag 1 1 0 0\n", "a blank is expected")
aig("header_letter", "aag 1 x 0 0 0\n", "a number is expected")
aig("header_negative", "aag 1 -1 0 0 0\n", "a number is expected")
aig("header_leading_zero", "aag 01 1 0 0 0\n2\n", "leading zero")
aig("header_two_blanks", "aag  1 1 0 0 0\n2\n", "a number is expected")
aig("header_huge", "aag 99999999999999999999 1 0 0 0\n2\n", "beyond 2^32")
aig("header_maximum", "aag 4294967295 1 0 0 0\n2\n", "do not fit its maximum")
aig("header_sparse", "aag 500000000 1 0 0 0\n2\n", "far above what the file defines")
aig("header_counts", "aag 1 1 0 0 1\n2\n2 2 2\n", "do not fit its maximum")
aig("header_binary_counts", "aig 5 1 0 0 1\n\x02\x00", "do not fit its maximum")
aig("header_bad_states", "aag 1 1 0 0 0 1\n2\n2\n", "bad-state")
aig("header_no_newline", "aag 0 0 0 0 0", "should end here")
aig("too_many_ands", "aag 1000 1 0 0 999\n2\n", "too short for the header")
aig("too_many_outputs", "aig 1 1 0 4000000 0\n2\n", "too short for the header")
aig("input_inverted", "aag 1 1 0 0 0\n3\n", "cannot be defined")
aig("input_constant", "aag 1 1 0 0 0\n0\n", "cannot be defined")
aig("input_twice", "aag 2 2 0 0 0\n2\n2\n", "defined twice")
aig("input_too_large", "aag 1 1 0 0 0\n4\n", "above the maximum")
aig("input_blank", "aag 1 1 0 0 0\n2 \n\n", "should end here")
aig("latch_read", "aag 2 1 1 1 0\n2\n4 2\n4\n", "is a latch")
aig("latch_short", "aag 2 1 1 0 0\n2\n4\n\n", "a blank is expected")
aig("output_undefined", "aag 3 1 0 1 0\n2\n6\n", "read but not defined")
aig("output_too_large", "aag 1 1 0 1 0\n2\n5\n", "above the maximum")
aig("output_missing", "aag 1 1 0 1 0\n2\n\n\n", "a number is expected")
aig("and_itself", "aag 2 1 0 1 1\n2\n4\n4 4 2\n", "depends on itself")
aig("and_loop", "aag 4 1 0 1 3\n2\n4\n4 6 2\n6 8 2\n8 4 2\n", "depends on itself")
aig("and_undefined", "aag 4 1 0 1 1\n2\n4\n4 8 2\n", "read but not defined")
aig("and_over_input", "aag 2 1 0 1 1\n2\n2\n2 3 1\n", "defined twice")
aig("and_inverted", "aag 2 1 0 1 1\n2\n4\n5 2 2\n", "cannot be defined")
aig("and_two_operands", "aag 2 1 0 1 1\n2\n4\n4 2\n\n", "a blank is expected")
aig("binary_ends", b"aig 3 1 0 1 2\n4\n\x02\x00\x81\x81", "ends inside the AND nodes")
aig("binary_zero_delta", b"aig 2 1 0 1 1\n4\n\x00\x00", "does not read smaller literals")
aig("binary_large_delta", b"aig 2 1 0 1 1\n4\n\x05\x00", "does not read smaller literals")
aig("binary_second_delta", b"aig 2 1 0 1 1\n4\n\x02\x03", "does not read smaller literals")
aig("binary_padded_delta", b"aig 2 1 0 1 1\n4\n\x82\x00\x00", "needless bytes")
aig("binary_overlong_delta", b"aig 2 1 0 1 1\n4\n\xff\xff\xff\xff\xff\x01", "beyond 2^32")
aig("symbol_kind", "aag 1 1 0 0 0\n2\nq0 a\n", "neither a symbol")
aig("symbol_index", "aag 1 1 0 0 0\n2\ni1 a\n", "does not exist")
aig("symbol_twice", "aag 1 1 0 0 0\n2\ni0 a\ni0 b\n", "a second name")
aig("symbol_empty", "aag 1 1 0 0 0\n2\ni0 \n", "a name that is not")
aig("symbol_control", "aag 1 1 0 0 0\n2\ni0 a\x1b[2J\n", "a name that is not")
aig("symbol_nul", b"aag 1 1 0 0 0\n2\ni0 a\x00b\n", "a name that is not")
aig("symbol_long", "aag 1 1 0 0 0\n2\ni0 " + "a" * 300 + "\n", "a name that is not")
aig("symbol_no_newline", "aag 1 1 0 0 0\n2\ni0 a", "without an end of line")
aig("symbol_of_constraint", "aag 1 1 0 0 0\n2\nc0 a\n", "neither a symbol")
aig("text_after", "aag 1 1 0 0 0\n2\n\n", "neither a symbol")


def port(direction, bits):
    return {"direction": direction, "bits": bits}


def cell(kind="$_AND_", **pins):
    pins = pins or {"A": [2], "B": [3], "Y": [4]}
    return {"type": kind, "connections": pins}


def module(ports=None, cells=None, **more):
    ports = ports or {"a": port("input", [2]), "b": port("input", [3]), "y": port("output", [4])}
    return {"ports": ports, "cells": cells if cells is not None else {"g": cell()}, **more}


def yjson(name, value, words):
    put("yjson_" + name + ".json", value if isinstance(value, (str, bytes)) else json.dumps(value), words)


def one(**parts):
    return {"modules": {"m": module(**parts)}}


yjson("empty", "", "")
yjson("not_json", "{", "not JSON")
yjson("text_after", json.dumps(one()) + "x", "text after")
yjson("array", "[]", "no module")
yjson("no_modules", {"modules": {}}, "no module")
yjson("modules_string", {"modules": "m"}, "no module")
yjson("two_modules", {"modules": {"m": module(), "n": module()}}, "several modules")
yjson("two_tops", {"modules": {"m": module(attributes={"top": "1"}), "n": module(attributes={"top": 1})}}, "two modules")
yjson("no_ports", {"modules": {"m": {"cells": {}}}}, "lacks 'ports'")
yjson("ports_array", {"modules": {"m": {"ports": [1], "cells": {}}}}, "lacks 'ports'")
yjson("cells_array", {"modules": {"m": {"ports": {}, "cells": [1]}}}, "lacks 'ports'")
yjson("port_direction", one(ports={"a": port("inout", [2])}), "neither an input nor an output")
yjson("port_no_bits", one(ports={"a": {"direction": "input"}}), "neither an input nor an output")
yjson("port_bit_string", one(ports={"a": port("input", ["w"])}), "a bit is neither")
yjson("port_bit_x", one(ports={"a": port("output", ["x"])}), "setundef -zero")
yjson("pin_x", one(cells={"g": cell(A=["x"], B=[3], Y=[4])}), "'g': a bit is \"x\", not known (in Yosys: setundef -zero)")
yjson("port_offset", one(ports={"a": {"offset": "4", **port("input", [2, 3])}}, cells={}), "its offset is not an integer of 32 bits")
yjson("port_offset_huge", one(ports={"a": {"offset": 1 << 40, **port("input", [2, 3])}}, cells={}), "its offset is not an integer of 32 bits")
yjson("port_bit_one", one(ports={"a": port("input", [1])}), "a bit is neither")
yjson("port_bit_fraction", '{"modules": {"m": {"ports": {"a": {"direction": "input", "bits": [2.5]}}, "cells": {}}}}', "a bit is neither")
yjson("port_bit_huge", one(ports={"a": port("input", [200000000])}), "a bit is neither")
yjson("port_bit_object", one(ports={"a": port("input", [{}])}), "a bit is neither")
yjson("input_twice", one(ports={"a": port("input", [2, 2])}), "an input twice")
yjson("input_constant", one(ports={"a": port("input", ["1"])}), "a constant")
yjson("port_name", one(ports={"a\u00e9": port("input", [2])}, cells={}), "a name that is not")
yjson("cell_type", one(cells={"g": cell("$_DFF_P_")}), "is a $_DFF_P_")
yjson("cell_word_level", one(cells={"g": cell("$add")}), "is a $add")
yjson("cell_no_type", one(cells={"g": {"connections": {}}}), "has no type")
yjson("pin_missing", one(cells={"g": cell(A=[2], Y=[4])}), "pin B is not one bit")
yjson("pin_two_bits", one(cells={"g": cell(A=[2, 3], B=[3], Y=[4])}), "pin A is not one bit")
yjson("output_constant", one(cells={"g": cell(A=[2], B=[3], Y=["1"])}), "driven by something else")
yjson("output_is_input", one(cells={"g": cell(A=[2], B=[3], Y=[2])}), "driven by something else")
yjson("two_drivers", one(cells={"g": cell(), "h": cell()}), "driven by something else")
yjson("loop", one(cells={"g": cell(A=[4], B=[3], Y=[4])}), "part of a loop")
yjson("loop_of_two", one(cells={"g": cell(A=[5], B=[3], Y=[4]), "h": cell(A=[4], B=[3], Y=[5])}), "part of a loop")
yjson("loop_unread", one(cells={"g": cell(), "h": cell(A=[6], B=[3], Y=[6])}), "part of a loop")
yjson("undriven", one(cells={"g": cell(A=[9], B=[3], Y=[4])}), "nothing drives it")
yjson("output_undriven", one(cells={}), "nothing drives it")
yjson("control_character", '{"modules": {"m\x01": {}}}', "byte")
yjson("not_utf8", b'{"modules": {"m\xff": {}}}', "byte")
yjson("deep", "[" * 100 + "]" * 100, "byte")


def twice(name, old, new, words):
    """The usual module with one key said twice."""
    text = json.dumps(one())
    assert text.count(old) == 1
    yjson("twice_" + name, text.replace(old, new), words)


AND = '{"type": "$_AND_", "connections": {"A": [2], "B": [3], "Y": [4]}}'
twice("type", '"type": "$_AND_"', '"type": "$_AND_", "type": "$_OR_"', "key 'type' appears twice in 'modules/m/cells/g'")
twice("pin", '"A": [2]', '"A": [2], "A": [3]', "key 'A' appears twice in 'modules/m/cells/g/connections'")
twice("cell", f'"g": {AND}', f'"g": {AND}, "g": {AND}', "key 'g' appears twice in 'modules/m/cells'")
twice("port", '"a": {"direction"', '"a": {"direction": "input", "bits": [9]}, "a": {"direction"',
      "key 'a' appears twice in 'modules/m/ports'")
twice("direction", '"direction": "output"', '"direction": "output", "direction": "input"',
      "key 'direction' appears twice in 'modules/m/ports/y'")
twice("ports", '"ports": {', '"ports": {}, "ports": {', "key 'ports' appears twice in 'modules/m'")
twice("module", '"m": {', '"m": {}, "m": {', "key 'm' appears twice in 'modules'")
twice("modules", '{"modules": {', '{"modules": {}, "modules": {', "key 'modules' appears twice in the outermost object")

with open(os.path.join(HERE, "expected_bits.txt"), "w") as f:
    for name, words in expected:
        f.write(f"{name}\t{words}\n")
