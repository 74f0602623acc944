/* COCO's annotations and results as streams, and the rules by which detections find objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "detect/evaluate.h"
#include "detect/records.h"
#include "tests/support/scratch.h"

static void write_text(const char *path, const char *text)
{
    struct cf_error err;
    assert_done(cf_file_write(path, text, strlen(text), &err), &err);
}

/* ---- records --------------------------------------------------------------------------------------------------- */

enum { ID, BOX, NAME, FIELDS };
static const struct cf_record_field fields[FIELDS] = {
    {"id", CF_RECORD_ID, true}, {"bbox", CF_RECORD_BOX, false}, {"name", CF_RECORD_TEXT, false}};

struct seen {
    size_t count;
    int64_t ids;
    double box[4];
    char name[64];
};

static bool take(void *context, const struct cf_record *record, struct cf_error *err)
{
    struct seen *seen = context;
    if (record->values[ID].id == 13)
        return cf_fail(err, "unlucky");
    assert_int_equal(record->index, seen->count);
    seen->count++;
    seen->ids += record->values[ID].id;
    if (record->values[BOX].given)
        memcpy(seen->box, record->values[BOX].number, sizeof seen->box);
    if (record->values[NAME].given)
        snprintf(seen->name, sizeof seen->name, "%s", record->values[NAME].text);
    return true;
}

static bool read_records(const char *text, struct seen *seen, struct cf_error *err)
{
    const struct cf_record_list list = {NULL, fields, FIELDS, take};
    char *path = scratch_path("records.json");
    write_text(path, text);
    *seen = (struct seen){0};
    return cf_records_read(path, &list, 1, seen, err);
}

static void fields_are_read_and_others_skipped(void **state)
{
    (void)state;
    struct seen seen;
    struct cf_error err;
    const char *text = " [ {\"id\": 4.0, \"more\": {\"id\": [1, {\"bbox\": 3}]}, \"bbox\": [1, -2.5, 3e2, 0.25]},\n"
                       "{\"name\": \"a\\u0062\\u00e9\", \"id\": -9007199254740992}, {\"id\": 1, \"other\": null} ] \n";
    assert_done(read_records(text, &seen, &err), &err);
    assert_int_equal(seen.count, 3);
    assert_true(seen.ids == 5 - 9007199254740992);
    assert_true(seen.box[0] == 1 && seen.box[1] == -2.5 && seen.box[2] == 300 && seen.box[3] == 0.25);
    assert_string_equal(seen.name, "ab\xc3\xa9");
    assert_done(read_records("[]", &seen, &err), &err);
    assert_int_equal(seen.count, 0);
    assert_false(read_records("[{\"id\": 1}, {\"id\": 13}]", &seen, &err));
    assert_string_equal(err.text, "unlucky");
}

/* The file is parsed a megabyte at a time: numbers, keys and names that stand across the border are whole. */
static void borders_of_portions_do_not_show(void **state)
{
    (void)state;
    enum { PORTION = 1 << 20 };
    static const char record[] = "{\"id\": 1234567, \"name\": \"na\\u006de\", \"bbox\": [10.25, 2, 3, 4]}]";
    char *text = malloc(PORTION + 2 * sizeof record);
    assert_non_null(text);
    for (size_t before = 0; before < sizeof record; before++) {
        struct seen seen;
        struct cf_error err;
        size_t start = PORTION - before;
        memset(text, ' ', start);
        text[0] = '[';
        memcpy(text + start, record, sizeof record);
        assert_done(read_records(text, &seen, &err), &err);
        assert_true(seen.count == 1 && seen.ids == 1234567 && seen.box[0] == 10.25);
        assert_string_equal(seen.name, "name");
    }
    free(text);
}

/* ---- matching -------------------------------------------------------------------------------------------------- */

enum { MOST = 8 };

static struct cf_result detection(double x, double width, double score)
{
    return (struct cf_result){.box = {x, 0, width, 10}, .score = score};
}

