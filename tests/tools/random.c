/* random.c - writes a random valid netlist whose input takes frames.
 *
 *   random NET SEED [beyond]      beyond: with squares, ReLUs and roots
 *
 * Prints the frames' shape, "D H W", for whoever makes the frames.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/store.h"
#include "tests/support/random_netlist.h"

int main(int argc, char **argv)
{
    bool beyond = argc == 4 && strcmp(argv[3], "beyond") == 0;
    if (argc != 3 + beyond) {
        fputs("usage: random NET SEED [beyond]\n", stderr);
        return 2;
    }
    struct random_netlist_options options = random_netlist_defaults(strtoull(argv[2], NULL, 10));
    options.frames = true;
    options.beyond = beyond;
    options.inputs = 60;
    options.gates = 60;
    options.width = 63;
    struct cf_error err = {.text = "out of memory"};
    struct cf_netlist *netlist = random_netlist(&options);
    if (!netlist || !cf_netlist_save(netlist, argv[1], &err)) {
        fprintf(stderr, "random: %s\n", err.text);
        return 2;
    }
    const uint32_t *shape = netlist->groups[CF_INPUT].shape;
    printf("%u %u %u\n", shape[2], shape[0], shape[1]);
    cf_netlist_free(netlist);
    return 0;
}
