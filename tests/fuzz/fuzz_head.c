/* Any bytes at all through the head reader; what it accepts is quantised within bounds and compiles or says why not.
 * Seeds: tests/hostile/head_*, tests/fixtures; build: make build/fuzz/fuzz_head. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compiler/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_head(const struct cf_head *head)
{
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        for (uint32_t band = 0; band < head->bands[role]; band++) {
            const struct cf_head_layer *layer = &head->layer[role][band];
            for (uint32_t c = 0; c < layer->outputs; c++)
                check(layer->scale[c] > 0 && isfinite(layer->scale[c]) && isfinite(layer->bias[c]));
            for (size_t i = 0; i < (size_t)layer->outputs * layer->inputs; i++)
                check(isfinite(layer->weight[i]) && layer->quantised[i] >= -128 && layer->quantised[i] <= 127);
        }
}

static void compile(const struct cf_head *head, bool bilinear)
{
    struct cf_compile_options options = cf_compile_defaults();
    struct cf_netlist *netlist;
    struct cf_error err = {0};
    options.height = options.width = 4;
    options.scales = 2;
    options.input_scale = 0.05;
    options.upsample = bilinear ? CF_BILINEAR : CF_NEAREST;
    options.sweep = bilinear;
    check(cf_compile(&netlist, head, &options, &err) == (netlist != NULL));
    check(netlist || err.text[0]);
    cf_netlist_free(netlist);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct cf_head head;
    struct cf_error err = {0};
    int file = memfd_create("head", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (file < 0 || write(file, data, size) != (ssize_t)size)
        abort();
    if (cf_head_load(&head, path, NULL, &err)) {
        check_head(&head);
        if (head.classes <= 64 && head.channels <= 256) {
            compile(&head, false);
            compile(&head, true);
        }
        cf_head_free(&head);
    } else {
        check(strncmp(err.text, path, strlen(path)) == 0 && !strchr(err.text, '\n'));
    }
    close(file);
    return 0;
}