static struct cf_truth_object object(double x, double width, bool is_crowd)
{
    return (struct cf_truth_object){.box = {x, 0, width, 10}, .area = width * 10, .is_crowd = is_crowd};
}

static struct cf_matches match(const struct cf_result *results, size_t result_count,
                               const struct cf_truth_object *objects, size_t object_count)
{
    const void *r[MOST], *o[MOST];
    struct cf_matches matches;
    struct cf_error err;
    assert_true(result_count <= MOST && object_count <= MOST);
    for (size_t i = 0; i < result_count; i++)
        r[i] = &results[i];
    for (size_t i = 0; i < object_count; i++)
        o[i] = &objects[i];
    assert_done(cf_match_class(&matches, r, result_count, o, object_count, &err), &err);
    assert_int_equal(matches.count, result_count);
    return matches;
}

/* At the lowest threshold, all areas. */
static bool takes(const struct cf_matches *matches, size_t d)
{
    return matches->items[d].taken[CF_AREA_ALL] & 1;
}

static bool is_ignored(const struct cf_matches *matches, size_t d)
{
    return matches->items[d].ignored[CF_AREA_ALL] & 1;
}

static void an_object_is_taken_once(void **state)
{
    (void)state;
    const struct cf_result results[] = {detection(0, 10, 0.9), detection(0, 10, 0.9), detection(1, 10, 0.2)};
    const struct cf_truth_object objects[] = {object(0, 10, false)};
    struct cf_matches matches = match(results, 3, objects, 1);
    assert_true(takes(&matches, 0) && !takes(&matches, 1) && !takes(&matches, 2));
    assert_true(!is_ignored(&matches, 0) && !is_ignored(&matches, 1));
    assert_int_equal(matches.objects[CF_AREA_ALL], 1);
    assert_int_equal(matches.objects[CF_AREA_LARGE], 0);
    cf_matches_free(&matches);
}

static void a_crowd_is_taken_by_many_and_ignored(void **state)
{
    (void)state;
    const struct cf_result results[] = {detection(0, 10, 0.9), detection(5, 10, 0.8), detection(95, 20, 0.7)};
    const struct cf_truth_object objects[] = {object(0, 100, true)};
    struct cf_matches matches = match(results, 3, objects, 1);
    assert_true(takes(&matches, 0) && is_ignored(&matches, 0) && takes(&matches, 1) && is_ignored(&matches, 1));
    assert_true(!takes(&matches, 2) && !is_ignored(&matches, 2)); /* only a quarter of it lies inside */
    assert_int_equal(matches.objects[CF_AREA_ALL], 0);
    cf_matches_free(&matches);
}

/* The crowd comes first in the file and overlaps wholly, but an object that counts is preferred. */
static void an_object_goes_before_a_crowd(void **state)
{
    (void)state;
    const struct cf_result results[] = {detection(0, 10, 0.9), detection(0, 10, 0.8)};
    const struct cf_truth_object objects[] = {object(0, 100, true), object(2, 10, false)};
    struct cf_matches matches = match(results, 2, objects, 2);
    assert_true(takes(&matches, 0) && !is_ignored(&matches, 0)); /* 8 of 12 */
    assert_true(takes(&matches, 1) && is_ignored(&matches, 1));
    assert_int_equal(matches.items[0].taken[CF_AREA_ALL] & ~matches.items[0].ignored[CF_AREA_ALL], 0xf);
    cf_matches_free(&matches);
}

/* Of two objects alike the later is taken; the overlap is exactly the threshold. */
static void the_last_of_equal_overlaps_is_taken(void **state)
{
    (void)state;
    const struct cf_result results[] = {detection(0, 10, 0.9), detection(0, 4, 0.8)};
    const struct cf_truth_object objects[] = {object(0, 5, false), object(5, 5, false)};
    struct cf_matches matches = match(results, 2, objects, 2);
    assert_true(takes(&matches, 0) && takes(&matches, 1)); /* 0.5 with both; 0.8 with the first alone */
    assert_int_equal(matches.items[0].taken[CF_AREA_ALL], 1);
    cf_matches_free(&matches);
}

