/* harness.h - the C++ that drives a Verilated circuit, harness/cosim.cpp, as part of the program. */
#ifndef COFIBER_RTL_TOOLS_HARNESS_H
#define COFIBER_RTL_TOOLS_HARNESS_H

extern const char cf_harness_text[] __attribute__((visibility("hidden")));
extern const char cf_harness_end[] __attribute__((visibility("hidden")));

#endif
