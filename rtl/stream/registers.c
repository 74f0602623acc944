/* registers.c - describes the accelerator's registers, and writes them as a table in Markdown, a C header, SystemRDL
 * and CMSIS-SVD. */
#include "rtl/stream/registers.h"

#include <string.h>

#include "rtl/stream/emit.h"

const struct cf_stream_register cf_stream_registers[] = {
    {"ID", 0x00, "ro", "0x43464231, by which software knows the core", {{0}}},
    {"VERSION", 0x04, "ro", "Version of the interface: major in the high half, minor in the low", {{0}}},
    {"CONTROL",
     0x08,
     "rw",
     "Reset and interrupts",
     {{"RESET", 0, 1, "Write 1: reset the core and drop the frame that is under way. Reads 0"},
      {"IRQ_ENABLE", 1, 1, "irq is high while a bit of STATUS that software clears is set"}}},
    {"STATUS",
     0x0c,
     "rw",
     "State and events; write 1 to an event to clear it",
     {{"BUSY", 0, 1, "The core holds a frame, or part of one"},
      {"FRAME", 1, 1, "The last record of a frame has left"},
      {"SHORT", 2, 1, "A frame ended early and was given up"},
      {"LONG", 3, 1, "TLAST was late or missing; words were dropped"}}},
    {"GRID", 0x10, "ro", "Positions of the input", {{"ROWS", 0, 16, "Rows"}, {"COLUMNS", 16, 16, "Columns"}}},
    {"FEATURES",
     0x14,
     "ro",
     "Channels and classes",
     {{"CHANNELS", 0, 16, "Channels of a position"}, {"CLASSES", 16, 16, "Classes"}}},
    {"PYRAMID",
     0x18,
     "ro",
     "Scales and input",
     {{"SCALES", 0, 8, "Scales"},
      {"INPUT_BITS", 8, 8, "Bits of a channel's value"},
      {"SPARSE", 16, 1, "One record per class that fires"}}},
    {"PARALLEL",
     0x1c,
     "ro",
     "What is done per cycle",
     {{"LANES", 0, 16, "Channels per beat"}, {"CLASSES", 16, 16, "Classes per cycle"}}},
    {"LAYOUT",
     0x20,
     "ro",
     "Where a class's threshold is",
     {{"FOLD", 0, 16, "Sums per cycle"}, {"RESULT_BEATS", 16, 16, "Cycles in which the sums of a round leave"}}},
    {"WEIGHT_WORDS", 0x24, "ro", "Words to write to WEIGHT_DATA; 0 where the weights are a ROM", {{0}}},
    {"FRAMES_IN", 0x28, "rw", "Counter of frames taken whole; a write sets it", {{0}}},
    {"FRAMES_OUT", 0x2c, "rw", "Counter of frames whose records have left; a write sets it", {{0}}},
    {"SHORT_FRAMES", 0x30, "rw", "Counter of frames given up; a write sets it", {{0}}},
    {"LONG_FRAMES", 0x34, "rw", "Counter of frames without TLAST at their end; a write sets it", {{0}}},
    {"BUSY_CYCLES", 0x38, "rw", "Counter of cycles with BUSY; a write sets it", {{0}}},
    {"INPUT_STALLS", 0x3c, "rw", "Counter of cycles in which the input waits; a write sets it", {{0}}},
    {"OUTPUT_STALLS", 0x40, "rw", "Counter of cycles in which the output waits; a write sets it", {{0}}},
    {"FRAME_CYCLES", 0x44, "ro", "Cycles between the last records of the last two frames", {{0}}},
    {"THRESHOLD_INDEX",
     0x48,
     "rw",
     "The threshold that is to be written",
     {{"BEAT", 0, 12, "c / P * RESULT_BEATS + c % P / FOLD, for class c and P classes per cycle"},
      {"LANE", 12, 12, "c % P % FOLD"},
      {"SCALE", 24, 8, "Scale"}}},
    {"THRESHOLD_LOW", 0x4c, "rw", "Low half of a signed threshold of 64 bits", {{0}}},
    {"THRESHOLD_HIGH", 0x50, "rw", "High half; writing it writes the threshold", {{0}}},
    {"WEIGHT_ADDRESS", 0x54, "rw", "The next word of weights; begin with 0", {{0}}},
    {"WEIGHT_DATA", 0x58, "wo", "32 bits of weights; WEIGHT_ADDRESS then counts up", {{0}}},
    {0},
};

void cf_stream_put_register_table(struct cf_text *text)
{
    cf_text_printf(text, "# Registers of cofiber_stream_top\n\n| offset | register | bits | access | meaning |\n"
                         "|---|---|---|---|---|\n");
    for (const struct cf_stream_register *r = cf_stream_registers; r->name; r++) {
        cf_text_printf(text, "| 0x%02x | %s | 31:0 | %s | %s |\n", r->offset, r->name, r->access, r->about);
        for (const struct cf_stream_field *f = r->fields; f < r->fields + CF_STREAM_FIELDS && f->name; f++)
            cf_text_printf(text, "| | .%s | %u:%u | | %s |\n", f->name, f->low + f->width - 1u, f->low, f->about);
    }
}

