/* json_keys.c - finds keys that an object of a JSON tree has twice. */
#include "base/json_keys.h"

#include <string.h>

#include "base/string_set.h"

/* A key on the way to the object at hand. */
struct step {
    const char *key; /* NULL: an element of an array */
    const struct step *above;
};

/* "a/b/c", cut at its beginning where it is long. */
static void path_of(const struct step *step, char *text, size_t size)
{
    size_t at = size - 1;
    text[at] = '\0';
    for (; step && step->above; step = step->above) {
        const char *key = step->key ? step->key : "[]";
        size_t length = strlen(key);
        if (length + 1 > at)
            break;
        at -= length;
        memcpy(text + at, key, length);
        if (step->above->above)
            text[--at] = '/';
    }
    memmove(text, text + at, size - at);
}

static bool refuse(const struct step *step, const char *key, const char *label, struct cf_error *err)
{
    char path[256];
    path_of(step, path, sizeof path);
    return cf_fail(err, "%s: key '%.100s' appears twice in %s%s%s", label, key, path[0] ? "'" : "the outermost object",
                   path, path[0] ? "'" : "");
}

static bool check(const cJSON *item, const struct step *step, const char *label, struct cf_error *err)
{
    struct cf_string_set keys = {0};
    bool done = true, fresh;
    const cJSON *child;
    cJSON_ArrayForEach(child, item)
    {
        if (cJSON_IsObject(item)) {
            done = cf_string_set_add(&keys, child->string, &fresh) ? fresh || refuse(step, child->string, label, err)
                                                                   : cf_fail(err, "%s: out of memory", label);
        }
        struct step below = {child->string, step};
        done = done && (!child->child || check(child, &below, label, err));
        if (!done)
            break;
    }
    cf_string_set_free(&keys);
    return done;
}

bool cf_json_keys_check(const cJSON *root, const char *label, struct cf_error *err)
{
    struct step top = {NULL, NULL};
    return check(root, &top, label, err);
}
