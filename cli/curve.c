/* curve.c - finds, writes and draws adders over depth. */
#include "cli/curve.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "detect/canvas.h"
#include "netlists/bank.h"

enum { WIDTH = 960, HEIGHT = 640, LEFT = 110, TOP = 56, SIDE_X = 780, SIDE_Y = 500, FONT = 16, MARKS = 5 };

static const struct cf_colour black = {0.1, 0.1, 0.1}, grey = {0.85, 0.85, 0.85}, blue = {0.10, 0.45, 0.85};

struct curve {
    struct cf_graph_cost *points; /* by falling depth */
    size_t count, capacity;
};

/* Each graph once, at the operands of its first bank; the depth is that of the deepest. */
static bool cost_of(const struct cf_netlist *netlist, struct cf_graph_cost *all, struct cf_error *err)
{
    const struct cf_implementation *impl = netlist->implementation;
    *all = (struct cf_graph_cost){0};
    for (uint32_t b = 0; b < impl->bank_count; b++) {
        struct cf_graph_cost one;
        if (b > 0 && impl->banks[b].graph == impl->banks[b - 1].graph)
            continue;
        if (!cf_bank_measure(netlist, &impl->banks[b], &one, err))
            return false;
        all->adders += one.adders;
        all->full_adders += one.full_adders;
        all->depth = one.depth > all->depth ? one.depth : all->depth;
    }
    return true;
}

static bool add_point(struct curve *curve, const struct cf_netlist *netlist, struct cf_error *err)
{
    if (!cf_array_reserve(&curve->points, &curve->capacity, curve->count + 1, sizeof *curve->points))
        return cf_fail(err, "%s: out of memory", netlist->label);
    return cost_of(netlist, &curve->points[curve->count++], err);
}

static bool find_points(struct curve *curve, struct cf_netlist *netlist, const struct cf_optimise_options *options,
                        struct cf_error *err)
{
    struct cf_optimise_options bounded = *options;
    uint32_t graphs = netlist->implementation ? netlist->implementation->graph_count : 0;
    bool on = graphs > 0, done = true;
    while (done && on) {
        struct cf_implement_report report;
        done = add_point(curve, netlist, err);
        bounded.max_depth = done ? curve->points[curve->count - 1].depth - 1 : 0;
        if (!done || bounded.max_depth == 0)
            break;
        done = cf_implement(netlist, &bounded, &report, err);
        /* A bank that shares nothing any more has no graph: its adders would be missing. */
        on = done && !report.interrupted && netlist->implementation && netlist->implementation->graph_count == graphs;
        if (!done && report.too_deep) {
            done = true;
            on = false;
        }
        free(report.graphs);
    }
    return done;
}

static bool write_points(const struct curve *curve, const char *path, struct cf_error *err)
{
    cJSON *document = cJSON_CreateObject(), *points = cJSON_AddArrayToObject(document, "points");
    for (size_t i = 0; i < curve->count; i++) {
        cJSON *point = cJSON_CreateObject();
        cJSON_AddNumberToObject(point, "depth", curve->points[i].depth);
        cJSON_AddNumberToObject(point, "adders", (double)curve->points[i].adders);
        cJSON_AddNumberToObject(point, "full_adders", (double)curve->points[i].full_adders);
        cJSON_AddItemToArray(points, point);
    }
    char *text = points ? cJSON_Print(document) : NULL;
    cJSON_Delete(document);
    if (!text)
        return cf_fail(err, "%s: out of memory", path);
    size_t length = strlen(text);
    text[length] = '\n'; /* in the place of the 0 that ended it */
    bool done = cf_file_write(path, text, length + 1, err);
    cJSON_free(text);
    return done;
}

/* ---- the picture ---- */

/* The ranges of the axes. */
struct axes {
    const struct cf_canvas *canvas;
    double low_x, high_x, high_y;
};

static double x_of(const struct axes *a, double depth)
{
    return LEFT + SIDE_X * (depth - a->low_x) / (a->high_x - a->low_x);
}

static double y_of(const struct axes *a, double adders)
{
    return TOP + SIDE_Y * (1 - adders / a->high_y);
}

static void draw_axes(const struct axes *a)
{
    const struct cf_canvas *canvas = a->canvas;
    char text[32];
    cairo_set_line_width(canvas->cairo, 1);
    for (int i = 0; i <= MARKS; i++) {
        double y = y_of(a, a->high_y * i / MARKS), depth = a->low_x + (a->high_x - a->low_x) * i / MARKS;
        cf_canvas_colour(canvas, grey);
        cairo_move_to(canvas->cairo, LEFT, y);
        cairo_line_to(canvas->cairo, LEFT + SIDE_X, y);
        cairo_stroke(canvas->cairo);
        cf_canvas_colour(canvas, black);
        snprintf(text, sizeof text, "%.0f", a->high_y * i / MARKS);
        cf_canvas_text(canvas, LEFT - 10, y + 6, FONT, 1, text);
        snprintf(text, sizeof text, "%.1f", depth);
        cf_canvas_text(canvas, x_of(a, depth), TOP + SIDE_Y + 24, FONT, 0.5, text);
    }
    cf_canvas_text(canvas, LEFT + SIDE_X / 2.0, TOP + SIDE_Y + 56, FONT, 0.5, "adders on the longest path");
    cf_canvas_text(canvas, LEFT, TOP - 22, FONT + 4, 0, "adders over depth");
}

static void draw_points(const struct axes *a, const struct curve *curve)
{
    cairo_t *cairo = a->canvas->cairo;
    cf_canvas_colour(a->canvas, blue);
    cairo_set_line_width(cairo, 2);
    for (size_t i = 0; i < curve->count; i++)
        cairo_line_to(cairo, x_of(a, curve->points[i].depth), y_of(a, (double)curve->points[i].adders));
    cairo_stroke(cairo);
    for (size_t i = 0; i < curve->count; i++) {
        cairo_arc(cairo, x_of(a, curve->points[i].depth), y_of(a, (double)curve->points[i].adders), 5, 0,
                  6.283185307179586);
        cairo_fill(cairo);
    }
}

static bool draw(const struct curve *curve, const char *path, struct cf_error *err)
{
    struct cf_canvas canvas;
    struct axes axes = {.canvas = &canvas, .high_x = 1, .high_y = 1};
    for (size_t i = 0; i < curve->count; i++) {
        double depth = curve->points[i].depth, adders = 1.1 * (double)curve->points[i].adders;
        axes.low_x = i == 0 || depth - 1 < axes.low_x ? depth - 1 : axes.low_x;
        axes.high_x = i == 0 || depth + 1 > axes.high_x ? depth + 1 : axes.high_x;
        axes.high_y = adders > axes.high_y ? adders : axes.high_y;
    }
    if (!cf_canvas_new(&canvas, WIDTH, HEIGHT, err))
        return false;
    draw_axes(&axes);
    draw_points(&axes, curve);
    bool done = cf_canvas_write(&canvas, path, err);
    cf_canvas_free(&canvas);
    return done;
}

bool cli_curve(struct cf_netlist *netlist, const struct cf_optimise_options *options, const char *json,
               const char *plot, struct cf_error *err)
{
    struct curve curve = {0};
    bool done = find_points(&curve, netlist, options, err) && (!json || write_points(&curve, json, err)) &&
                (!plot || draw(&curve, plot, err));
    free(curve.points);
    return done;
}
