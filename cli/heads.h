/* heads.h - the options for reading a trained head, which several commands share. */
#ifndef COFIBER_CLI_HEADS_H
#define COFIBER_CLI_HEADS_H

#include "cli/cli.h"
#include "compiler/head.h"

/* The value of each option. False with a message where a number is out of range. */
bool cli_head_options(const struct cli_args *args, struct cf_head_options *options);

#define CLI_HEAD_OPTIONS                                                                                               \
    {"--weight", "NAME", NULL, "Take this tensor of HEAD as the classifier's weights, where several would do."},       \
        {"--bias", "NAME", NULL, "Take this tensor of HEAD as the classifier's biases, where several would do."},      \
        {"--map", "FILE.json", NULL,                                                                                   \
         "Take the roles of tensors whose names do not tell them from this JSON object: {\"cls_weight\": "             \
         "\"my.tensor\"}."},                                                                                           \
        {"--no-bias", NULL, NULL, "Take biases that HEAD does not have as 0."},                                        \
        {"--transpose", NULL, NULL, "Read weights as [inputs, outputs], for a classifier [channels, classes]."},       \
    {                                                                                                                  \
        "--norm-eps", "E", "1e-5", "Add this to the variance in HEAD's LayerNorms."                                    \
    }

#endif
