/* truth.c - reads COCO's annotations: the three lists as they stand first, then each annotation's image and category by
 * their ids, since the lists come in any order. */
#include "detect/truth.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "detect/records.h"

struct identity {
    int64_t id;
    uint32_t index; /* of the record in its list */
    char *name;     /* of a category; malloc'd, or NULL */
    double size[2]; /* of an image: width and height; 0 where the file does not say */
};

/* The records of one list, or the ids of the annotations. */
struct identities {
    struct identity *items;
    size_t count, capacity;
};

/* An annotation as it stands. */
struct annotation {
    double box[4], area;
    int64_t id, image, category;
    bool is_crowd;
};

struct loading {
    struct identities images, categories;
    struct annotation *annotations;
    size_t count, capacity;
};

enum image_field { IMAGE_ID, IMAGE_WIDTH, IMAGE_HEIGHT, IMAGE_FIELDS };
static const struct cf_record_field image_fields[IMAGE_FIELDS] = {
    [IMAGE_ID] = {"id", CF_RECORD_ID, true},
    [IMAGE_WIDTH] = {"width", CF_RECORD_SIZE, false},
    [IMAGE_HEIGHT] = {"height", CF_RECORD_SIZE, false},
};

enum category_field { CATEGORY_ID, CATEGORY_NAME, CATEGORY_FIELDS };
static const struct cf_record_field category_fields[CATEGORY_FIELDS] = {
    [CATEGORY_ID] = {"id", CF_RECORD_ID, true},
    [CATEGORY_NAME] = {"name", CF_RECORD_TEXT, false},
};

enum annotation_field { ID, IMAGE, CATEGORY, BOX, AREA, CROWD, ANNOTATION_FIELDS };
static const struct cf_record_field annotation_fields[ANNOTATION_FIELDS] = {
    [ID] = {"id", CF_RECORD_ID, true},
    [IMAGE] = {"image_id", CF_RECORD_ID, true},
    [CATEGORY] = {"category_id", CF_RECORD_ID, true},
    [BOX] = {"bbox", CF_RECORD_BOX, true},
    [AREA] = {"area", CF_RECORD_SIZE, true},
    [CROWD] = {"iscrowd", CF_RECORD_FLAG, false},
};

/* ---- records as they stand ------------------------------------------------------------------------------------- */

static bool fail_at(const struct cf_record *record, const char *what, struct cf_error *err)
{
    char place[CF_RECORD_PLACE];
    return cf_fail(err, "%s: %s: %s", record->label, cf_record_place(record->list, record->index, place), what);
}

static bool take_identity(struct identities *list, const struct cf_record *record, char *name, struct cf_error *err)
{
    if (record->index >= UINT32_MAX) {
        free(name);
        return fail_at(record, "too many records", err);
    }
    if (!cf_array_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items)) {
        free(name);
        return fail_at(record, "out of memory", err);
    }
    list->items[list->count++] =
        (struct identity){.id = record->values[0].id, .index = (uint32_t)record->index, .name = name};
    return true;
}

static bool take_image(void *context, const struct cf_record *record, struct cf_error *err)
{
    struct loading *l = context;
    const struct cf_record_value *v = record->values;
    if (!take_identity(&l->images, record, NULL, err))
        return false;
    struct identity *image = &l->images.items[l->images.count - 1];
    if (v[IMAGE_WIDTH].given && v[IMAGE_HEIGHT].given) {
        image->size[0] = v[IMAGE_WIDTH].number[0];
        image->size[1] = v[IMAGE_HEIGHT].number[0];
    }
    return true;
}

static bool take_category(void *context, const struct cf_record *record, struct cf_error *err)
{
    struct loading *l = context;
    const struct cf_record_value *name = &record->values[CATEGORY_NAME];
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRId64, record->values[CATEGORY_ID].id);
    char *copy = strdup(name->given ? name->text : digits);
    return copy ? take_identity(&l->categories, record, copy, err) : fail_at(record, "out of memory", err);
}

static bool take_annotation(void *context, const struct cf_record *record, struct cf_error *err)
{
    struct loading *l = context;
    const struct cf_record_value *v = record->values;
    if (record->index >= UINT32_MAX)
        return fail_at(record, "too many records", err);
    if (!cf_array_reserve(&l->annotations, &l->capacity, l->count + 1, sizeof *l->annotations))
        return fail_at(record, "out of memory", err);
    struct annotation *a = &l->annotations[l->count++];
    *a = (struct annotation){.area = v[AREA].number[0],
                             .id = v[ID].id,
                             .image = v[IMAGE].id,
                             .category = v[CATEGORY].id,
                             .is_crowd = v[CROWD].given && v[CROWD].id == 1};
    memcpy(a->box, v[BOX].number, sizeof a->box);
    return true;
}

/* ---- ids ------------------------------------------------------------------------------------------------------- */

static int compare_identities(const void *a, const void *b)
{
    const struct identity *x = a, *y = b;
    return x->id != y->id ? (x->id > y->id) - (x->id < y->id) : (x->index > y->index) - (x->index < y->index);
}

