/* pass_on.h - functions by which the files of this room refuse an argument, and hand out a netlist. */
#ifndef COFIBER_LIBRARY_PASS_ON_H
#define COFIBER_LIBRARY_PASS_ON_H

#include "sim/library.h"

/* Fails with this text; gives false. */
static inline bool cf_refuse(cofiber_error *error, const char *text)
{
    struct cf_error err;
    cf_fail(&err, "%s", text);
    return cf_pass_on(error, &err);
}

/* A netlist is its own public handle (sim/library.h); one that the caller will free is not const. */
static inline cofiber_netlist *cf_hand_out(struct cf_netlist *netlist)
{
    return (cofiber_netlist *)(void *)netlist;
}

#endif
