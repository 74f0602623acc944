#!/usr/bin/env python3
"""Writes the hostile safetensors and .npy files of this folder, and their lines of expected.txt.

Each file is wrong in exactly one way and named for it. expected.txt has a line for each: the file, a tab, and a
fragment that the reader's one-line message must contain. Lines and files whose names begin with net_ or head_ are
those of make_netlists.py and are kept as they are. Standard library only; the output is the same on every run.
"""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = []


def case(name, content, fragment):
    assert len(content) < 4096, name
    CASES.append((name, content, fragment))


# ---- safetensors ----

W = '"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}'
D16 = bytes(range(16))


def st(name, header, fragment, data=D16):
    if isinstance(header, str):
        header = header.encode()
    case("st_" + name + ".safetensors", struct.pack("<Q", len(header)) + header + data, fragment)


def st_raw(name, content, fragment):
    case("st_" + name + ".safetensors", content, fragment)


def tensor(name="w", dtype='"F32"', shape="[2,2]", offsets="[0,16]"):
    return '"%s":{"dtype":%s,"shape":%s,"data_offsets":%s}' % (name, dtype, shape, offsets)


st_raw("empty", b"", "0 bytes are too few")
st_raw("seven_bytes", b"\2\0\0\0\0\0\0", "7 bytes are too few")
st_raw("length_past_end", struct.pack("<Q", 64) + b"{}", "header length 64 passes the end of the file (10 bytes)")
st_raw("length_of_100_million_and_one", struct.pack("<Q", 100000001) + b"{}", "header length 100000001 is above the limit")
st_raw("length_of_64_ones", b"\xff" * 8 + b"{}", "header length 18446744073709551615 is above the limit")
st_raw("length_zero", struct.pack("<Q", 0), "byte 8: the header does not begin with '{'")
st("leading_space", " {" + W + "}", "byte 8: the header does not begin with '{'")
st("byte_order_mark", b"\xef\xbb\xbf{" + W.encode() + b"}", "byte 8: the header does not begin with '{'")
st("array_header", "[]", "the header does not begin with '{'", b"")
st("utf8_lone_continuation", b'{"\x80":1}', "byte 10: the header is not valid UTF-8", b"")
st("utf8_overlong", b'{"\xc0\xaf":1}', "byte 10: the header is not valid UTF-8", b"")
st("utf8_overlong_three", b'{"\xe0\x80\xaf":1}', "byte 10: the header is not valid UTF-8", b"")
st("utf8_surrogate", b'{"\xed\xa0\x80":1}', "byte 10: the header is not valid UTF-8", b"")
st("utf8_above_unicode", b'{"\xf4\x90\x80\x80":1}', "byte 10: the header is not valid UTF-8", b"")
st("utf8_cut_short", b'{"w\xe2\x82', "byte 11: the header is not valid UTF-8", b"")
st("json_unclosed", "{" + W, "the header is not valid JSON")
st("json_trailing_comma", "{" + W + ",}", "the header is not valid JSON")
st("json_missing_colon", '{"w" {"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}', "the header is not valid JSON")
st("json_unquoted_key", '{w:{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}', "the header is not valid JSON")
st("json_single_quotes", ("{" + W + "}").replace('"', "'"), "byte 9: header: not valid JSON")
st("json_comment", "{" + W + "/**/}", "header: not valid JSON")
st("json_unknown_escape", "{" + tensor("\\x41") + "}", "the header is not valid JSON")
st("json_bad_unicode_escape", "{" + tensor("\\uZZZZ") + "}", "byte 10: header: \\u without four hexadecimal digits")
st("json_lone_surrogate_escape", "{" + tensor("\\ud800") + "}", "the header is not valid JSON")
st("json_string_without_end", '{"w', "header: string without an end", b"")
st("json_form_feed", "{\f" + W + "}", "byte 9: header: not valid JSON")
st("json_second_value", "{" + W + "}{}", "text after the end of the JSON header")
st("json_nul_padding", "{" + W + "}\0\0\0", "header: not valid JSON")
st("json_deep_nesting", '{"w":' + "[" * 1500 + "]" * 1500 + "}", "header: JSON nested too deeply")
st("name_nul_escape", "{" + tensor("w\\u0000x") + "}", "byte 11: header: NUL (\\u0000) in a string")
st("name_nul_byte", "{" + tensor("w\0x") + "}", "byte 11: header: control character in a string")
st("name_newline_byte", "{" + tensor("w\nx") + "}", "byte 11: header: control character in a string")
st("duplicate_name", "{" + tensor("w", shape="[4]") + "," + tensor("w", shape="[4]", offsets="[16,32]") + "}",
   "tensor 'w': duplicate name", D16 * 2)
