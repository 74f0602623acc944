#!/usr/bin/env python3
"""Writes the malformed AIGER, Yosys JSON and BLIF files of this folder, and expected_bits.txt: FILE, tab, words of the message."""
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


def lut(width="10", table="1000", **connections):
    """A look-up table, by default an AND of two."""
    return {"type": "$lut", "parameters": {"WIDTH": width, "LUT": table},
            "connections": connections or {"A": [2, 3], "Y": [4]}}


yjson("lut_width", one(cells={"g": lut(width="11")}), "WIDTH is not the number of bits of A, 2")
yjson("lut_width_huge", one(cells={"g": lut(width="1" * 40)}), "WIDTH is not the number of bits of A, 2")
yjson("lut_width_negative", one(cells={"g": lut(width=-2)}), "WIDTH is not the number of bits of A, 2")
yjson("lut_no_width", one(cells={"g": lut(width=None)}), "WIDTH is not the number of bits of A, 2")
yjson("lut_bit_x", one(cells={"g": lut(table="10x0")}), "LUT is not a table of 4 bits, each 0 or 1")
yjson("lut_too_long", one(cells={"g": lut(table="10000")}), "LUT is not a table of 4 bits, each 0 or 1")
yjson("lut_number_huge", one(cells={"g": lut(table=16)}), "LUT is not a table of 4 bits, each 0 or 1")
yjson("lut_empty", one(cells={"g": lut(table="")}), "LUT is not a table of 4 bits, each 0 or 1")
yjson("lut_no_parameters", one(cells={"g": {"type": "$lut", "connections": {"A": [2, 3], "Y": [4]}}}), "WIDTH is not")
yjson("lut_wide", one(cells={"g": lut(A=[2] * 17, Y=[4])}), "pin A is not up to 16 bits")
yjson("lut_pin_string", one(cells={"g": lut(A="ab", Y=[4])}), "pin A is not up to 16 bits")
yjson("lut_loop", one(cells={"g": lut(A=[2, 4], Y=[4])}), "part of a loop")


def blif(name, data, words):
    put("blif_" + name + ".blif", data, words)


HEAD = ".model m\n.inputs a b\n.outputs y\n"
AND2 = ".names a b y\n11 1\n"
blif("empty", "", "not BLIF: neither .model nor .outputs is there")
blif("json", "{}", "not BLIF: this is JSON")
blif("aiger", "aag 0 0 0 0 0\n", "not BLIF: this is an AIGER file")
blif("comment", "# nothing but a comment", "not BLIF")
blif("latch", HEAD + ".latch a y re clk 2\n.end\n", "line 4: 'y': a latch: only combinational networks are read")
blif("latch_bare", HEAD + ".latch", "line 4: '.latch': a latch")
blif("subcircuit", HEAD + ".subckt adder x=a y=y\n.end\n", "line 4: 'adder': a cell of another model")
blif("gate", HEAD + ".gate nand2 A=a B=b O=y\n.end\n", "line 4: 'nand2': a cell of another model")
blif("two_models", HEAD + AND2 + ".end\n.model n\n.end\n", "line 7: '.model': a second model")
blif("model_twice", HEAD + ".model n\n", "line 4: '.model': a second model")
blif("text_after", HEAD + AND2 + ".end\n.names c\n", "line 7: '.names': text behind .end")
blif("command", HEAD + ".clock c\n", "line 4: '.clock': a command that is not known here")
blif("row_alone", HEAD + "11 1\n", "line 4: '11': neither a command nor the row of a .names table")
blif("row_after_command", HEAD + AND2 + ".outputs\n11 1\n", "line 7: '11': neither a command nor the row")
blif("row_short", HEAD + ".names a b y\n1 1\n", "line 5: '1': a row without a 0, 1 or - for each input")
blif("row_long", HEAD + ".names a b y\n111 1\n", "line 5: '111': a row without")
blif("row_letter", HEAD + ".names a b y\n1x 1\n", "line 5: '1x': a row without")
blif("row_no_value", HEAD + ".names a b y\n11\n", "line 5: '11': a row that does not end with the output's value")
blif("row_value", HEAD + ".names a b y\n11 2\n", "line 5: '11': a row that does not end with the output's value")
blif("row_text_after", HEAD + ".names a b y\n11 1 1\n", "line 5: '11': a row that does not end with")
blif("row_of_constant", HEAD + ".names y\n- 1\n", "line 5: '-': a row that does not end with")
blif("rows_mixed", HEAD + ".names a b y\n11 1\n00 0\n", "line 6: '00': a table with rows of 0 and of 1")
blif("names_empty", HEAD + ".names\n1\n", "line 4: a table without an output")
blif("connection", HEAD + ".conn a b y\n", "line 4: '.conn': not two nets")
blif("connection_row", HEAD + ".conn a y\n1 1\n", "line 5: '1': neither a command")
blif("input_twice", ".model m\n.inputs a a\n.outputs a\n", "net 'a' is an input twice")
blif("input_driven", HEAD + ".names b a\n1 1\n" + AND2, "net 'a' is driven twice")
blif("driven_twice", HEAD + AND2 + AND2, "net 'y' is driven twice")
blif("undriven", HEAD + ".names a c y\n11 1\n", "net 'c' is read, but nothing drives it")
blif("output_undriven", HEAD + ".end\n", "net 'y' is read, but nothing drives it")
blif("loop", HEAD + ".names a y y\n11 1\n", "net 'y' is part of a loop")
blif("loop_of_two", HEAD + ".names a c y\n11 1\n.names y c\n1 1\n", "is part of a loop")
blif("loop_unread", HEAD + AND2 + ".names a d d\n11 1\n", "net 'd' is part of a loop")
blif("not_ascii", HEAD.replace("a", "\u00e9"), "line 2: a character that is not printable ASCII")
blif("nul", HEAD + AND2.replace("1 1", "1\0 1"), "line 5: a character that is not printable ASCII")
blif("input_name", ".model m\n.inputs " + "a" * 201 + "\n.outputs y\n.names y\n", "is an input with a name of more than")
blif("output_name", ".model m\n.outputs " + "a" * 201 + "\n.names " + "a" * 201 + "\n", "is an output with a name of more")
blif("continued", ".model m\n.inputs a \\\n\n.outputs y\n.latch a \\\ny\n", "line 5: 'y': a latch")

with open(os.path.join(HERE, "expected_bits.txt"), "w") as f:
    for name, words in expected:
        f.write(f"{name}\t{words}\n")
