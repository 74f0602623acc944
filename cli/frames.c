/* frames.c - opens the frames that a command names as operands, and selects those that --frames asks for. */
#include "cli/frames.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "cli/shard.h"
#include "detect/image_ids.h"

struct selection {
    uint64_t *numbers;
    size_t count, capacity;
};

/* One item of the list: "7", or "2:5" for 2, 3 and 4. Returns the end of the item, or NULL where it is neither. */
static const char *read_item(const char *text, uint64_t *first, uint64_t *end)
{
    char *rest;
    if (*text < '0' || *text > '9')
        return NULL;
    errno = 0;
    *first = strtoull(text, &rest, 10);
    *end = *first + 1;
    if (*rest == ':') {
        text = rest + 1;
        if (*text < '0' || *text > '9')
            return NULL;
        *end = strtoull(text, &rest, 10);
    }
    return errno == 0 && *first < *end ? rest : NULL;
}

static bool read_list(struct selection *selection, const char *list, uint64_t frames, struct cf_error *err)
{
    uint64_t first, end;
    for (const char *at = list;; at++) {
        at = read_item(at, &first, &end);
        if (!at || (*at && *at != ','))
            return cf_fail(err, "--frames '%s': is not a list of numbers and ranges, such as 0,3,7 or 2:5", list);
        if (end > frames)
            return cf_fail(err, "--frames '%s': there is no frame %" PRIu64 "; the last is %" PRIu64, list, end - 1,
                           frames - 1);
        for (; first < end; first++) {
            if (!cf_array_reserve(&selection->numbers, &selection->capacity, selection->count + 1,
                                  sizeof *selection->numbers))
                return cf_fail(err, "--frames '%s': out of memory", list);
            selection->numbers[selection->count++] = first;
        }
        if (!*at)
            return true;
    }
}

/* The frames of --frames, all of them where it is not given, and of these the shard's where there may be one. */
static bool select_frames(struct cf_frames *frames, const struct cli_args *args, bool sharded, struct cf_error *err)
{
    const char *list = cli_value(args, "--frames");
    struct selection selection = {0};
    uint64_t first, end;
    if (!list && !(sharded && cli_given(args, "--shard")))
        return true;
    char all[32];
    snprintf(all, sizeof all, "0:%" PRIu64, cf_frames_count(frames));
    bool done = read_list(&selection, list ? list : all, cf_frames_count(frames), err);
    first = 0;
    end = selection.count;
    done = done && (!sharded || cli_shard(args, selection.count, &first, &end, err)) &&
           cf_frames_select(frames, selection.numbers + first, end - first, err);
    free(selection.numbers);
    return done;
}

bool cli_frames_select(struct cf_frames *frames, const struct cli_args *args, struct cf_error *err)
{
    return select_frames(frames, args, false, err);
}

static bool open_frames(struct cf_frames **frames, const struct cli_args *args, int first,
                        const struct cf_netlist *netlist, bool sharded, struct cf_error *err)
{
    assert(first < args->operand_count);
    if (!cf_frames_open(frames, args->operands + first, args->operand_count - first, err))
        return false;
    if (cf_frames_fit(*frames, netlist, err) && select_frames(*frames, args, sharded, err))
        return true;
    cf_frames_close(*frames);
    *frames = NULL;
    return false;
}

bool cli_frames_open(struct cf_frames **frames, const struct cli_args *args, int first,
                     const struct cf_netlist *netlist, struct cf_error *err)
{
    return open_frames(frames, args, first, netlist, false, err);
}

bool cli_frames_open_shard(struct cf_frames **frames, const struct cli_args *args, int first,
                           const struct cf_netlist *netlist, struct cf_error *err)
{
    return open_frames(frames, args, first, netlist, true, err);
}

bool cli_frames_open_images(struct cf_frames **frames, int64_t **ids, const struct cli_args *args, int first,
                            const struct cf_netlist *netlist, struct cf_error *err)
{
    assert(first < args->operand_count);
    *ids = NULL;
    *frames = NULL;
    if (cf_frames_open(frames, args->operands + first, args->operand_count - first, err) &&
        (!netlist || cf_frames_fit(*frames, netlist, err)) && cf_image_ids(ids, *frames, err) &&
        cli_frames_select(*frames, args, err))
        return true;
    cf_frames_close(*frames);
    free(*ids);
    *frames = NULL;
    *ids = NULL;
    return false;
}
