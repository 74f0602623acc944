/* parts.c - gives tensors their roles by their names, and works out which head they make together. */
#include "compiler/heads/parts.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/file.h"
#include "netlists/store.h"

static const char *const role_names[] = {"project", "cls", "reg_hidden", "reg_out", "reg", "ctr", "norm", "scale"};

const char *cf_role_name(enum cf_role role)
{
    assert(role < CF_ROLE_COUNT);
    return role_names[role];
}

/* ---- names ---- */

/* Words that end a layer's name, longer ones before those that they end with. */
static const struct {
    const char *word;
    enum cf_role role;
} words[] = {
    {"reg_hidden", CF_ROLE_REG_HIDDEN},
    {"box_hidden", CF_ROLE_REG_HIDDEN},
    {"bbox_hidden", CF_ROLE_REG_HIDDEN},
    {"reg_out", CF_ROLE_REG_OUT},
    {"box_out", CF_ROLE_REG_OUT},
    {"bbox_out", CF_ROLE_REG_OUT},
    {"reg_pred", CF_ROLE_REG},
    {"bbox_pred", CF_ROLE_REG},
    {"box_pred", CF_ROLE_REG},
    {"bbox", CF_ROLE_REG},
    {"box", CF_ROLE_REG},
    {"reg", CF_ROLE_REG},
    {"regression", CF_ROLE_REG},
    {"regressor", CF_ROLE_REG},
    {"cls_score", CF_ROLE_CLS},
    {"cls_logits", CF_ROLE_CLS},
    {"cls_pred", CF_ROLE_CLS},
    {"cls_head", CF_ROLE_CLS},
    {"cls", CF_ROLE_CLS},
    {"classifier", CF_ROLE_CLS},
    {"classification", CF_ROLE_CLS},
    {"centerness", CF_ROLE_CTR},
    {"centreness", CF_ROLE_CTR},
    {"ctrness", CF_ROLE_CTR},
    {"ctr", CF_ROLE_CTR},
    {"projection", CF_ROLE_PROJECT},
    {"project", CF_ROLE_PROJECT},
    {"proj", CF_ROLE_PROJECT},
    {"bottleneck", CF_ROLE_PROJECT},
    {"layer_norm", CF_ROLE_NORM},
    {"layernorm", CF_ROLE_NORM},
    {"norms", CF_ROLE_NORM},
    {"norm", CF_ROLE_NORM},
    {"ln", CF_ROLE_NORM},
    {"scales", CF_ROLE_SCALE},
    {"scale", CF_ROLE_SCALE},
};

static const struct {
    const char *word;
    enum cf_part_kind kind;
} kinds[] = {
    {"weight_scale", CF_PART_WEIGHT_SCALE},
    {"weight", CF_PART_WEIGHT},
    {"gamma", CF_PART_WEIGHT},
    {"bias", CF_PART_BIAS},
    {"beta", CF_PART_BIAS},
};

/* True where the text ends in the word, at its start or behind '.', '_' or '/'. */
static bool ends_in(const char *text, size_t length, const char *word)
{
    size_t size = strlen(word);
    return length >= size && memcmp(text + length - size, word, size) == 0 &&
           (length == size || strchr("._/", text[length - size - 1]));
}

/* The length without a last word of `size` characters and the separator before it. */
static size_t without(size_t length, size_t size)
{
    return length > size ? length - size - 1 : 0;
}

/* Takes a number off the end: "cls.0". */
static size_t take_band(const char *text, size_t length, uint32_t *band)
{
    size_t digits = 0;
    while (digits < length && digits < 3 && isdigit((unsigned char)text[length - digits - 1]))
        digits++;
    if (digits == 0 || digits == 3 || digits == length || !strchr("._/", text[length - digits - 1]))
        return length;
    *band = (uint32_t)strtoul(text + length - digits, NULL, 10);
    return without(length, digits);
}