st("duplicate_name_escaped", "{" + tensor("w", shape="[4]") + "," + tensor("\\u0077", shape="[4]", offsets="[16,32]") +
   "}", "tensor 'w': duplicate name", D16 * 2)
st("tensor_not_object", '{"w":3}', "tensor 'w': is not a JSON object", b"")
st("tensor_null", '{"w":null}', "tensor 'w': is not a JSON object", b"")
st("field_missing_dtype", '{"w":{"shape":[2,2],"data_offsets":[0,16]}}', "tensor 'w': has no field 'dtype'")
st("field_missing_shape", '{"w":{"dtype":"F32","data_offsets":[0,16]}}', "tensor 'w': has no field 'shape'")
st("field_missing_offsets", '{"w":{"dtype":"F32","shape":[2,2]}}', "tensor 'w': has no field 'data_offsets'")
st("field_duplicate", '{"w":{"dtype":"F32","dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}',
   "tensor 'w': duplicate field 'dtype'")
st("field_unknown", '{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16],"x":1}}', "tensor 'w': unknown field 'x'")
st("field_wrong_case", '{"w":{"DType":"F32","shape":[2,2],"data_offsets":[0,16]}}', "tensor 'w': unknown field 'DType'")
st("dtype_unknown", "{" + tensor(dtype='"F5"') + "}", "tensor 'w': unknown dtype 'F5'")
st("dtype_lower_case", "{" + tensor(dtype='"f32"') + "}", "tensor 'w': unknown dtype 'f32'")
st("dtype_number", "{" + tensor(dtype="32") + "}", "tensor 'w': dtype is not a string")
st("shape_not_array", "{" + tensor(shape='"2,2"') + "}", "tensor 'w': shape is not an array")
st("shape_string_element", "{" + tensor(shape='[2,"2"]') + "}", "tensor 'w': shape[1] is not a number")
st("shape_nested", "{" + tensor(shape="[[2,2]]") + "}", "tensor 'w': shape[0] is not a number")
st("shape_negative", "{" + tensor(shape="[-2,-2]") + "}", "header: negative number")
st("shape_minus_zero", "{" + tensor(shape="[-0]", offsets="[0,0]") + "}", "header: negative number", b"")
st("shape_fraction", "{" + tensor(shape="[2.0,2]") + "}", "header: number that is not a plain integer")
st("shape_exponent", "{" + tensor(shape="[2e0,2]") + "}", "header: number that is not a plain integer")
st("shape_leading_zero", "{" + tensor(shape="[02,2]") + "}", "header: number with a leading zero")
st("shape_hexadecimal", "{" + tensor(shape="[0x2,2]") + "}", "the header is not valid JSON")
st("shape_above_2_to_53", "{" + tensor(shape="[0,9007199254740993]", offsets="[0,0]") + "}",
   "header: integer above 2^53", b"")
st("shape_rank_9", "{" + tensor(shape="[2,2,1,1,1,1,1,1,1]") + "}", "tensor 'w': shape has more than 8 entries")
st("shape_rank_100", "{" + tensor(shape="[" + ",".join(["1"] * 100) + "]") + "}", "header: array with too many elements")
st("shape_product_overflow", "{" + tensor(shape="[4294967296,4294967296]", offsets="[0,0]") + "}",
   "tensor 'w': the size of its shape overflows 64 bits", b"")
st("shape_bytes_overflow", "{" + tensor(shape="[4294967296,1073741824]", offsets="[0,0]") + "}",
   "tensor 'w': the size of its shape overflows 64 bits", b"")
st("offsets_one", "{" + tensor(offsets="[16]") + "}", "tensor 'w': data_offsets needs two numbers")
st("offsets_three", "{" + tensor(offsets="[0,16,16]") + "}", "tensor 'w': data_offsets has more than 2 entries")
st("offsets_reversed", "{" + tensor(offsets="[16,0]") + "}", "tensor 'w': data_offsets end (0) before they begin (16)")
st("offsets_past_end", "{" + tensor(shape="[8]", offsets="[0,32]") + "}",
   "tensor 'w': data_offsets end at 32, but only 16 bytes of data follow the header")
st("offsets_fraction", "{" + tensor(offsets="[0,16.5]") + "}", "header: number that is not a plain integer")
st("size_too_small", "{" + tensor(shape="[3]") + "}", "F32 [3] takes 12 bytes, but data_offsets span 16")
st("size_too_large", "{" + tensor(shape="[5]") + "}", "F32 [5] takes 20 bytes, but data_offsets span 16")
st("first_offset_not_zero", "{" + tensor(offsets="[4,20]") + "}", "begins at data offset 4, expected 0 (a hole)",
   D16 + b"tail")
st("hole", "{" + tensor("a", shape="[1]", offsets="[0,4]") + "," + tensor("b", shape="[2]", offsets="[8,16]") + "}",
   "tensor 'b': begins at data offset 8, expected 4 (a hole)")