/* Sorts by id; no id may come twice. */
static bool sort_identities(struct identities *list, const char *label, const char *key, struct cf_error *err)
{
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, compare_identities);
    for (size_t i = 1; i < list->count; i++) {
        const struct identity *first = &list->items[i - 1], *second = &list->items[i];
        char place[2][CF_RECORD_PLACE];
        if (first->id == second->id)
            return cf_fail(err, "%s: %s: has the id %" PRId64 " of %s", label,
                           cf_record_place(key, second->index, place[0]), second->id,
                           cf_record_place(key, first->index, place[1]));
    }
    return true;
}

static bool check_annotation_ids(const struct loading *l, const char *label, struct cf_error *err)
{
    struct identities ids = {.count = l->count};
    if (!cf_array_reserve(&ids.items, &ids.capacity, l->count + 1, sizeof *ids.items))
        return cf_fail(err, "%s: out of memory", label);
    for (size_t i = 0; i < l->count; i++)
        ids.items[i] = (struct identity){.id = l->annotations[i].id, .index = (uint32_t)i};
    bool done = sort_identities(&ids, label, "annotations", err);
    free(ids.items);
    return done;
}

uint32_t cf_truth_find(const int64_t *ids, uint32_t count, int64_t id)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    assert((low == 0 || ids[low - 1] < id) && (low == count || ids[low] >= id));
    return low < count && ids[low] == id ? low : UINT32_MAX;
}

/* ---- put together ---------------------------------------------------------------------------------------------- */

static bool keep_lists(struct cf_truth *truth, struct loading *l, struct cf_error *err)
{
    truth->images = calloc(l->images.count + 1, sizeof *truth->images);
    truth->sizes = calloc(l->images.count + 1, sizeof *truth->sizes);
    truth->categories = calloc(l->categories.count + 1, sizeof *truth->categories);
    truth->names = calloc(l->categories.count + 1, sizeof *truth->names);
    if (!truth->images || !truth->sizes || !truth->categories || !truth->names)
        return cf_fail(err, "%s: out of memory", truth->label);
    for (size_t i = 0; i < l->images.count; i++) {
        truth->images[i] = l->images.items[i].id;
        memcpy(truth->sizes[i], l->images.items[i].size, sizeof truth->sizes[i]);
    }
    truth->image_count = (uint32_t)l->images.count;
    for (size_t i = 0; i < l->categories.count; i++) {
        truth->categories[i] = l->categories.items[i].id;
        truth->names[i] = l->categories.items[i].name;
        l->categories.items[i].name = NULL;
    }
    truth->category_count = (uint32_t)l->categories.count;
    return true;
}

static bool keep_annotation(struct cf_truth *truth, const struct annotation *a, size_t index, bool lenient,
                            struct cf_error *err)
{
    uint32_t image = cf_truth_find(truth->images, truth->image_count, a->image);
    uint32_t category = cf_truth_find(truth->categories, truth->category_count, a->category);
    char place[CF_RECORD_PLACE];
    cf_record_place("annotations", index, place);
    if (lenient && (image == UINT32_MAX || category == UINT32_MAX)) {
        truth->left_out++;
        return true;
    }
    if (image == UINT32_MAX)
        return cf_fail(err, "%s: %s.image_id: image %" PRId64 " is not listed", truth->label, place, a->image);
    if (category == UINT32_MAX)
        return cf_fail(err, "%s: %s.category_id: category %" PRId64 " is not listed", truth->label, place, a->category);
    struct cf_truth_object *object = &truth->objects[truth->object_count++];
    *object = (struct cf_truth_object){.area = a->area, .image = image, .category = category, .is_crowd = a->is_crowd};
    memcpy(object->box, a->box, sizeof object->box);
    return true;
}

static bool put_together(struct cf_truth *truth, struct loading *l, bool lenient, struct cf_error *err)
{
    if (!sort_identities(&l->images, truth->label, "images", err) ||
        !sort_identities(&l->categories, truth->label, "categories", err) ||
        !check_annotation_ids(l, truth->label, err) || !keep_lists(truth, l, err))
        return false;
    truth->objects = calloc(l->count + 1, sizeof *truth->objects);
    bool done = truth->objects || cf_fail(err, "%s: out of memory", truth->label);
    for (size_t i = 0; done && i < l->count; i++)
        done = keep_annotation(truth, &l->annotations[i], i, lenient, err);
    return done;
}

bool cf_truth_read(struct cf_truth *truth, const char *path, bool lenient, struct cf_error *err)
{
    const struct cf_record_list lists[] = {
        {"images", image_fields, IMAGE_FIELDS, take_image},
        {"annotations", annotation_fields, ANNOTATION_FIELDS, take_annotation},
        {"categories", category_fields, CATEGORY_FIELDS, take_category},
    };
    struct loading l = {0};
    *truth = (struct cf_truth){.label = path};
    bool done = cf_records_read(path, lists, 3, &l, err) && put_together(truth, &l, lenient, err);
    for (size_t i = 0; i < l.categories.count; i++)
        free(l.categories.items[i].name);
    free(l.images.items);
    free(l.categories.items);
    free(l.annotations);
    if (!done)
        cf_truth_free(truth);
    return done;
}

void cf_truth_free(struct cf_truth *truth)
{
    for (uint32_t i = 0; truth->names && i < truth->category_count; i++)
        free(truth->names[i]);
    free(truth->names);
    free(truth->images);
    free(truth->sizes);
    free(truth->categories);
    free(truth->objects);
    *truth = (struct cf_truth){0};
}
