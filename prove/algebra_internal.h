/* algebra_internal.h - what the files that check the laws share: a form under construction, and findings. */
#ifndef COFIBER_PROVE_ALGEBRA_INTERNAL_H
#define COFIBER_PROVE_ALGEBRA_INTERNAL_H

#include "prove/algebra.h"

/* A linear form of one channel's inputs that is added up and then asked whether it is 0. It is sparse: only the
 * positions that were touched are looked at and cleared. */
struct cf_tally {
    int64_t *factor; /* [height * width]; zeros between uses */
    bool *touched;   /* [height * width] */
    uint32_t *list;  /* the positions touched */
    uint32_t count;
    int64_t constant;
    bool overflow; /* a number passed 63 bits: the form is not known */
    bool stray;    /* a row of a stray gate was added: the form is not known */
};

bool cf_tally_make(struct cf_tally *tally, const struct cf_profiles *profiles);
void cf_tally_free(struct cf_tally *tally);

/* Adds `times` the input at a position, or the form of a row of a profile. */
void cf_tally_input(struct cf_tally *tally, uint32_t position, int64_t times);
void cf_tally_row(struct cf_tally *tally, const struct cf_profile *profile, uint32_t row, int64_t times);
/* Adds `times` the form at a position of a level; level 0 is the input. */
void cf_tally_level(struct cf_tally *tally, const struct cf_profiles *profiles, const struct cf_profile *profile,
                    uint32_t level, uint32_t position, int64_t times);

/* True when the form is 0. If it is not, or is not known, `why` [160] says so. The tally is empty afterwards. */
bool cf_tally_is_zero(struct cf_tally *tally, const struct cf_profiles *profiles, char *why);
void cf_tally_clear(struct cf_tally *tally);

/* Counts one comparison of the gate of the net, which stands for `channels` channels; `holds` is its result. */
void cf_finding_add(struct cf_finding *finding, bool holds, uint32_t channels, uint32_t net, const char *why);

/* The four positions of `level` that a position of `level` + 1 covers. */
void cf_four_below(const struct cf_profiles *profiles, uint32_t level, uint32_t position, uint32_t four[4]);

/* The classifiers' law, in a file of its own. False when memory is out. */
bool cf_check_classifiers(const struct cf_profiles *profiles, struct cf_finding *finding);

/* Adds to a tally the sum of a band's 2 x 2 values at a position of the coarser grid. */
void cf_pool_band(const struct cf_profiles *profiles, const struct cf_profile *profile, struct cf_tally *tally,
                  uint32_t scale, uint32_t position);

/* The leakage of every band of a profile. `tally` is empty before and after. */
void cf_find_leakage(const struct cf_profiles *profiles, const struct cf_profile *profile, struct cf_tally *tally,
                     struct cf_leakage *leakage);

#endif
