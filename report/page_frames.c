/* page_frames.c - writes the frames' part of a page: inputs, classifiers' sums, the energy of each band,
 * photographs. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/canvas.h"
#include "detect/names.h"
#include "netlists/cell.h"
#include "report/blob.h"
#include "report/page_parts.h"
#include "sim/library.h"

struct frame_writer {
    const struct cf_page *what;
    cJSON *document;
    struct cf_text *page;
    struct cf_sums sums; /* `scale_count` 0: the netlist has no classifiers */
    const struct cf_netlist *simulated;
    cofiber_sim *sim;
    int64_t *values; /* [net_count] */
    double *features;
};

/* ---- values ----------------------------------------------------------------------------------------------------- */

static bool put_integers(struct cf_text *page, const char *id, const int64_t *values, size_t count)
{
    int64_t low = 0, high = 0;
    for (size_t i = 0; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    bool tiny = low >= INT8_MIN && high <= INT8_MAX, small = low >= INT32_MIN && high <= INT32_MAX;
    size_t size = tiny ? 1 : small ? 4 : 8;
    uint8_t *narrow = malloc(count * size + 1);
    for (size_t i = 0; narrow && i < count; i++)
        memcpy(narrow + i * size, &values[i], size); /* little-endian: the low bytes */
    if (narrow)
        cf_blob_put(page, id, tiny ? CF_BLOB_I8 : small ? CF_BLOB_I32 : CF_BLOB_I64, narrow, count, 0);
    free(narrow);
    return narrow != NULL;
}

/* The Euclidean length of the band that each position's classifiers read, in units of features. */
static bool put_energy(struct frame_writer *w, uint64_t frame, uint32_t k)
{
    const struct cf_netlist *n = w->simulated;
    const struct cf_group *group = &n->groups[w->sums.groups[k]];
    uint32_t lanes = cf_group_lanes(group), positions = group->count / lanes;
    float *energy = malloc(positions * sizeof *energy);
    for (uint32_t p = 0; energy && p < positions; p++) {
        uint32_t base = cf_instance_bases(group, p * lanes)[0];
        const struct cf_group *band = &n->groups[cf_netlist_group_of(n, base)];
        double sum = 0, unit = ldexp(n->input_scale, -band->type.frac);
        uint32_t first = base - (base - band->first_net) % cf_group_lanes(band);
        for (uint32_t d = 0; d < cf_group_lanes(band); d++)
            sum += (double)w->values[first + d] * (double)w->values[first + d];
        energy[p] = (float)(unit * sqrt(sum));
    }
    char id[64];
    snprintf(id, sizeof id, "frame-%" PRIu64 "-energy-%u", frame, k);
    if (energy)
        cf_blob_put(w->page, id, CF_BLOB_F32, energy, positions, 0);
    free(energy);
    return energy != NULL;
}

static bool put_values(struct frame_writer *w, uint64_t frame, struct cf_error *err)
{
    const struct cf_netlist *n = w->simulated;
    const cofiber_features features = {w->features, COFIBER_F64};
    cofiber_error error;
    char id[64];
    if (!cf_frames_features(w->what->frames, frame, w->features, err))
        return false;
    if (!cofiber_sim_run(w->sim, &features, &error))
        return cf_fail(err, "%s", error.text);
    for (uint32_t g = 0; g < n->group_count; g++)
        cofiber_read(cofiber_sim_result(w->sim), g, w->values + n->groups[g].first_net);
    snprintf(id, sizeof id, "frame-%" PRIu64 "-input", frame);
    bool done = put_integers(w->page, id, w->values, n->groups[CF_INPUT].count);
    for (uint32_t k = 0; done && k < w->sums.scale_count; k++) {
        const struct cf_group *group = &n->groups[w->sums.groups[k]];
        snprintf(id, sizeof id, "frame-%" PRIu64 "-sums-%u", frame, k);
        done = put_integers(w->page, id, w->values + group->first_net, group->count) && put_energy(w, frame, k);
    }
    return done || cf_fail(err, "%s: out of memory", n->label);
}

/* ---- photographs ------------------------------------------------------------------------------------------------ */

static cairo_status_t take_bytes(void *closure, const unsigned char *bytes, unsigned size)
{
    struct cf_text *png = closure;
    cf_text_put(png, (const char *)bytes, size);
    return png->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

/* The frame as a picture, at most MOST pixels wide and high: the photograph where it stands in the frame. */
static bool put_photo(struct frame_writer *w, uint64_t frame, const struct cf_photo *photo, struct cf_error *err)
{
    enum { MOST = 640 };
    struct cf_frame_shape shape = cf_frames_shape(w->what->frames);
    double longer = shape.width > shape.height ? shape.width : shape.height, zoom = MOST / longer;
    int width = (int)lround(shape.width * zoom), height = (int)lround(shape.height * zoom);
    struct cf_canvas canvas;
    struct cf_text png = {0};
    if (!cf_canvas_new(&canvas, width, height, err))
        return false;
    cairo_surface_t *image = cairo_image_surface_create_for_data((unsigned char *)photo->pixels, CAIRO_FORMAT_RGB24,
                                                                 photo->width, photo->height, 4 * photo->width);
    double most = photo->width > photo->height ? photo->width : photo->height;
    double across = w->what->fit == CF_FIT_LONGER ? MOST / most : (double)width / photo->width;
    double down = w->what->fit == CF_FIT_LONGER ? MOST / most : (double)height / photo->height;
    cairo_set_source_rgb(canvas.cairo, 0.5, 0.5, 0.5);
    cairo_paint(canvas.cairo);
    cairo_scale(canvas.cairo, across, down);
    cairo_set_source_surface(canvas.cairo, image, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(canvas.cairo), CAIRO_FILTER_GOOD);
    cairo_paint(canvas.cairo);
    cairo_surface_flush(canvas.surface);
    bool done = cairo_surface_write_to_png_stream(canvas.surface, take_bytes, &png) == CAIRO_STATUS_SUCCESS;
    if (done) {
        cf_text_printf(w->page, "<script type=\"text/plain\" id=\"frame-%" PRIu64 "-photo\">data:image/png;base64,",
                       frame);
        cf_base64_put(w->page, (const uint8_t *)png.data, png.length);
        cf_text_printf(w->page, "</script>\n");
    }
    cairo_surface_destroy(image);
    cf_canvas_free(&canvas);
    cf_text_free(&png);
    return done || cf_fail(err, "the photograph: out of memory");
}

/* ---- all frames ------------------------------------------------------------------------------------------------- */

static void add_scales(struct frame_writer *w)
{
    cJSON *scales = cJSON_AddArrayToObject(w->document, "scales");
    for (uint32_t k = 0; k < w->sums.scale_count; k++) {
        cJSON *scale = cJSON_CreateObject();
        cJSON_AddNumberToObject(scale, "group", w->sums.groups[k]);
        cJSON_AddNumberToObject(scale, "height", w->sums.scales[k].height);
        cJSON_AddNumberToObject(scale, "width", w->sums.scales[k].width);
        cJSON_AddItemToObject(scale, "units", cJSON_CreateDoubleArray(w->sums.units[k], (int)w->sums.classes));
        cJSON_AddItemToArray(scales, scale);
    }
    cJSON_AddNumberToObject(w->document, "offset", w->sums.offset);
    cJSON *classes = cJSON_AddArrayToObject(w->document, "classes");
    for (uint32_t c = 0; c < w->sums.classes; c++) {
        char name[CF_CLASS_NAME];
        cJSON_AddItemToArray(classes, cJSON_CreateString(cf_class_name(c, w->sums.classes, name)));
    }
}

static bool put_frame(struct frame_writer *w, cJSON *frames, uint64_t frame, struct cf_error *err)
{
    cJSON *entry = cJSON_CreateObject();
    struct cf_frame_file file = cf_frames_file(w->what->frames, frame);
    const char *name = strrchr(file.path, '/');
    cf_page_text(entry, "file", name ? name + 1 : file.path);
    cJSON_AddNumberToObject(entry, "number", (double)cf_frames_number(w->what->frames, frame));
    cJSON_AddBoolToObject(entry, "photo", frame < w->what->photo_count);
    cJSON_AddItemToArray(frames, entry);
    return put_values(w, frame, err) &&
           (frame >= w->what->photo_count || put_photo(w, frame, &w->what->photos[frame], err));
}

static bool open_writer(struct frame_writer *w, struct cf_error *err)
{
    const struct cf_netlist *n = w->what->netlist;
    struct cf_error ignored;
    cofiber_error error;
    if (cf_sums_new(&w->sums, n, 1, &ignored))
        add_scales(w); /* else a netlist without classifiers: its gates can be looked at all the same */
    w->simulated = w->sums.netlist ? w->sums.netlist : n;
    if (!w->what->frames)
        return true;
    w->values = malloc((size_t)n->net_count * sizeof *w->values);
    w->features = malloc((size_t)n->groups[CF_INPUT].count * sizeof *w->features);
    if (!w->values || !w->features)
        return cf_fail(err, "%s: out of memory", n->label);
    const cofiber_options all_gates = {.mode = COFIBER_ALL_GATES};
    return cofiber_sim_new(&w->sim, cofiber_wrap(w->simulated), &all_gates, &error) || cf_fail(err, "%s", error.text);
}

bool cf_page_put_frames(cJSON *document, struct cf_text *page, const struct cf_page *what, struct cf_error *err)
{
    struct frame_writer w = {.what = what, .document = document, .page = page};
    cJSON *frames = cJSON_AddArrayToObject(document, "frames");
    bool done = open_writer(&w, err);
    uint64_t count = what->frames ? cf_frames_count(what->frames) : 0;
    for (uint64_t n = 0; done && n < count; n++)
        done = (page->length <= CF_PAGE_MOST ||
                cf_fail(err, "the page would be larger than %d bytes with %" PRIu64 " frames; select fewer",
                        CF_PAGE_MOST, count)) &&
               put_frame(&w, frames, n, err);
    cofiber_sim_free(w.sim);
    cf_sums_free(&w.sums);
    free(w.values);
    free(w.features);
    return done;
}
