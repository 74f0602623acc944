/* library_subject.c - makes the netlists and frames that the tests of the public library run, with the values that they
 * must give. */
#include "tests/support/library_subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/store.h"
#include "sim/word/reference.h"
#include "tests/support/regular_netlist.h"
#include "tests/support/scratch.h"

const char *const isas[ISAS] = {NULL, "portable", "reference"};

void assert_well(bool done, const cofiber_error *error)
{
    if (!done)
        fail_msg("%s", error->text);
}

void make_subject(struct subject *s, uint64_t seed)
{
    struct random_source random = {seed};
    struct cf_error err;
    cofiber_error error;
    s->netlist = random_circuit(&random);
    assert_non_null(s->netlist);
    const char *path = scratch_path("subject.cfn");
    assert_done(cf_netlist_save(s->netlist, path, &err), &err);
    assert_well(cofiber_netlist_load(&s->loaded, path, &error), &error);
    assert_well(cofiber_netlist_input(s->loaded, &s->input, &error), &error);
    s->count = s->input.channels * s->input.height * s->input.width;
    assert_int_equal(s->count, s->netlist->groups[CF_INPUT].count);
}

void free_subject(struct subject *s)
{
    cofiber_netlist_free(s->loaded);
    cf_netlist_free(s->netlist);
}

int64_t *reference(const struct subject *s, uint64_t frame)
{
    struct random_source random = {frame ^ 0xf7a3e};
    int64_t *nets = calloc(s->netlist->net_count, sizeof *nets);
    assert_non_null(nets);
    random_input(&random, s->netlist, nets);
    cf_word_evaluate(s->netlist, nets);
    return nets;
}

int32_t *quantised(const struct subject *s, const int64_t *nets)
{
    int32_t *values = malloc(s->count * sizeof *values);
    for (uint32_t i = 0; i < s->count; i++)
        values[i] = (int32_t)nets[i];
    return values;
}

uint32_t compare(const struct subject *s, const cofiber_result *result, const int64_t *nets)
{
    uint32_t compared = 0;
    cofiber_group group;
    for (uint32_t g = 0; cofiber_group_info(s->loaded, g, &group); g++) {
        int64_t *values = malloc(group.count * sizeof *values);
        if (cofiber_read(result, g, values)) {
            compared++;
            assert_memory_equal(values, nets + s->netlist->groups[g].first_net, group.count * sizeof *values);
        } else {
            assert_null(cofiber_values(result, g, NULL));
            assert_false(group.is_output);
        }
        free(values);
    }
    return compared;
}

void assert_refused(bool done, const cofiber_error *error, const char *reason)
{
    assert_false(done);
    if (!strstr(error->text, reason))
        fail_msg("'%s' does not say '%s'", error->text, reason);
}

void assert_empty(const struct subject *s, const cofiber_result *result)
{
    int64_t value = 17, *values = calloc(s->netlist->net_count, sizeof *values);
    cofiber_error error;
    for (uint32_t g = 0; g < cofiber_group_count(s->loaded); g++) {
        assert_null(cofiber_values(result, g, NULL));
        assert_false(cofiber_read(result, g, values));
    }
    assert_refused(cofiber_gate(result, "input[0,0,0]", &value, &error), &error, "there are no values");
    assert_int_equal(value, 17);
    free(values);
}
