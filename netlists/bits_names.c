#include "netlists/bits_names.h"

#include <stdio.h>
#include <string.h>

bool cf_bits_names_new(struct cf_bits_names *names, const struct cf_bits *bits, const char *model, struct cf_error *err)
{
    *names = (struct cf_bits_names){0};
    names->model = cf_arena_strdup(&names->arena, model);
    names->inputs = cf_arena_alloc(&names->arena, bits->input_count, sizeof *names->inputs);
    names->outputs = cf_arena_alloc(&names->arena, bits->output_count, sizeof *names->outputs);
    if (names->model && names->inputs && names->outputs)
        return true;
    cf_bits_names_free(names);
    return cf_fail(err, "%s: out of memory", model);
}

void cf_bits_names_free(struct cf_bits_names *names)
{
    cf_arena_free(&names->arena);
    *names = (struct cf_bits_names){0};
}

const char *cf_bits_input_name(const struct cf_bits_names *names, uint32_t input, char buffer[24])
{
    if (names->inputs && names->inputs[input])
        return names->inputs[input];
    snprintf(buffer, 24, "i%u", input);
    return buffer;
}

const char *cf_bits_output_name(const struct cf_bits_names *names, uint32_t output, char buffer[24])
{
    if (names->outputs && names->outputs[output])
        return names->outputs[output];
    snprintf(buffer, 24, "o%u", output);
    return buffer;
}

bool cf_bits_name_valid(const char *name, size_t length)
{
    if (length < 1 || length > 200)
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] <= ' ' || name[i] > '~' || strchr("\"'\\#=", name[i]))
            return false;
    return true;
}