st("overlap", "{" + tensor("a", shape="[3]", offsets="[0,12]") + "," + tensor("b", shape="[2]", offsets="[8,16]") + "}",
   "tensor 'b': begins at data offset 8, expected 12 (an overlap)")
st("same_bytes_twice", "{" + tensor("a") + "," + tensor("b") + "}",
   "tensor 'b': begins at data offset 0, expected 16 (an overlap)")
st("bytes_after_last_tensor", "{" + W + "}", "3 bytes after the last tensor", D16 + b"end")
st("bytes_without_tensors", "{}", "byte 10: 16 bytes after the last tensor")
st("metadata_not_object", '{"__metadata__":["a"],' + W + "}", "__metadata__ is not an object")
st("metadata_null", '{"__metadata__":null,' + W + "}", "__metadata__ is not an object")
st("metadata_number", '{"__metadata__":{"version":1},' + W + "}", "__metadata__: the value of 'version' is not a string")
st("metadata_nested", '{"__metadata__":{"a":{}},' + W + "}", "__metadata__: the value of 'a' is not a string")
st("metadata_duplicate_key", '{"__metadata__":{"a":"1","b":"2","a":"3"},' + W + "}", "__metadata__: duplicate key 'a'")
st("metadata_twice", '{"__metadata__":{},' + W + ',"__metadata__":{}}', "__metadata__ appears twice")
st("metadata_nul_escape", '{"__metadata__":{"a":"1\\u0000"},' + W + "}", "header: NUL (\\u0000) in a string")

# ---- npy ----

GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"


def npy(name, header=GOOD, fragment="", data=D16, version=(1, 0), length=None):
    if isinstance(header, str):
        header = header.encode("latin-1")
    count = len(header) if length is None else length
    prefix = b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version[0] == 1 else "<I", count)
    case("npy_" + name + ".npy", prefix + header + data, fragment)


def npy_raw(name, content, fragment):
    case("npy_" + name + ".npy", content, fragment)


def npy_header(descr="'<f4'", order="False", shape="(2, 2)"):
    return "{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n" % (descr, order, shape)


npy_raw("empty", b"", "not a .npy file")
npy_raw("wrong_magic", b"\x93NUMPX\1\0" + b" " * 64, "not a .npy file")
npy_raw("magic_only", b"\x93NUMPY", "ends at byte 6, inside the version")
npy_raw("length_cut", b"\x93NUMPY\2\0\x10\0", "ends at byte 10, inside the header length")
npy("version_4", fragment="byte 6: unsupported .npy version 4.0", version=(4, 0))
npy("version_0", fragment="byte 6: unsupported .npy version 0.0", version=(0, 0))
npy("version_minor", fragment="byte 6: unsupported .npy version 1.1", version=(1, 1))
npy("header_past_end", fragment="header length 60000 passes the end of the file", length=60000)
npy("header_past_end_v2", fragment="header length 4294967295 passes the end of the file", length=0xFFFFFFFF,
    version=(2, 0))
