/* frames.h - opens the frames that a command is given. */
#ifndef COFIBER_CLI_FRAMES_H
#define COFIBER_CLI_FRAMES_H

#include "cli/cli.h"
#include "sim/frames/frames.h"

/* The option for a command's table that cli_frames_open reads. */
#define CLI_FRAMES_OPTION                                                                                              \
    {                                                                                                                  \
        "--frames", "LIST", NULL,                                                                                      \
            "Take only these frames, counted from 0 over all files: numbers and ranges, such as 0,3,7 or 2:5, which "  \
            "is 2, 3 "                                                                                                 \
            "and 4."                                                                                                   \
    }

/* Keeps the frames that --frames selects, all of them where the option is not given. */
bool cli_frames_select(struct cf_frames *frames, const struct cli_args *args, struct cf_error *err);

/* Opens the files that are operands `first` and later, takes the frames that --frames selects, and checks that they fit
 * the netlist. On failure `*frames` is NULL. */
bool cli_frames_open(struct cf_frames **frames, const struct cli_args *args, int first,
                     const struct cf_netlist *netlist, struct cf_error *err);

/* The same, and of the selected frames only those of --shard. */
bool cli_frames_open_shard(struct cf_frames **frames, const struct cli_args *args, int first,
                           const struct cf_netlist *netlist, struct cf_error *err);

/* Opens the files that are operands `first` and later, with the ids of their images (cf_image_ids), and takes the
 * frames that --frames selects. Where `netlist` is not NULL they are checked to fit it. On failure both are NULL. */
bool cli_frames_open_images(struct cf_frames **frames, int64_t **ids, const struct cli_args *args, int first,
                            const struct cf_netlist *netlist, struct cf_error *err);

#endif
