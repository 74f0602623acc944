/* scratch.h - what the unit tests of the upper floors share: a folder of one's own, messages, small netlists. */
#ifndef COFIBER_TESTS_SUPPORT_SCRATCH_H
#define COFIBER_TESTS_SUPPORT_SCRATCH_H

#include "base/error.h"
#include "base/tensor.h"
#include "netlists/netlist.h"

/* cmocka group fixtures: a folder under /tmp, removed with what is in it. */
int scratch_make(void **state);
int scratch_remove(void **state);

/* The path of a file of that name in the folder; valid until the fourth next call. */
char *scratch_path(const char *name);

/* Fails the running test unless the message contains the fragment. */
void assert_says(const struct cf_error *err, const char *fragment);
/* Fails the running test with the message unless `done`. */
void assert_done(bool done, const struct cf_error *err);

/* A safetensors file of one tensor or several, from memory. */
struct scratch_tensor {
    const char *name;
    enum cf_dtype dtype;
    int rank;
    uint64_t shape[4];
    const void *data;
};
void scratch_write(const char *path, const struct scratch_tensor *tensors, size_t count);

/* Types, for literals. */
#define SIGNED(width, frac) ((struct cf_type){width, true, frac})
#define UNSIGNED(width, frac) ((struct cf_type){width, false, frac})
#define BIT ((struct cf_type){1, false, 0})

/* input [2,2,3] of 4 bits; "sum" [2,2,3]: linear, 2 ports, term weights 1 and -2 << 1 plus bias 5; "step" [4]: reads
 * the three sums of a position with weights 3, -1, 2 (an output). */
struct cf_netlist *scratch_netlist(void);

#endif