struct cf_part_name cf_part_name_read(const char *name)
{
    struct cf_part_name read = {CF_ROLE_NONE, CF_PART_WEIGHT, UINT32_MAX};
    size_t length = strlen(name);
    bool kind_known = false;
    for (size_t k = 0; !kind_known && k < sizeof kinds / sizeof *kinds; k++)
        if (ends_in(name, length, kinds[k].word)) {
            read.kind = kinds[k].kind;
            length = without(length, strlen(kinds[k].word));
            kind_known = true;
        }
    if (length == 0 && kind_known) {
        read.role = CF_ROLE_CLS; /* the bare classifier of the published circuit */
        return read;
    }
    if (!kind_known && ends_in(name, length, "scale")) { /* "scales.0.scale": a module for each scalar */
        size_t shorter = take_band(name, without(length, 5), &read.band);
        if (ends_in(name, shorter, "scales"))
            length = shorter;
        else
            read.band = UINT32_MAX;
    }
    if (read.band == UINT32_MAX)
        length = take_band(name, length, &read.band);
    for (size_t w = 0; w < sizeof words / sizeof *words; w++)
        if (ends_in(name, length, words[w].word)) {
            /* "weight" and "bias" make a layer's tensors, and the scalars alone have neither. */
            if (kind_known != (words[w].role == CF_ROLE_SCALE))
                read.role = words[w].role;
            break;
        }
    return read;
}

/* ---- finding ---- */

/* JSON: {"role's name": "tensor's name"}. */
static cJSON *read_map(const char *path, struct cf_error *err)
{
    char *text;
    size_t size;
    if (!cf_file_read(path, 1 << 20, &text, &size, err))
        return NULL;
    cJSON *map = cJSON_ParseWithLengthOpts(text, size + 1, NULL, true);
    free(text);
    bool good = cJSON_IsObject(map);
    const cJSON *entry;
    cJSON_ArrayForEach(entry, map)
    {
        good = good && cJSON_IsString(entry);
        if (good && cf_part_name_read(entry->string).role == CF_ROLE_NONE) {
            cf_fail(err, "%s: '%.80s' is no part of a head (cls_weight, cls_bias, reg_weight, ctr_weight, ...)", path,
                    entry->string);
            cJSON_Delete(map);
            return NULL;
        }
    }
    if (good)
        return map;
    cf_fail(err, "%s: not a JSON object of names of tensors", path);
    cJSON_Delete(map);
    return NULL;
}

/* The role that the map, or else its name, gives a tensor. A map is complete: tensors that it does not name have no
 * role. */
static struct cf_part_name name_of(const cJSON *map, const char *tensor)
{
    if (!map)
        return cf_part_name_read(tensor);
    const cJSON *entry;
    cJSON_ArrayForEach(entry, map)
    {
        if (strcmp(entry->valuestring, tensor) == 0)
            return cf_part_name_read(entry->string);
    }
    return (struct cf_part_name){CF_ROLE_NONE, CF_PART_WEIGHT, UINT32_MAX};
}

static bool place(struct cf_parts *parts, const struct cf_checkpoint *checkpoint, const cJSON *map, size_t index,
                  struct cf_error *err)
{
    const char *tensor = checkpoint->tensors[index].name;
    struct cf_part_name name = name_of(map, tensor);
    if (name.role == CF_ROLE_NONE || checkpoint->tensors[index].count == 0)
        return true;
    uint32_t band = name.band == UINT32_MAX ? 0 : name.band;
    if (band >= CF_MAX_BANDS)
        return cf_fail(err, "%s: tensor '%.80s' is of band %u; a circuit has at most %d", checkpoint->path, tensor,
                       band, CF_MAX_BANDS);
    size_t *at = &parts->part[name.role][band].tensor[name.kind];
    if (*at != SIZE_MAX)
        return cf_fail(err, "%s: both '%.80s' and '%.80s' could be the %s of %s; a map of names can say which",
                       checkpoint->path, checkpoint->tensors[*at].name, tensor,
                       name.kind == CF_PART_BIAS ? "bias" : "weight", cf_role_name(name.role)) ||
               cf_fail_setting(err, "map");
    *at = index;
    if (parts->bands[name.role] < band + 1)
        parts->bands[name.role] = band + 1;
    return true;
}

