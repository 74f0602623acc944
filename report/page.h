/* page.h - one self-contained HTML page that shows a circuit: a face of this room, beside audit.h.
 *
 * The page holds the cells and places of all gates, so that a reader can follow any gate to its operands; and of each
 * frame the input and the classifiers' sums. Every other value is computed in the reader's browser from the cells, in
 * exact integers. Nothing is loaded from elsewhere.
 */
#ifndef COFIBER_REPORT_PAGE_H
#define COFIBER_REPORT_PAGE_H

#include "detect/draw.h"
#include "detect/photo.h"
#include "report/audit.h"
#include "sim/frames/frames.h"

struct cf_page {
    const struct cf_netlist *netlist;
    const char *path;               /* of the netlist's file, for its hash */
    const struct cf_frames *frames; /* NULL: none, and the page has no values */
    const struct cf_photo *photos;  /* [photo_count]: of the first frames */
    size_t photo_count;
    enum cf_fit fit;
    const struct cf_claims *claims;     /* NULL: not audited */
    const struct cf_evidence *evidence; /* of these claims */
    const char *command;                /* the command line that makes the page again */
    /* cJSON silently leaves an item out when memory is out. This function is called before the page is written, and
     * says whether cJSON had all the memory that it asked for. NULL: it had. */
    bool (*complete)(void);
    /* JSON documents, or NULL: of `faults --json`, of `stats --bits --json`, and of scripts/area.sh --json */
    const char *faults, *cost, *luts;
};

enum { CF_PAGE_MOST = 5000000 }; /* bytes of a page */

/* Writes the page, whole or not at all; `*size` becomes its bytes. Errors: a page that would be larger than
 * CF_PAGE_MOST, features that are NaN or infinite, memory. */
bool cf_page_write(const struct cf_page *page, const char *path, size_t *size, struct cf_error *err);

#endif
