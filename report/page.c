/* page.c - writes a circuit's page. */
#include "report/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "netlists/names.h"
#include "report/assets.h"
#include "report/page_parts.h"

static void put_asset(struct cf_text *page, const char *before, const char *asset, const char *end, const char *after)
{
    cf_text_printf(page, "%s", before);
    cf_text_put(page, asset, (size_t)(end - asset));
    cf_text_printf(page, "%s", after);
}

/* ---- the audit -------------------------------------------------------------------------------------------------- */

static void add_claims(cJSON *document, const struct cf_claims *claims)
{
    cJSON *array = cJSON_AddArrayToObject(document, "claims");
    for (size_t i = 0; i < claims->count; i++) {
        const struct cf_claim *claim = &claims->items[i];
        char verdict[CF_VERDICT_TEXT];
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "claim", claim->claim);
        cJSON_AddStringToObject(entry, "verdict", cf_verdict_text(claim, verdict));
        cf_page_text(entry, "found", claim->found);
        cJSON_AddStringToObject(entry, "how", claim->how);
        if (claim->because)
            cf_page_text(entry, "because", claim->because);
        cJSON_AddItemToArray(array, entry);
    }
}

/* The decisions that differ from the head's: names and distances. */
static void add_unequal(cJSON *document, const struct cf_evidence *e)
{
    enum { MOST = 2000 };
    cJSON *array = cJSON_AddArrayToObject(document, "unequal");
    for (size_t i = 0; i < e->agreement.unequal_count && i < MOST; i++) {
        const struct cf_unequal *one = &e->agreement.unequal[i];
        char name[CF_NAME_MAX];
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "gate", cf_net_name(e->netlist, one->net, name, sizeof name));
        cJSON_AddNumberToObject(entry, "frame", (double)one->frame);
        cJSON_AddNumberToObject(entry, "distance", one->distance);
        cJSON_AddItemToArray(array, entry);
    }
}

/* ---- the document ----------------------------------------------------------------------------------------------- */

static void add_foreign(cJSON *document, const char *key, const char *text)
{
    cJSON *parsed = text ? cJSON_Parse(text) : NULL;
    if (parsed)
        cJSON_AddItemToObject(document, key, parsed);
}

/* JSON inside a script element: no "</" may end it. */
static void put_document(struct cf_text *page, const cJSON *document)
{
    char *text = cJSON_PrintUnformatted(document);
    page->failed = page->failed || !text;
    cf_text_printf(page, "<script type=\"application/json\" id=\"data\">");
    for (const char *at = text; at && *at;) {
        const char *end = strchr(at, '<');
        size_t length = end ? (size_t)(end - at) : strlen(at);
        cf_text_put(page, at, length);
        at += length;
        if (*at == '<') {
            cf_text_printf(page, "\\u003c");
            at++;
        }
    }
    cf_text_printf(page, "</script>\n");
    cJSON_free(text);
}

static bool fill(struct cf_text *page, cJSON *document, const struct cf_page *what, struct cf_error *err)
{
    char sha256[CF_SHA256_HEX];
    const char *name = strrchr(what->path, '/');
    if (!cf_sha256_file(what->path, sha256, err))
        return false;
    cJSON_AddStringToObject(document, "version", COFIBER_VERSION);
    cf_page_text(document, "netlist", name ? name + 1 : what->path);
    cJSON_AddStringToObject(document, "sha256", sha256);
    cf_page_text(document, "command", what->command);
    if (!cf_page_put_netlist(document, page, what->netlist, err) || !cf_page_put_frames(document, page, what, err))
        return false;
    if (what->claims)
        add_claims(document, what->claims);
    if (what->claims && what->evidence->readable)
        add_unequal(document, what->evidence);
    add_foreign(document, "faults", what->faults);
    add_foreign(document, "cost", what->cost);
    add_foreign(document, "luts", what->luts);
    put_document(page, document);
    return true;
}

bool cf_page_write(const struct cf_page *what, const char *path, size_t *size, struct cf_error *err)
{
    struct cf_text page = {0};
    cJSON *document = cJSON_CreateObject();
    put_asset(&page,
              "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n"
              "<title>Cofiber circuit</title>\n<style>\n",
              cf_asset_css, cf_asset_css_end, "</style>\n");
    put_asset(&page, "", cf_asset_html, cf_asset_html_end, "");
    bool done = (document || cf_fail(err, "%s: out of memory", path)) && fill(&page, document, what, err);
    put_asset(&page, "<script>\n", cf_asset_chart, cf_asset_chart_end, "\n</script>\n");
    put_asset(&page, "<script>\n\"use strict\";\n", cf_asset_script, cf_asset_script_end, "</script>\n</html>\n");
    cJSON_Delete(document);
    *size = page.length;
    page.failed = page.failed || (what->complete && !what->complete());
    done = done && (!page.failed || cf_fail(err, "%s: out of memory", path)) &&
           (page.length <= CF_PAGE_MOST ||
            cf_fail(err, "%s: the page would have %zu bytes, and %d are the most; select fewer frames", path,
                    page.length, CF_PAGE_MOST)) &&
           cf_file_write(path, page.data, page.length, err);
    cf_text_free(&page);
    return done;
}
