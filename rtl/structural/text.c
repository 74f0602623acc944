/* text.c - writes text, constants, weights and headings into the file at hand. */
#include "rtl/structural/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Counts the lines of what would be written. */
static void count_lines(struct emission *e, const char *format, va_list arguments)
{
    char *text;
    if (vasprintf(&text, format, arguments) < 0) {
        e->failed = true;
        return;
    }
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        e->line++;
    free(text);
}

void cf_put(struct emission *e, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (e->places)
        count_lines(e, format, arguments);
    else
        cf_out_vprintf(e->out, e->err, format, arguments);
    va_end(arguments);
}

void cf_put_constant(struct emission *e, int64_t value, uint8_t width)
{
    assert(width >= 1 && width <= 64);
    uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1, bits = (uint64_t)value & mask;
    bool negative = bits >> (width - 1) & 1;
    if (negative)
        bits = (0 - bits) & mask;
    cf_put(e, "%s%u'sd%" PRIu64, negative ? "-" : "", width, bits);
}

/* Writes weights as hexadecimal digits, one line per 32 slots, the highest slot first as Verilog has it. */
static void put_digits(struct emission *e, const struct cf_operand *operands, const struct cf_vector *vector,
                       const char *indent)
{
    enum { LINE = 32 };
    unsigned digits = vector->weight_width / 4u;
    uint64_t mask = ((uint64_t)1 << vector->weight_width) - 1;
    cf_put(e, "{");
    for (uint32_t high = vector->slots; high > 0;) {
        uint32_t low = (high - 1) / LINE * LINE;
        cf_put(e, "\n%s    %u'h", indent, (high - low) * vector->weight_width);
        for (uint32_t i = high; i-- > low;)
            cf_put(e, "%0*" PRIx64 "%s", (int)digits, (uint64_t)operands[i].weight & mask, i > low ? "_" : "");
        cf_put(e, "%s // [%u:%u]", low > 0 ? "," : "}", high - 1, low);
        high = low;
    }
    cf_put(e, "\n%s", indent);
}

void cf_put_weights(struct emission *e, const struct cf_operand *operands, const struct cf_vector *vector,
                    const char *indent)
{
    enum { DECIMALS = 16 };
    bool equal = true;
    for (uint32_t i = 1; i < vector->slots; i++)
        equal = equal && operands[i].weight == operands[0].weight;
    if (equal) {
        cf_put(e, vector->slots > 1 ? "{%u{" : "", vector->slots);
        cf_put_constant(e, operands[0].weight, vector->weight_width);
        cf_put(e, vector->slots > 1 ? "}}" : "");
    } else if (vector->slots > DECIMALS && vector->weight_width % 4 == 0) {
        put_digits(e, operands, vector, indent);
    } else {
        cf_put(e, "{");
        for (uint32_t i = vector->slots; i-- > 0;) {
            cf_put_constant(e, operands[i].weight, vector->weight_width);
            cf_put(e, i > 0 ? ", " : "}");
        }
    }
}

/* Writes text that anybody may have made into a comment: as part of one line of printable ASCII, whatever it holds and
 * however long it is. A backslash is replaced too, because at the end of a line some tools take the next line for a
 * part of the comment. */
static void put_foreign(struct emission *e, const char *text)
{
    enum { LONGEST = 120 };
    char plain[LONGEST + 1];
    size_t length = strnlen(text, LONGEST + 1);
    bool cut = length > LONGEST;
    if (cut)
        length = LONGEST - 3;
    for (size_t i = 0; i < length; i++)
        plain[i] = (char)(text[i] >= ' ' && text[i] <= '~' && text[i] != '\\' ? text[i] : '?');
    plain[length] = '\0';
    cf_put(e, "%s%s", plain, cut ? "..." : "");
}

/* The dash before metadata keeps tools from reading them as a directive: they look for comments such as
 * "// verilator lint_off" and "// synopsys translate_off". */
void cf_put_heading(struct emission *e, const char *what)
{
    cf_put(e, "// %s\n//\n// Written by cofiber " COFIBER_VERSION " (cofiber verilog --style structural).\n", what);
    if (e->source)
        cf_put(e, "// Netlist: %s\n", e->source);
    for (uint32_t m = 0; e->source && m < e->netlist->meta_count; m++) {
        cf_put(e, "// - ");
        put_foreign(e, e->netlist->meta[m].key);
        cf_put(e, " = ");
        put_foreign(e, e->netlist->meta[m].value);
        cf_put(e, "\n");
    }
    cf_put(e, "//\n");
}
