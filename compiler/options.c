/* options.c - gives the defaults of a compilation. */
#include "compiler/options.h"

struct cf_compile_options cf_compile_defaults(void)
{
    return (struct cf_compile_options){.height = 40, .width = 40, .scales = 3, .input_bits = 8, .score_threshold = 0.5};
}