npy("header_empty", "", "byte 10: header: does not begin with '{'", b"")
npy("header_not_dict", "('<f4', False, (2, 2))", "byte 10: header: does not begin with '{'")
npy("header_unclosed", GOOD[:-1], "header: expected a string")
npy("header_text_after", GOOD + "; import os", "header: text after the closing '}'")
npy("header_nul_padding", GOOD + "\0\0\0\0", "header: text after the closing '}'")
npy("header_two_commas", GOOD.replace(", }", ",, }"), "header: expected a string")
npy("header_missing_comma", GOOD.replace("False,", "False"), "header: expected ',' or '}'")
npy("header_missing_colon", GOOD.replace("shape':", "shape'"), "header: expected ':'")
npy("header_unclosed_string", "{'descr", "a string that is too long, not plain text, or has no end", b"")
npy("header_long_string", "{'" + "d" * 64 + "': 1}", "a string that is too long, not plain text, or has no end")
npy("header_escape", GOOD.replace("descr", "\\x64escr"), "a string that is too long, not plain text, or has no end")
npy("header_utf8_key", GOOD.replace("descr", "d\xc3\xa9scr"), "not plain text", version=(3, 0))
npy("key_missing_descr", "{'fortran_order': False, 'shape': (2, 2), }", "header: key 'descr' is missing")
npy("key_missing_order", "{'descr': '<f4', 'shape': (2, 2), }", "header: key 'fortran_order' is missing")
npy("key_missing_shape", "{'descr': '<f4', 'fortran_order': False, }", "header: key 'shape' is missing")
npy("key_duplicate", GOOD.replace("}", "'shape': (2, 2)}"), "header: duplicate key 'shape'")
npy("key_unknown", GOOD.replace("}", "'note': (2, 2)}"), "header: unknown key 'note'")
npy("dtype_big_endian", npy_header("'>f4'"), "big-endian dtype '>f4' is not supported")
npy("dtype_two_orders", npy_header("'<=f4'"), "unsupported dtype '<=f4'")
npy("dtype_no_kind", npy_header("'<4'"), "unsupported dtype '<4'")
npy("dtype_bar_for_four_bytes", npy_header("'|f4'"), "unsupported dtype '|f4'")
npy("dtype_object", npy_header("'|O'"), "object arrays ('|O') are not supported")
npy("dtype_string", npy_header("'<U4'"), "unsupported dtype '<U4'")
npy("dtype_complex", npy_header("'<c8'"), "unsupported dtype '<c8'")
npy("dtype_float128", npy_header("'<f16'"), "unsupported dtype '<f16'")
npy("dtype_empty", npy_header("''"), "unsupported dtype ''")
npy("dtype_structured", npy_header("[('a', '<f4')]"), "structured dtypes are not supported")
npy("dtype_not_string", npy_header("4"), "header: expected a string")
npy("order_number", npy_header(order="0"), "header: fortran_order is neither True nor False")
npy("order_lower_case", npy_header(order="false"), "header: fortran_order is neither True nor False")
npy("order_suffix", npy_header(order="Falsehood"), "header: expected ',' or '}'")
npy("fortran", npy_header(order="True"), "Fortran order; save numpy.ascontiguousarray(array) instead")
npy("shape_list", npy_header(shape="[2, 2]"), "header: expected '('")
npy("shape_number", npy_header(shape="4"), "header: expected '('")
npy("shape_one_without_comma", npy_header(shape="(4)"), "a shape of one dimension needs a comma")
npy("shape_lone_comma", npy_header(shape="(,)"), "expected a dimension")
npy("shape_two_commas", npy_header(shape="(2,,2)"), "expected a dimension")
npy("shape_no_comma", npy_header(shape="(2 2)"), "expected ',' or ')' in the shape")
npy("shape_unclosed", npy_header(shape="(2, 2"), "expected a dimension")
npy("shape_negative", npy_header(shape="(-4,)"), "expected a dimension, a plain non-negative integer")
npy("shape_fraction", npy_header(shape="(4.0,)"), "expected ',' or ')' in the shape")
npy("shape_exponent", npy_header(shape="(4e0,)"), "expected ',' or ')' in the shape")
npy("shape_leading_zero", npy_header(shape="(04,)"), "dimension with a leading zero")
npy("shape_python_2_longs", npy_header(shape="(4LL,)"), "expected ',' or ')' in the shape")
npy("shape_python_2_long_in_version_3", npy_header(shape="(4L,)"), "expected ',' or ')' in the shape", version=(3, 0))
npy("shape_expression", npy_header(shape="(2*2,)"), "expected ',' or ')' in the shape")
npy("shape_above_63_bits", npy_header(shape="(9223372036854775808,)"), "dimension does not fit 63 bits")
npy("shape_above_64_bits", npy_header(shape="(18446744073709551620,)"), "dimension does not fit 63 bits")
npy("shape_rank_9", npy_header(shape="(2, 2, 1, 1, 1, 1, 1, 1, 1)"), "shape has more than 8 dimensions")
npy("shape_product_overflow", npy_header(shape="(4294967296, 4294967296)"),
    "the size of shape [4294967296, 4294967296] overflows 64 bits", b"")
npy("shape_bytes_overflow", npy_header(shape="(4294967296, 1073741824)"), "overflows 64 bits", b"")
npy("data_short", fragment="F32 [2, 2] takes 16 bytes, found 15", data=D16[:15])
npy("data_missing", fragment="F32 [2, 2] takes 16 bytes, found 0", data=b"")
npy("data_long", fragment="1 bytes after the array", data=D16 + b"x")
npy("data_of_empty_array", npy_header(shape="(0, 4)"), "16 bytes after the array")


def main():
    listed = os.path.join(HERE, "expected.txt")
    kept = []
    if os.path.exists(listed):
        with open(listed, encoding="utf-8") as file:
            kept = [line for line in file if line.startswith(("net_", "head_"))]
    for name in os.listdir(HERE):
        if name.startswith(("st_", "npy_")):
            os.remove(os.path.join(HERE, name))
    assert len({name for name, _, _ in CASES}) == len(CASES)
    for name, content, _ in CASES:
        with open(os.path.join(HERE, name), "wb") as file:
            file.write(content)
    with open(listed, "w", encoding="utf-8") as file:
        file.writelines("%s\t%s\n" % (name, fragment) for name, _, fragment in CASES)
        file.writelines(kept)


if __name__ == "__main__":
    main()
