/* prove.h - proves that the emitted Verilog and the netlist are the same function, for all inputs.
 *
 * Yosys elaborates the Verilog (`hierarchy`, no more) and writes RTLIL. A checker that Coq has verified (proof/) reads
 * that and the netlist's file, and accepts or refuses. docs/proof.md has the theorem and what remains trusted.
 */
#ifndef COFIBER_PROVE_PROVE_H
#define COFIBER_PROVE_PROVE_H

#include "netlists/netlist.h"

#define CF_CHECKER "cofiber-checker" /* the program's name; it stands beside `cofiber`, or on PATH */

struct cf_prove_options {
    const char *rtl_directory;   /* Verilog to use instead of a fresh emission; NULL: emit */
    const char *cache_directory; /* of verdicts; NULL: $XDG_CACHE_HOME/cofiber, or ~/.cache/cofiber */
    bool again;                  /* even where the cache has the verdict */
    /* Called some times per second, with a word for the step that runs. May be NULL. */
    void (*progress)(void *user, const char *step);
    /* Asked as often. True: the tools are ended, and the call fails. May be NULL. */
    bool (*stop)(void *user);
    void *user;
};

struct cf_refused {
    uint32_t net; /* that the gate drives */
    char *why;
};

struct cf_proof {
    bool proved, cached;
    bool checked;             /* the checker read the Verilog; false where the netlist itself is beyond it */
    char *refusal;            /* the checker's first complaint, and where; NULL if it is proved */
    struct cf_refused *gates; /* [gate_count]: one gate of each of the first rows that are refused; there may be none */
    uint32_t gate_count;
    double yosys_seconds, checker_seconds;
};

/* Proves the netlist of the file `path`, which has been loaded as `netlist`. A netlist with squares, ReLUs or roots is
 * refused, as not proved, with one gate of each cell that has them.
 *
 * `scratch` is a directory for temporary files and logs. False with an error if no verdict was reached: a tool is
 * missing or failed (its log is named), or a file cannot be read. The verdict "proved" is kept in the cache under the
 * hash of the netlist, the Verilog and both tools. */
bool cf_prove(const char *path, const struct cf_netlist *netlist, const char *scratch,
              const struct cf_prove_options *options, struct cf_proof *proof, struct cf_error *err);
void cf_proof_free(struct cf_proof *proof);

#endif
