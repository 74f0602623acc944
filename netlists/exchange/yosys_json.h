/* yosys_json.h - adder networks as JSON netlists of Yosys (write_json, read_json), made of its one-bit gate cells. */
#ifndef COFIBER_NETLISTS_EXCHANGE_YOSYS_JSON_H
#define COFIBER_NETLISTS_EXCHANGE_YOSYS_JSON_H

#include "netlists/exchange/network_names.h"

/* Writes the file. A full adder becomes five gates: two $_XOR_, two $_AND_, one $_OR_. The ports are those
 * of cf_network_ports_new, with buses. */
bool cf_yosys_json_write(const char *path, const struct cf_network *network, const struct cf_network_names *names,
                         struct cf_error *err);

/* Reads the only module, or the one with a non-zero attribute "top", made of the combinational one-bit gates of Yosys:
 * $_BUF_, $_NOT_, $_AND_, $_NAND_, $_OR_, $_NOR_, $_XOR_, $_XNOR_, $_ANDNOT_, $_ORNOT_, $_MUX_, $_NMUX_, $_AOI3_,
 * $_OAI3_, $_AOI4_ and $_OAI4_ (which `synth -flatten; abc -g all` makes), and of $lut cells of up to 16 inputs (which
 * `abc -lut 4` makes). Other gates, flip-flops included, are refused by name, and so is a key that an object has twice.
 * If a port has several bits, they have the names that Verilog gives them: "b[4]" is the first of `input [7:4] b`. */
bool cf_yosys_json_read(struct cf_network *network, struct cf_network_names *names, const char *path,
                        struct cf_error *err);
bool cf_yosys_json_parse(struct cf_network *network, struct cf_network_names *names, const void *data, size_t size,
                         const char *label, struct cf_error *err);

#endif
