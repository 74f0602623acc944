/* heads.h - the options for reading a trained head, which several commands share. */
#ifndef COFIBER_CLI_HEADS_H
#define COFIBER_CLI_HEADS_H

#include "cli/cli.h"
#include "compiler/head.h"

/* The value of each option. False with a message where a number is out of range. */
bool cli_head_options(const struct cli_args *args, struct cf_head_options *options);

#define CLI_HEAD_OPTIONS                                                                                               \
    {"--weight", "NAME", NULL,                                                                                         \
     "Take this tensor of HEAD as the classifier's weights. Needed where several tensors fit."},                       \
        {"--bias", "NAME", NULL,                                                                                       \
         "Take this tensor of HEAD as the classifier's biases. Needed where several tensors fit."},                    \
        {"--map", "FILE.json", NULL,                                                                                   \
         "Read from this file which tensors have which roles, where their names do not show it, as a JSON object: "    \
         "{\"cls_weight\": \"my.tensor\"}."},                                                                          \
        {"--no-bias", NULL, NULL, "Where HEAD has no biases for a layer, take them as 0."},                            \
        {"--transpose", NULL, NULL, "Read weights as [inputs, outputs], for a classifier [channels, classes]."},       \
    {                                                                                                                  \
        "--norm-eps", "E", "1e-5", "Add this to the variance in HEAD's LayerNorms."                                    \
    }

#endif