const char *cf_parts_transposed_remark(const struct cf_parts *parts, const struct cf_tensor *weight, uint64_t biases)
{
    return weight->rank < 2 || cf_parts_inputs(parts, weight) != biases ? ""
           : parts->transposed                                          ? ": it looks right as [outputs, inputs]"
                                                                        : ": it looks transposed, as [inputs, outputs]";
}

const char *cf_parts_transposed_setting(const struct cf_parts *parts, const struct cf_tensor *weight, uint64_t biases)
{
    return *cf_parts_transposed_remark(parts, weight, biases) ? "transposed" : NULL;
}

static bool check_layer(const struct cf_parts *parts, const struct cf_checkpoint *checkpoint, enum cf_role role,
                        uint32_t band, struct cf_error *err)
{
    const struct cf_part *part = &parts->part[role][band];
    const char *name = cf_role_name(role);
    char list[320];
    if (part->tensor[CF_PART_WEIGHT] == SIZE_MAX)
        return cf_fail(err, "%s: %s has no weight%s; there are: %s", checkpoint->path, name,
                       parts->bands[role] > 1 ? " for every band" : "",
                       cf_checkpoint_list(checkpoint, list, sizeof list));
    const struct cf_tensor *weight = &checkpoint->tensors[part->tensor[CF_PART_WEIGHT]];
    int rank = role == CF_ROLE_NORM ? 1 : 2;
    bool convolution = rank == 2 && weight->rank == 4 && weight->shape[2] == 1 && weight->shape[3] == 1;
    char shape[128];
    if (role != CF_ROLE_SCALE && weight->rank != rank && !convolution)
        return cf_fail(err, "%s: tensor '%.80s' is %s; a %s is %s", checkpoint->path, weight->name,
                       cf_shape_text(weight, shape, sizeof shape), name,
                       rank == 1 ? "[channels]" : "[outputs, inputs] or a 1x1 convolution [outputs, inputs, 1, 1]");
    size_t bias = part->tensor[CF_PART_BIAS];
    uint64_t outputs = rank == 1 ? weight->count : cf_parts_outputs(parts, weight);
    if (bias == SIZE_MAX || role == CF_ROLE_SCALE || checkpoint->tensors[bias].count == outputs)
        return true;
    return cf_fail(err, "%s: tensor '%.80s' is %s, but '%.80s' has %" PRIu64 " outputs%s", checkpoint->path,
                   checkpoint->tensors[bias].name, cf_shape_text(&checkpoint->tensors[bias], shape, sizeof shape),
                   weight->name, outputs,
                   rank == 1 ? "" : cf_parts_transposed_remark(parts, weight, checkpoint->tensors[bias].count)) ||
           cf_fail_setting(
               err, rank == 1 ? NULL : cf_parts_transposed_setting(parts, weight, checkpoint->tensors[bias].count));
}

static bool check(const struct cf_parts *parts, const struct cf_checkpoint *checkpoint, struct cf_error *err)
{
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        for (uint32_t band = 0; band < parts->bands[role]; band++)
            if (!check_layer(parts, checkpoint, (enum cf_role)role, band, err))
                return false;
    return true;
}

/* Netlists are safetensors files, too. */
bool cf_parts_allowed(const struct cf_checkpoint *checkpoint, struct cf_error *err)
{
    bool netlist = strcmp(checkpoint->kind, "safetensors") == 0 && cf_is_netlist(checkpoint->file);
    return !netlist || cf_fail(err, "%s: a netlist, where a head is wanted", checkpoint->path);
}

