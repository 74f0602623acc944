/* results.c - reads COCO's results, and finds each one's image and category among those of the annotations. */
#include "detect/results.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "detect/records.h"

enum field { IMAGE, CATEGORY, BOX, SCORE, FIELDS };
static const struct cf_record_field fields[FIELDS] = {
    [IMAGE] = {"image_id", CF_RECORD_ID, true},
    [CATEGORY] = {"category_id", CF_RECORD_ID, true},
    [BOX] = {"bbox", CF_RECORD_BOX, true},
    [SCORE] = {"score", CF_RECORD_NUMBER, true},
};

struct loading {
    struct cf_results *results;
    const struct cf_truth *truth;
    bool lenient;
};

static bool take_result(void *context, const struct cf_record *record, struct cf_error *err)
{
    struct loading *l = context;
    struct cf_results *results = l->results;
    const struct cf_record_value *v = record->values;
    uint32_t image = cf_truth_find(l->truth->images, l->truth->image_count, v[IMAGE].id);
    uint32_t category = cf_truth_find(l->truth->categories, l->truth->category_count, v[CATEGORY].id);
    char place[CF_RECORD_PLACE];
    cf_record_place(record->list, record->index, place);
    if (l->lenient && (image == UINT32_MAX || category == UINT32_MAX)) {
        results->left_out++;
        return true;
    }
    if (image == UINT32_MAX)
        return cf_fail(err, "%s: %s.image_id: %s lists no image %" PRId64, record->label, place, l->truth->label,
                       v[IMAGE].id);
    if (category == UINT32_MAX)
        return cf_fail(err, "%s: %s.category_id: %s lists no category %" PRId64, record->label, place, l->truth->label,
                       v[CATEGORY].id);
    if (record->index >= UINT32_MAX)
        return cf_fail(err, "%s: %s: too many records", record->label, place);
    if (!cf_array_reserve(&results->items, &results->capacity, results->count + 1, sizeof *results->items))
        return cf_fail(err, "%s: out of memory", record->label);
    struct cf_result *result = &results->items[results->count++];
    *result = (struct cf_result){.score = v[SCORE].number[0], .image = image, .category = category};
    memcpy(result->box, v[BOX].number, sizeof result->box);
    return true;
}

bool cf_results_read(struct cf_results *results, const char *path, const struct cf_truth *truth, bool lenient,
                     struct cf_error *err)
{
    const struct cf_record_list list = {NULL, fields, FIELDS, take_result};
    *results = (struct cf_results){0};
    struct loading l = {results, truth, lenient};
    bool done = cf_records_read(path, &list, 1, &l, err);
    if (!done)
        cf_results_free(results);
    return done;
}

void cf_results_free(struct cf_results *results)
{
    free(results->items);
    *results = (struct cf_results){0};
}
