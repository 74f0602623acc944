/* truth_table.h - functions given as truth tables, such as the look-up tables of an FPGA, as adder networks. */
#ifndef COFIBER_NETLISTS_EXCHANGE_TRUTH_TABLE_H
#define COFIBER_NETLISTS_EXCHANGE_TRUTH_TABLE_H

#include "netlists/exchange/network.h"

enum { CF_TABLE_MAX_INPUTS = 16, CF_TABLE_MAX_WORDS = 1 << (CF_TABLE_MAX_INPUTS - 6), CF_TABLE_WORD_INPUTS = 6 };

/* Adds nodes to the network that compute a function of `count` literals, at most CF_TABLE_MAX_INPUTS. The function's
 * value is bit k of the table (bit k % 64 of word k / 64) when the inputs together are the number k, in[0] being its
 * least significant bit; bits from 2^count on are not read. Inputs on which the function does not depend are not read
 * either. An XOR, an AND and the sum and carry of a full adder become one node; another function is split by one of its
 * inputs. False as in cf_network_push. */
bool cf_network_table(struct cf_network *network, const uint64_t *table, const cf_lit *in, uint32_t count, cf_lit *out);

#endif