bool cf_parts_find(struct cf_parts *parts, const struct cf_checkpoint *checkpoint, const char *map, bool transposed,
                   struct cf_error *err)
{
    *parts = (struct cf_parts){.transposed = transposed};
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        for (int band = 0; band < CF_MAX_BANDS; band++)
            for (int kind = 0; kind < CF_PART_KINDS; kind++)
                parts->part[role][band].tensor[kind] = SIZE_MAX;
    if (!cf_parts_allowed(checkpoint, err))
        return false;
    cJSON *entries = map ? read_map(map, err) : NULL;
    if (map && !entries)
        return false;
    const cJSON *entry;
    bool done = true;
    cJSON_ArrayForEach(entry, entries)
    {
        if (done && cf_checkpoint_find(checkpoint, entry->valuestring) == SIZE_MAX)
            done = cf_fail(err, "%s: there is no tensor '%.80s', which %.80s names", checkpoint->path,
                           entry->valuestring, map);
    }
    for (size_t i = 0; done && i < checkpoint->count; i++)
        done = place(parts, checkpoint, entries, i, err);
    cJSON_Delete(entries);
    return done && check(parts, checkpoint, err);
}

/* ---- counting ---- */

uint64_t cf_parts_nonzero(const struct cf_tensor *tensor)
{
    assert(tensor->data || tensor->count == 0);
    uint64_t nonzero = 0;
    double values[256];
    for (uint64_t first = 0; first < tensor->count; first += 256) {
        uint64_t left = tensor->count - first, count = left < 256 ? left : 256;
        cf_tensor_to_f64(tensor, first, count, values);
        for (uint64_t i = 0; i < count; i++)
            nonzero += values[i] != 0; /* a NaN is not 0 */
    }
    return nonzero;
}

bool cf_parts_count(const struct cf_parts *parts, struct cf_checkpoint *checkpoint, struct cf_parts_count *count,
                    struct cf_error *err)
{
    *count = (struct cf_parts_count){0};
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        for (uint32_t band = 0; band < parts->bands[role]; band++)
            for (int kind = CF_PART_WEIGHT; kind <= CF_PART_BIAS; kind++) {
                size_t index = parts->part[role][band].tensor[kind];
                if (index == SIZE_MAX)
                    continue;
                if (!cf_checkpoint_load(checkpoint, index, err))
                    return false;
                count->parameters += checkpoint->tensors[index].count;
                count->nonzero += cf_parts_nonzero(&checkpoint->tensors[index]);
            }
    return true;
}

const char *cf_parts_variant(const struct cf_parts *parts, const struct cf_checkpoint *checkpoint, uint64_t parameters)
{
    /* The number of parameters tells which of the card's heads it is; the sizes of the layers follow from that number
     * and from the layers that there are. */
    static const struct {
        const char *name;
        uint64_t parameters, project; /* K, or 0 */
        bool hidden;
    } card[] = {
        {"linear_70k", 69976, 0, false}, {"box32_92k", 91640, 0, true}, {"dim20", 22076, 20, true},
        {"dim15", 17751, 15, true},      {"dim10", 13426, 10, true},    {"dim5", 9101, 5, true},
    };
    bool others = false;
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        others = others || (role != CF_ROLE_CLS && parts->bands[role]);
    if (!others && parts->bands[CF_ROLE_CLS] == 1)
        return "classifier";
    size_t project = parts->part[CF_ROLE_PROJECT][0].tensor[CF_PART_WEIGHT];
    uint64_t width = parts->bands[CF_ROLE_PROJECT] ? checkpoint->tensors[project].shape[0] : 0;
    bool hidden = parts->bands[CF_ROLE_REG_HIDDEN] == 1 && parts->bands[CF_ROLE_REG_OUT] == 1;
    bool complete = parts->bands[CF_ROLE_CLS] == 1 && parts->bands[CF_ROLE_CTR] == 1 &&
                    parts->bands[CF_ROLE_NORM] > 0 && parts->bands[CF_ROLE_SCALE] > 0 &&
                    hidden != (parts->bands[CF_ROLE_REG] == 1);
    for (size_t v = 0; complete && v < sizeof card / sizeof *card; v++)
        if (card[v].parameters == parameters && card[v].project == width && card[v].hidden == hidden)
            return card[v].name;
    return "other";
}
