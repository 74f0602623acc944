/* sources.c - holds, as part of the program, the package's files that are the same for every netlist. */
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
SOURCE(cf_stream_sums, "verilog/cofiber_stream_sums.v");
SOURCE(cf_stream_sums_of_constants, "verilog/cofiber_stream_sums_of_constants.v");
SOURCE(cf_stream_front, "verilog/cofiber_stream_front.v");
SOURCE(cf_stream_scale, "verilog/cofiber_stream_scale.v");
SOURCE(cf_stream_merge, "verilog/cofiber_stream_merge.v");
SOURCE(cf_stream_sparse, "verilog/cofiber_stream_sparse.v");
SOURCE(cf_stream_bytes, "verilog/cofiber_stream_bytes.v");
SOURCE(cf_stream_pair, "verilog/cofiber_stream_pair.v");
SOURCE(cf_stream_ram, "verilog/cofiber_stream_ram.v");
SOURCE(cf_stream_shared, "verilog/cofiber_stream_shared.v");
SOURCE(cf_stream_serial, "verilog/cofiber_stream_serial.v");
SOURCE(cf_stream_ice40, "verilog/cofiber_stream_ice40.v");
SOURCE(cf_stream_shared_tb, "verilog/cofiber_stream_shared_tb.v");
SOURCE(cf_stream_register_block, "verilog/cofiber_stream_registers.v");
SOURCE(cf_stream_driver_h, "driver/cofiber_stream_driver.h");
SOURCE(cf_stream_driver_c, "driver/cofiber_stream_driver.c");
SOURCE(cf_stream_example, "driver/cofiber_stream_example.c");
SOURCE(cf_stream_tb, "verilog/cofiber_stream_tb.v");

/* A file whose text is between the symbol and the symbol's end. */
#define FILE_OF(name, symbol, kind, cores, replaced)                                                                   \
    {                                                                                                                  \
        name, symbol, symbol##_end, kind, cores, replaced                                                              \
    }
#define CORE(name, symbol, cores) FILE_OF(name, symbol, CF_STREAM_CORE, cores, false)

const struct cf_stream_source cf_stream_sources[] = {
    CORE("cofiber_stream_skid.v", cf_stream_skid, CF_STREAM_WIDE),
    CORE("cofiber_stream_framer.v", cf_stream_framer, CF_STREAM_WIDE | CF_STREAM_SHARED),
    CORE("cofiber_stream_multiply.v", cf_stream_multiply, CF_STREAM_MULTIPLIERS),
    CORE("cofiber_stream_tree.v", cf_stream_tree, CF_STREAM_MULTIPLIERS),
    CORE("cofiber_stream_mac.v", cf_stream_mac, CF_STREAM_MULTIPLIERS),
    CORE("cofiber_stream_weights.v", cf_stream_weights, CF_STREAM_MULTIPLIERS),
    CORE("cofiber_stream_sums.v", cf_stream_sums, CF_STREAM_MULTIPLIERS),
    CORE("cofiber_stream_sums.v", cf_stream_sums_of_constants, CF_STREAM_CONSTANTS),
    CORE("cofiber_stream_front.v", cf_stream_front, CF_STREAM_WIDE),
    CORE("cofiber_stream_scale.v", cf_stream_scale, CF_STREAM_WIDE),
    CORE("cofiber_stream_merge.v", cf_stream_merge, CF_STREAM_WIDE),
    CORE("cofiber_stream_sparse.v", cf_stream_sparse, CF_STREAM_WIDE),
    CORE("cofiber_stream_registers.v", cf_stream_register_block, CF_STREAM_WIDE),
    CORE("cofiber_stream_bytes.v", cf_stream_bytes, CF_STREAM_SHARED),
    FILE_OF("cofiber_stream_pair.v", cf_stream_pair, CF_STREAM_CORE, CF_STREAM_SHARED, true),
    FILE_OF("cofiber_stream_ram.v", cf_stream_ram, CF_STREAM_CORE, CF_STREAM_SHARED, true),
    CORE("cofiber_stream_shared.v", cf_stream_shared, CF_STREAM_SHARED),
    CORE("cofiber_stream_serial.v", cf_stream_serial, CF_STREAM_SHARED),
    FILE_OF("cofiber_stream_ice40.v", cf_stream_ice40, CF_STREAM_TARGET, CF_STREAM_SHARED, false),
    FILE_OF("cofiber_stream_tb.v", cf_stream_tb, CF_STREAM_TESTBENCH, CF_STREAM_WIDE, false),
    FILE_OF("cofiber_stream_tb.v", cf_stream_shared_tb, CF_STREAM_TESTBENCH, CF_STREAM_SHARED, false),
    FILE_OF("cofiber_stream_driver.h", cf_stream_driver_h, CF_STREAM_DRIVER, CF_STREAM_WIDE, false),
    FILE_OF("cofiber_stream_driver.c", cf_stream_driver_c, CF_STREAM_DRIVER, CF_STREAM_WIDE, false),
    FILE_OF("cofiber_stream_example.c", cf_stream_example, CF_STREAM_DRIVER, CF_STREAM_WIDE, false),
    {0},
};