static void put_constants(const struct cf_stream_plan *plan, struct cf_text *text)
{
    const struct cf_pyramid *p = plan->pyramid;
    const struct {
        const char *name;
        uint32_t value;
    } constants[] = {{"ROWS", p->rows},
                     {"COLUMNS", p->columns},
                     {"CHANNELS", p->channels},
                     {"CLASSES", p->classes},
                     {"SCALES", p->scales},
                     {"LANES", plan->options.lanes},
                     {"LANE_BYTES", plan->lane_bits / 8},
                     {"WORDS", plan->words},
                     {"INPUT_BYTES", plan->input_bytes},
                     {"OUTPUT_BYTES", plan->output_bytes},
                     {"RECORDS", plan->records},
                     {"SPARSE", plan->options.sparse}};
    cf_text_printf(text, "\n/* This accelerator. */\n");
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        cf_text_printf(text, "#define COFIBER_STREAM_%s %uu\n", constants[i].name, constants[i].value);
}

void cf_stream_put_register_header(const struct cf_stream_plan *plan, struct cf_text *text)
{
    cf_text_printf(text, "/* Registers of cofiber_stream_top: byte offsets, and the masks and places of fields. */\n"
                         "#ifndef COFIBER_STREAM_REGISTERS_H\n#define COFIBER_STREAM_REGISTERS_H\n\n");
    for (const struct cf_stream_register *r = cf_stream_registers; r->name; r++) {
        cf_text_printf(text, "#define COFIBER_STREAM_REG_%s 0x%02xu /* %s: %s */\n", r->name, r->offset, r->access,
                       r->about);
        for (const struct cf_stream_field *f = r->fields; f < r->fields + CF_STREAM_FIELDS && f->name; f++)
            cf_text_printf(
                text, "#define COFIBER_STREAM_%s_%s_SHIFT %u\n#define COFIBER_STREAM_%s_%s_MASK 0x%08xu /* %s */\n",
                r->name, f->name, f->low, r->name, f->name, ((1u << f->width) - 1) << f->low, f->about);
    }
    put_constants(plan, text);
    cf_text_printf(text, "\n#endif\n");
}

void cf_stream_put_register_rdl(struct cf_text *text)
{
    cf_text_printf(text, "addrmap cofiber_stream {\n    default regwidth = 32;\n");
    for (const struct cf_stream_register *r = cf_stream_registers; r->name; r++) {
        const char *software = strcmp(r->access, "ro") == 0 ? "r" : strcmp(r->access, "wo") == 0 ? "w" : "rw";
        cf_text_printf(text, "    reg {\n        desc = \"%s\";\n", r->about);
        if (!r->fields[0].name)
            cf_text_printf(text, "        field { sw = %s; hw = rw; } VALUE[31:0];\n", software);
        for (const struct cf_stream_field *f = r->fields; f < r->fields + CF_STREAM_FIELDS && f->name; f++)
            cf_text_printf(text, "        field { sw = %s; hw = rw; desc = \"%s\"; } F_%s[%u:%u];\n", software,
                           f->about, f->name, f->low + f->width - 1u, f->low);
        cf_text_printf(text, "    } %s @ 0x%02x;\n", r->name, r->offset);
    }
    cf_text_printf(text, "};\n");
}

void cf_stream_put_register_svd(struct cf_text *text)
{
    cf_text_printf(text,
                   "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<device schemaVersion=\"1.3\">\n"
                   "  <name>cofiber_stream</name>\n  <version>1.0</version>\n"
                   "  <description>Streaming accelerator of a cofiber detection circuit</description>\n"
                   "  <addressUnitBits>8</addressUnitBits>\n  <width>32</width>\n  <peripherals>\n    <peripheral>\n"
                   "      <name>COFIBER_STREAM</name>\n      <baseAddress>0x0</baseAddress>\n"
                   "      <addressBlock><offset>0x0</offset><size>0x100</size><usage>registers</usage></addressBlock>\n"
                   "      <registers>\n");
    for (const struct cf_stream_register *r = cf_stream_registers; r->name; r++) {
        const char *access = strcmp(r->access, "ro") == 0   ? "read-only"
                             : strcmp(r->access, "wo") == 0 ? "write-only"
                                                            : "read-write";
        cf_text_printf(text,
                       "        <register>\n          <name>%s</name>\n          <description>%s</description>\n"
                       "          <addressOffset>0x%02x</addressOffset>\n          <size>32</size>\n"
                       "          <access>%s</access>\n",
                       r->name, r->about, r->offset, access);
        if (r->fields[0].name)
            cf_text_printf(text, "          <fields>\n");
        for (const struct cf_stream_field *f = r->fields; f < r->fields + CF_STREAM_FIELDS && f->name; f++)
            cf_text_printf(text,
                           "            <field><name>%s</name><description>%s</description><bitOffset>%u</bitOffset>"
                           "<bitWidth>%u</bitWidth></field>\n",
                           f->name, f->about, f->low, f->width);
        if (r->fields[0].name)
            cf_text_printf(text, "          </fields>\n");
        cf_text_printf(text, "        </register>\n");
    }
    cf_text_printf(text, "      </registers>\n    </peripheral>\n  </peripherals>\n</device>\n");
}
