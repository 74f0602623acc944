/* page_parts.h - what the files that write a page share. */
#ifndef COFIBER_REPORT_PAGE_PARTS_H
#define COFIBER_REPORT_PAGE_PARTS_H

#include <cjson/cJSON.h>

#include "base/text.h"
#include "report/page.h"

/* Adds the netlist's groups, counts, table and metadata to the document, and its cells, places and lines of Verilog to
 * the page. */
bool cf_page_put_netlist(cJSON *document, struct cf_text *page, const struct cf_netlist *netlist, struct cf_error *err);

/* Adds the frames: their inputs, sums and energies, and the photographs. */
bool cf_page_put_frames(cJSON *document, struct cf_text *page, const struct cf_page *what, struct cf_error *err);

/* Adds a text that may not be UTF-8, as paths need not be. */
void cf_page_text(cJSON *object, const char *key, const char *text);

#endif
