/* assets.c - holds the parts of the page that are the same for every circuit. */
#include "report/assets.h"

/* The assembler reads the files (relative to the root of the sources, where the compiler runs). */
#define ASSET(name, files)                                                                                             \
    __asm__(".section .rodata\n"                                                                                       \
            ".hidden cf_asset_" #name "\n"                                                                             \
            ".hidden cf_asset_" #name "_end\n"                                                                         \
            ".global cf_asset_" #name "\n"                                                                             \
            ".global cf_asset_" #name "_end\n"                                                                         \
            "cf_asset_" #name ":\n" files "cf_asset_" #name "_end:\n"                                                  \
            ".byte 0\n"                                                                                                \
            ".previous\n")
#define FILE_OF(path) ".incbin \"" path "\"\n"

ASSET(html, FILE_OF("report/page/page.html"));
ASSET(css, FILE_OF("report/page/page.css"));
ASSET(script, FILE_OF("report/page/blobs.js") FILE_OF("report/page/netlist.js") FILE_OF("report/page/charts.js")
                  FILE_OF("report/page/circuit.js") FILE_OF("report/page/bands.js") FILE_OF("report/page/explorer.js")
                      FILE_OF("report/page/main.js"));
ASSET(chart, FILE_OF(COFIBER_CHART_JS));