static void what_lies_outside_a_range_is_ignored(void **state)
{
    (void)state;
    const struct cf_result results[] = {detection(0, 10, 0.9), detection(500, 2000, 0.8)};
    const struct cf_truth_object objects[] = {object(0, 10, false)};
    struct cf_matches matches = match(results, 2, objects, 1);
    const struct cf_match *first = &matches.items[0], *second = &matches.items[1];
    assert_true((first->taken[CF_AREA_SMALL] & 1) && !(first->ignored[CF_AREA_SMALL] & 1));
    assert_true((first->taken[CF_AREA_LARGE] & 1) && (first->ignored[CF_AREA_LARGE] & 1));
    assert_true(!(second->taken[CF_AREA_SMALL] & 1) && (second->ignored[CF_AREA_SMALL] & 1));
    assert_true(!(second->taken[CF_AREA_LARGE] & 1) && !(second->ignored[CF_AREA_LARGE] & 1));
    cf_matches_free(&matches);
}

/* ---- whole files ----------------------------------------------------------------------------------------------- */

static const char truth_text[] =
    "{\"categories\": [{\"id\": 5, \"name\": \"five\"}, {\"id\": 2}], \"annotations\": ["
    "{\"image_id\": 9, \"category_id\": 2, \"id\": 1, \"bbox\": [0, 0, 40, 40], \"area\": 1600, \"iscrowd\": false},"
    "{\"image_id\": 9, \"category_id\": 7, \"id\": 2, \"bbox\": [0, 0, 40, 40], \"area\": 1600, \"iscrowd\": 0}],"
    "\"images\": [{\"id\": 9}, {\"id\": 4}]}";

static void unlisted_records_are_left_out_on_demand(void **state)
{
    (void)state;
    struct cf_truth truth;
    struct cf_results results;
    struct cf_evaluation evaluation;
    struct cf_error err;
    char *path = scratch_path("truth.json"), *result_path = scratch_path("results.json");
    write_text(path, truth_text);
    write_text(result_path, "[{\"image_id\": 9, \"category_id\": 2, \"bbox\": [0, 0, 40, 38], \"score\": -3},"
                            "{\"image_id\": 8, \"category_id\": 2, \"bbox\": [0, 0, 40, 40], \"score\": 2}]");
    assert_false(cf_truth_read(&truth, path, false, &err));
    assert_says(&err, "annotations[1].category_id: category 7 is not listed");
    assert_done(cf_truth_read(&truth, path, true, &err), &err);
    assert_true(truth.image_count == 2 && truth.images[0] == 4 && truth.category_count == 2 && truth.left_out == 1);
    assert_string_equal(truth.names[0], "2");
    assert_string_equal(truth.names[1], "five");
    assert_false(cf_results_read(&results, result_path, &truth, false, &err));
    assert_says(&err, "[1].image_id: ");
    assert_done(cf_results_read(&results, result_path, &truth, true, &err), &err);
    assert_true(results.count == 1 && results.left_out == 1);
    assert_done(cf_evaluate(&evaluation, &truth, &results, &err), &err);
    assert_true(evaluation.stats[1] > 0.999 && evaluation.stats[0] > 0.999); /* an overlap of 0.95: at all thresholds */
    assert_true(evaluation.stats[3] == -1 && evaluation.classes[1].average == -1);
    cf_evaluation_free(&evaluation);
    cf_results_free(&results);
    cf_truth_free(&truth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read_and_others_skipped),
        cmocka_unit_test(borders_of_portions_do_not_show),
        cmocka_unit_test(an_object_is_taken_once),
        cmocka_unit_test(a_crowd_is_taken_by_many_and_ignored),
        cmocka_unit_test(an_object_goes_before_a_crowd),
        cmocka_unit_test(the_last_of_equal_overlaps_is_taken),
        cmocka_unit_test(what_lies_outside_a_range_is_ignored),
        cmocka_unit_test(unlisted_records_are_left_out_on_demand),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
