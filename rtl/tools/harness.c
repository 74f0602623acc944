/* harness.c - holds the text of the C++ harness that cosim compiles with a model; it is part of this program. */
#include "rtl/tools/harness.h"

/* The assembler reads the file (relative to the root of the sources, where the compiler runs). */
__asm__(".section .rodata\n"
        ".hidden cf_harness_text\n"
        ".hidden cf_harness_end\n"
        ".global cf_harness_text\n"
        ".global cf_harness_end\n"
        "cf_harness_text:\n"
        ".incbin \"rtl/harness/cosim.cpp\"\n"
        "cf_harness_end:\n"
        ".byte 0\n"
        ".previous\n");
