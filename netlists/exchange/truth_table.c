/* truth_table.c - builds adder networks from truth tables, by splitting a function by one input after another. */
#include "netlists/exchange/truth_table.h"

#include <assert.h>

/* The table of each of six inputs alone. */
static const uint64_t alone[CF_TABLE_WORD_INPUTS] = {0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
                                                     0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000};

/* The function where input v is 0, or is 1: a table of all six inputs that does not depend on v. */
static uint64_t where(uint64_t table, int v, bool one)
{
    uint64_t half = one ? table & alone[v] : table & ~alone[v];
    return one ? half | half >> (1 << v) : half | half << (1 << v);
}

static bool is_constant(uint64_t table)
{
    return table == 0 || table == UINT64_MAX;
}

static bool make_and(struct cf_network *network, cf_lit a, cf_lit b, cf_lit *out)
{
    cf_lit sum;
    return cf_network_add(network, a, b, CF_LIT_FALSE, &sum, out);
}

/* `one` where `by` is 1, `zero` where it is 0. */
static bool choose(struct cf_network *network, cf_lit by, cf_lit zero, cf_lit one, cf_lit *out)
{
    cf_lit x, y, carry;
    if ((zero ^ one) <= 1) {
        *out = zero;
        return zero == one || cf_network_add(network, by, zero, CF_LIT_FALSE, out, &carry);
    }
    one = (one ^ by) <= 1 ? one == by : one;
    zero = (zero ^ by) <= 1 ? zero != by : zero;
    if (zero == CF_LIT_TRUE || one == CF_LIT_TRUE) { /* an OR, where the general form would take two nodes */
        bool done =
            zero == CF_LIT_TRUE ? make_and(network, by, one ^ 1, out) : make_and(network, by ^ 1, zero ^ 1, out);
        *out ^= 1;
        return done;
    }
    if (!make_and(network, by, one, &x) || !make_and(network, by ^ 1, zero, &y) ||
        !make_and(network, x ^ 1, y ^ 1, out))
        return false;
    *out ^= 1;
    return true;
}

/* Makes a function of exactly three inputs `v` if it is their sum or their carry, some of them or the result inverted;
 * `*found` tells. */
static bool make_adder(struct cf_network *network, uint64_t table, const cf_lit *in, const int *v, bool *found,
                       cf_lit *out)
{
    cf_lit other;
    uint64_t sum = alone[v[0]] ^ alone[v[1]] ^ alone[v[2]];
    *found = table == sum || table == ~sum;
    if (*found) {
        bool done = cf_network_add(network, in[v[0]], in[v[1]], in[v[2]], out, &other);
        *out ^= table != sum;
        return done;
    }
    for (unsigned inverted = 0; inverted < 8; inverted++) {
        uint64_t t[3];
        for (int i = 0; i < 3; i++)
            t[i] = inverted >> i & 1 ? ~alone[v[i]] : alone[v[i]];
        *found = table == ((t[0] & t[1]) | (t[0] & t[2]) | (t[1] & t[2]));
        if (*found)
            return cf_network_add(network, in[v[0]] ^ (inverted & 1), in[v[1]] ^ (inverted >> 1 & 1),
                                  in[v[2]] ^ (inverted >> 2), &other, out);
    }
    return true;
}

/* A function of six inputs. Of the inputs on which it depends, it is split by one that leaves the least to be made: by
 * which it is an AND, an OR or an XOR with the rest, if there is one. At most six calls deep. */
static bool make_word(struct cf_network *network, uint64_t table, const cf_lit *in, cf_lit *out)
{
    int depends[CF_TABLE_WORD_INPUTS], count = 0, by = -1;
    for (int v = 0; v < CF_TABLE_WORD_INPUTS; v++) {
        uint64_t zero = where(table, v, false), one = where(table, v, true);
        if (zero == one)
            continue;
        depends[count++] = v;
        if (is_constant(zero) || is_constant(one) || zero == ~one)
            by = v;
    }
    *out = table != 0;
    if (count == 0)
        return true;
    bool found = false;
    if (count == 3) {
        bool done = make_adder(network, table, in, depends, &found, out);
        if (found || !done)
            return done;
    }
    by = by >= 0 ? by : depends[count - 1];
    uint64_t zero = where(table, by, false), one = where(table, by, true);
    cf_lit low, high;
    if (!make_word(network, zero, in, &low))
        return false;
    if (zero == ~one)
        high = low ^ 1;
    else if (!make_word(network, one, in, &high))
        return false;
    return choose(network, in[by], low, high, out);
}

/* At most CF_TABLE_MAX_INPUTS - CF_TABLE_WORD_INPUTS calls deep. */
static bool make_words(struct cf_network *network, const uint64_t *table, const cf_lit *in, uint32_t count, cf_lit *out)
{
    if (count <= CF_TABLE_WORD_INPUTS) {
        cf_lit six[CF_TABLE_WORD_INPUTS] = {CF_LIT_FALSE};
        uint64_t word = *table;
        for (uint32_t v = 0; v < count; v++)
            six[v] = in[v];
        for (uint32_t v = count; v < CF_TABLE_WORD_INPUTS; v++)
            word = where(word, (int)v, false);
        return make_word(network, word, six, out);
    }
    size_t half = (size_t)1 << (count - 1 - CF_TABLE_WORD_INPUTS);
    bool equal = true, opposite = true;
    for (size_t i = 0; i < half; i++) {
        equal = equal && table[i] == table[half + i];
        opposite = opposite && table[i] == ~table[half + i];
    }
    cf_lit low, high;
    if (!make_words(network, table, in, count - 1, &low))
        return false;
    if (equal || opposite)
        high = low ^ opposite;
    else if (!make_words(network, table + half, in, count - 1, &high))
        return false;
    return choose(network, in[count - 1], low, high, out);
}

bool cf_network_table(struct cf_network *network, const uint64_t *table, const cf_lit *in, uint32_t count, cf_lit *out)
{
    assert(count <= CF_TABLE_MAX_INPUTS);
    return make_words(network, table, in, count, out);
}
