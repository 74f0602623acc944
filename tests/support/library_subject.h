/* library_subject.h - a random circuit loaded through the public interface (cofiber.h), its frames, and what the
 * reference makes of them: for the tests of the library.
 */
#ifndef COFIBER_TESTS_SUPPORT_LIBRARY_SUBJECT_H
#define COFIBER_TESTS_SUPPORT_LIBRARY_SUBJECT_H

#include "cofiber.h"
#include "netlists/netlist.h"

void assert_well(bool done, const cofiber_error *error);
/* Not done, for a reason that holds these words. */
void assert_refused(bool done, const cofiber_error *error, const char *reason);

/* A circuit in a file, loaded by the library, beside the structure itself. */
struct subject {
    struct cf_netlist *netlist;
    cofiber_netlist *loaded;
    cofiber_input input;
    uint32_t count; /* of the input's nets */
};

void make_subject(struct subject *s, uint64_t seed); /* needs the folder of scratch.h */
void free_subject(struct subject *s);

/* Values of all nets for the frame of that number: integers [H, W, D]. To be freed. */
int64_t *reference(const struct subject *s, uint64_t frame);
/* The input's nets among them, as COFIBER_QUANTISED takes them. To be freed. */
int32_t *quantised(const struct subject *s, const int64_t *nets);

/* Compares every group that the result has; returns how many. */
uint32_t compare(const struct subject *s, const cofiber_result *result, const int64_t *nets);
/* Nothing can be read of the result. */
void assert_empty(const struct subject *s, const cofiber_result *result);

enum { ISAS = 3 };
extern const char *const isas[ISAS]; /* of the word engine: auto, portable; and the reference */

#endif
