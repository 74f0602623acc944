/* random_netlist.h - random valid netlists for tests: any ports, widths, shifts, several groups, step and
 * linear, and on request squares, ReLUs and roots. */
#ifndef COFIBER_TESTS_SUPPORT_RANDOM_NETLIST_H
#define COFIBER_TESTS_SUPPORT_RANDOM_NETLIST_H

#include "netlists/netlist.h"

/* A small generator of its own (SplitMix64), so that a seed means the same netlist everywhere. */
struct random_source {
    uint64_t state;
};
uint64_t random_next(struct random_source *random);
/* Uniform enough over low..high, both included. */
int64_t random_between(struct random_source *random, int64_t low, int64_t high);

struct random_netlist_options {
    uint64_t seed;
    uint32_t inputs; /* at most */
    uint32_t groups; /* of gates, at most */
    uint32_t gates;  /* a group, at most */
    uint32_t ports;  /* a cell, at most */
    uint32_t terms;  /* a port, at most */
    int width;       /* of a linear output, at most; 63 is the most a netlist can have */
    bool frames;     /* the input is [H, W, D], signed and at most 16 bits, so that frames can feed it */
    bool beyond;     /* squares, ReLUs and roots as well; without it, a seed means the netlist that it always meant */
};

/* Moderate limits, for the seed. */
struct random_netlist_options random_netlist_defaults(uint64_t seed);

/* A netlist that cf_netlist_check accepts; NULL only when memory is out. The same options give the same netlist. */
struct cf_netlist *random_netlist(const struct random_netlist_options *options);

/* Fills the input's nets with random values of its type; every few nets with one of the type's ends. */
void random_input(struct random_source *random, const struct cf_netlist *netlist, int64_t *nets);

#endif
