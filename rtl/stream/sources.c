/* sources.c - the package's files that are the same for every netlist, as part of the program. */
#include "rtl/stream/emit.h"

/* The assembler reads the file (relative to the root of the sources, where the compiler runs). */
#define SOURCE(symbol, path)                                                                                           \
    extern const char symbol[] __attribute__((visibility("hidden")));                                                  \
    extern const char symbol##_end[] __attribute__((visibility("hidden")));                                            \
    __asm__(".section .rodata\n.hidden " #symbol "\n.hidden " #symbol "_end\n.global " #symbol "\n.global " #symbol    \
            "_end\n" #symbol ":\n.incbin \"rtl/stream/" path "\"\n" #symbol "_end:\n.byte 0\n.previous\n")

SOURCE(cf_stream_skid, "verilog/cofiber_stream_skid.v");
SOURCE(cf_stream_framer, "verilog/cofiber_stream_framer.v");
SOURCE(cf_stream_multiply, "verilog/cofiber_stream_multiply.v");
SOURCE(cf_stream_tree, "verilog/cofiber_stream_tree.v");
SOURCE(cf_stream_mac, "verilog/cofiber_stream_mac.v");
SOURCE(cf_stream_weights, "verilog/cofiber_stream_weights.v");
SOURCE(cf_stream_front, "verilog/cofiber_stream_front.v");
SOURCE(cf_stream_scale, "verilog/cofiber_stream_scale.v");
SOURCE(cf_stream_merge, "verilog/cofiber_stream_merge.v");
SOURCE(cf_stream_sparse, "verilog/cofiber_stream_sparse.v");
SOURCE(cf_stream_register_block, "verilog/cofiber_stream_registers.v");
SOURCE(cf_stream_driver_h, "driver/cofiber_stream_driver.h");
SOURCE(cf_stream_driver_c, "driver/cofiber_stream_driver.c");
SOURCE(cf_stream_example, "driver/cofiber_stream_example.c");
SOURCE(cf_stream_tb, "verilog/cofiber_stream_tb.v");

const struct cf_stream_source cf_stream_sources[] = {
    {"cofiber_stream_skid.v", cf_stream_skid, cf_stream_skid_end, CF_STREAM_CORE},
    {"cofiber_stream_framer.v", cf_stream_framer, cf_stream_framer_end, CF_STREAM_CORE},
    {"cofiber_stream_multiply.v", cf_stream_multiply, cf_stream_multiply_end, CF_STREAM_CORE},
    {"cofiber_stream_tree.v", cf_stream_tree, cf_stream_tree_end, CF_STREAM_CORE},
    {"cofiber_stream_mac.v", cf_stream_mac, cf_stream_mac_end, CF_STREAM_CORE},
    {"cofiber_stream_weights.v", cf_stream_weights, cf_stream_weights_end, CF_STREAM_CORE},
    {"cofiber_stream_front.v", cf_stream_front, cf_stream_front_end, CF_STREAM_CORE},
    {"cofiber_stream_scale.v", cf_stream_scale, cf_stream_scale_end, CF_STREAM_CORE},
    {"cofiber_stream_merge.v", cf_stream_merge, cf_stream_merge_end, CF_STREAM_CORE},
    {"cofiber_stream_sparse.v", cf_stream_sparse, cf_stream_sparse_end, CF_STREAM_CORE},
    {"cofiber_stream_registers.v", cf_stream_register_block, cf_stream_register_block_end, CF_STREAM_CORE},
    {"cofiber_stream_tb.v", cf_stream_tb, cf_stream_tb_end, CF_STREAM_TESTBENCH},
    {"cofiber_stream_driver.h", cf_stream_driver_h, cf_stream_driver_h_end, CF_STREAM_DRIVER},
    {"cofiber_stream_driver.c", cf_stream_driver_c, cf_stream_driver_c_end, CF_STREAM_DRIVER},
    {"cofiber_stream_example.c", cf_stream_example, cf_stream_example_end, CF_STREAM_DRIVER},
    {0},
};
