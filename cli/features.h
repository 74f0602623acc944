/* features.h - a netlist's input integers as features that quantise to them. */
#ifndef COFIBER_CLI_FEATURES_H
#define COFIBER_CLI_FEATURES_H

#include "cli/cli.h"

/* Computes the features [D][H][W] that quantise to the integers [H][W][D]. Since floats have 24 bits, it checks that
 * they do. The netlist's input is one that features can feed (cf_quantiser_fits). */
bool cli_to_features(const struct cf_netlist *netlist, const int32_t *values, float *features, struct cf_error *err);

#endif
