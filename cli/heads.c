/* heads.c - parses the options for reading a trained head. */
#include "cli/heads.h"

bool cli_head_options(const struct cli_args *args, struct cf_head_options *options)
{
    *options = (struct cf_head_options){.weight = cli_value(args, "--weight"),
                                        .bias = cli_value(args, "--bias"),
                                        .map = cli_value(args, "--map"),
                                        .no_bias = cli_given(args, "--no-bias"),
                                        .transposed = cli_given(args, "--transpose")};
    if (!cli_number(args, "--norm-eps", &options->norm_eps))
        return false;
    return (options->norm_eps > 0 && options->norm_eps <= 1) ||
           cli_complain("%s: --norm-eps must be positive, and 1 at most", args->command->name) == CLI_OK;
}
