/* audit.h - the options of an audit, which `audit` and `report` share. */
#ifndef COFIBER_CLI_AUDIT_H
#define COFIBER_CLI_AUDIT_H

#include "cli/cli.h"
#include "report/audit.h"

/* Reads --grid, --upsample, --input-bits, --input-scale, --score-threshold, --weight and --bias; false after a message.
 */
bool cli_audit_options(const struct cli_args *args, struct cf_evidence_options *options);

/* The claims as a JSON array: {key, claim, verdict, found, how}, and condition and because where there are any. */
cJSON *cli_claims_json(const struct cf_claims *claims);

#endif
