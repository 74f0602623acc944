/* targets.c - assigns the objects of a frame to cells. */
#include "train/targets.h"

#include <assert.h>
#include <math.h>

static const double radius = 1.5, reach = 8; /* in strides */

/* The cells of one scale. */
struct band {
    uint32_t height, width;
    double stride, least, most; /* of the largest distance: least <= it < most */
};

static struct band band_of(const struct cf_target_grid *grid, uint32_t k)
{
    double stride = ldexp(grid->stride, (int)k);
    return (struct band){grid->height >> k, grid->width >> k, stride, k ? reach * stride / 2 : 0,
                         k + 1 < grid->scales ? reach * stride : INFINITY};
}

static void distances(const struct band *band, const double box[4], uint32_t i, uint32_t j, double sides[4])
{
    double x = band->stride * (j + 0.5), y = band->stride * (i + 0.5);
    sides[0] = x - box[0];
    sides[1] = y - box[1];
    sides[2] = box[2] - x;
    sides[3] = box[3] - y;
}

static bool is_positive(const struct band *band, const double box[4], uint32_t i, uint32_t j)
{
    double sides[4];
    distances(band, box, i, j, sides);
    bool inside = fmin(fmin(sides[0], sides[1]), fmin(sides[2], sides[3])) > 0;
    double largest = fmax(fmax(sides[0], sides[1]), fmax(sides[2], sides[3]));
    /* Half the difference of two opposite distances is how far the centre is from the box's. */
    bool central =
        fabs(sides[0] - sides[2]) < 2 * radius * band->stride && fabs(sides[1] - sides[3]) < 2 * radius * band->stride;
    return inside && central && largest >= band->least && largest < band->most;
}

static double area(const struct cf_target_object *object)
{
    return (object->box[2] - object->box[0]) * (object->box[3] - object->box[1]);
}

/* The cells along an axis whose centres may be near the middle of a box: [first, end). */
static void cells_near(double middle, double stride, uint32_t size, uint32_t *first, uint32_t *end)
{
    double low = floor(middle / stride - 0.5 - radius), high = ceil(middle / stride - 0.5 + radius) + 1;
    *first = (uint32_t)fmin(fmax(low, 0), size);
    *end = (uint32_t)fmin(fmax(high, 0), size);
}

static void claim(const struct band *band, const struct cf_target_object *objects, uint32_t index, uint32_t *owner)
{
    const struct cf_target_object *object = &objects[index];
    uint32_t rows[2], columns[2];
    cells_near((object->box[1] + object->box[3]) / 2, band->stride, band->height, &rows[0], &rows[1]);
    cells_near((object->box[0] + object->box[2]) / 2, band->stride, band->width, &columns[0], &columns[1]);
    for (uint32_t i = rows[0]; i < rows[1]; i++)
        for (uint32_t j = columns[0]; j < columns[1]; j++) {
            uint32_t *now = &owner[(size_t)i * band->width + j];
            if (is_positive(band, object->box, i, j) && (*now == UINT32_MAX || area(object) < area(&objects[*now])))
                *now = index;
        }
}

static struct cf_positive positive_of(const struct band *band, const struct cf_target_object *object, uint32_t i,
                                      uint32_t j)
{
    struct cf_positive positive = {.class_index = object->class_index};
    double sides[4];
    distances(band, object->box, i, j, sides);
    positive.centerness =
        sqrt(fmin(sides[0], sides[2]) / fmax(sides[0], sides[2]) * fmin(sides[1], sides[3]) / fmax(sides[1], sides[3]));
    for (int side = 0; side < 4; side++)
        positive.sides[side] = sides[side] / band->stride;
    return positive;
}

size_t cf_targets(const struct cf_target_grid *grid, const struct cf_target_object *objects, size_t count,
                  uint32_t *owner, struct cf_positive *positives)
{
    assert(grid->scales >= 1);
    size_t found = 0;
    uint32_t first = 0;
    for (uint32_t k = 0; k < grid->scales; k++) {
        struct band band = band_of(grid, k);
        uint32_t positions = band.height * band.width;
        for (uint32_t p = 0; p < positions; p++)
            owner[p] = UINT32_MAX;
        for (size_t o = 0; o < count; o++)
            if (area(&objects[o]) > 0)
                claim(&band, objects, (uint32_t)o, owner);
        for (uint32_t p = 0; p < positions; p++) {
            if (owner[p] == UINT32_MAX)
                continue;
            struct cf_positive *positive = &positives[found++];
            *positive = positive_of(&band, &objects[owner[p]], p / band.width, p % band.width);
            positive->position = first + p;
            positive->scale = k;
        }
        first += positions;
    }
    return found;
}
