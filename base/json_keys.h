/* json_keys.h - objects whose keys are all different. */
#ifndef COFIBER_BASE_JSON_KEYS_H
#define COFIBER_BASE_JSON_KEYS_H

#include <cjson/cJSON.h>

#include "base/error.h"

/* True when no object in the tree has a key twice, which cJSON lets pass; else the error names the key and the way to
 * its object, after `label`. The tree must not be deep (cf_json_check). */
bool cf_json_keys_check(const cJSON *root, const char *label, struct cf_error *err);

#endif
