/* toggles.c - reads a value change dump word by word, counts, and writes the counts as SAIF. */
#include "rtl/tools/toggles.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { NONE = -1, MOST_CODES = 1 << 24, MOST_BITS = 1 << 24, MOST_DEPTH = 1000, LONGEST_WORD = 1 << 20 };

/* One bit of a signal. */
struct bit {
    uint64_t since, spent[3], changes; /* spent at 0, at 1, at an unknown value */
    uint8_t value;                     /* 0, 1, or 2 for an unknown one */
};

/* A code of the dump: signals that are connected share it. */
struct code {
    size_t first; /* of its bits, the low one first */
    uint32_t width;
};

struct scope {
    int64_t parent; /* NONE: it has none */
    char *name;
    size_t matched; /* characters of the wanted scope's name that it and those around it have; 0 off its path */
    bool is_wanted; /* it is the wanted scope, or in it */
};

struct signal {
    char *name;
    size_t scope;
    uint32_t code, width;
    bool is_vector;
};

/* What the words that come are: a section of the head, with how many of its words came; or of the body. */
enum section { OUTSIDE, TIMESCALE, SCOPE, VARIABLE, OTHER, BODY, VECTOR, SKIPPED_VALUE };

struct cf_toggles {
    const char *wanted;
    struct code *codes;
    struct scope *scopes;
    struct signal *signals;
    struct bit *bits;
    size_t codes_room, scopes_room, signals_room, bits_room;
    size_t code_count, scope_count, signal_count, bit_count;
    int64_t scope; /* that is open */
    uint32_t depth;
    enum section section;
    uint32_t words;  /* of the section, so far */
    bool is_counted; /* the variable that is read is a signal */
    uint32_t width;
    char unit[16];
    char *vector; /* the value that waits for its code */
    size_t vector_room, vector_length;
    char *word; /* that is read */
    size_t word_room, word_length;
    uint64_t time;
};

struct cf_toggles *cf_toggles_new(const char *scope)
{
    struct cf_toggles *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->wanted = scope;
    t->scope = NONE;
    return t;
}

void cf_toggles_free(struct cf_toggles *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->scope_count; i++)
        free(t->scopes[i].name);
    for (size_t i = 0; i < t->signal_count; i++)
        free(t->signals[i].name);
    free(t->codes);
    free(t->scopes);
    free(t->signals);
    free(t->bits);
    free(t->vector);
    free(t->word);
    free(t);
}

static bool out_of_memory(struct cf_error *err)
{
    return cf_fail(err, "value change dump: out of memory");
}

static bool malformed(struct cf_error *err, const char *word)
{
    return cf_fail(err, "value change dump: '%.60s' is not what belongs here", word);
}

/* ---- the head ---- */

/* A code is a number in base 94, its low digit first, without a 0. */
static bool read_code(const char *word, uint32_t *code)
{
    uint64_t value = 0, weight = 1;
    for (const char *c = word; *c; c++, weight *= 94) {
        if (*c < '!' || *c > '~' || weight > MOST_CODES)
            return false;
        value += (uint64_t)(*c - '!' + 1) * weight;
    }
    *code = (uint32_t)(value - 1);
    return *word && value <= MOST_CODES;
}

/* Gives a code its bits, unless another signal did. With a width of 0 the code is merely known: nothing is counted. */
static bool define_code(struct cf_toggles *t, uint32_t code, uint32_t width, struct cf_error *err)
{
    if (!cf_array_reserve(&t->codes, &t->codes_room, code + (size_t)1, sizeof *t->codes))
        return out_of_memory(err);
    for (; t->code_count <= code; t->code_count++)
        t->codes[t->code_count] = (struct code){0};
    if (t->codes[code].width || width == 0)
        return width == 0 || t->codes[code].width == width ||
               cf_fail(err, "value change dump: a code has %u bits and %u", t->codes[code].width, width);
    if (width > MOST_BITS - t->bit_count ||
        !cf_array_reserve(&t->bits, &t->bits_room, t->bit_count + width, sizeof *t->bits))
        return out_of_memory(err);
    t->codes[code] = (struct code){t->bit_count, width};
    for (uint32_t i = 0; i < width; i++)
        t->bits[t->bit_count++] = (struct bit){.since = t->time, .value = 2};
    return true;
}

static bool is_top(const struct scope *scope)
{
    return scope->parent == NONE && strcmp(scope->name, "TOP") == 0;
}

/* Follows the wanted name into the scope. */
static void match(const struct cf_toggles *t, struct scope *scope)
{
    const struct scope *parent = scope->parent == NONE ? NULL : &t->scopes[scope->parent];
    size_t length = strlen(scope->name), matched = parent ? parent->matched : 0;
    const char *rest = t->wanted + matched;
    scope->is_wanted = (parent && parent->is_wanted) || *t->wanted == '\0';
    if (scope->is_wanted || is_top(scope) || (parent && matched == 0 && !is_top(parent)) ||
        strncmp(rest, scope->name, length) != 0 || (rest[length] != '.' && rest[length] != '\0'))
        return;
    scope->is_wanted = rest[length] == '\0';
    scope->matched = matched + length + (rest[length] == '.');
}

/* The scope of this name in the open one: opened before, or new. */
static bool open_scope(struct cf_toggles *t, const char *name, struct cf_error *err)
{
    size_t i = 0;
    if (++t->depth > MOST_DEPTH)
        return malformed(err, name);
    while (i < t->scope_count && !(t->scopes[i].parent == t->scope && strcmp(t->scopes[i].name, name) == 0))
        i++;
    if (i == t->scope_count) {
        char *copy = strdup(name);
        if (!copy || !cf_array_reserve(&t->scopes, &t->scopes_room, i + 1, sizeof *t->scopes)) {
            free(copy);
            return out_of_memory(err);
        }
        t->scopes[t->scope_count] = (struct scope){.parent = t->scope, .name = copy};
        match(t, &t->scopes[t->scope_count++]);
    }
    t->scope = (int64_t)i;
    return true;
}

static bool begin_signal(struct cf_toggles *t, const char *word, struct cf_error *err)
{
    struct signal signal = {.width = t->width};
    if (t->scope == NONE || !read_code(word, &signal.code))
        return malformed(err, word);
    signal.scope = (size_t)t->scope;
    if (!cf_array_reserve(&t->signals, &t->signals_room, t->signal_count + 1, sizeof *t->signals))
        return out_of_memory(err);
    t->signals[t->signal_count] = signal;
    return define_code(t, signal.code, t->is_counted ? t->width : 0, err);
}

static bool add_signal(struct cf_toggles *t, const char *name, struct cf_error *err)
{
    struct signal *signal = &t->signals[t->signal_count];
    signal->name = strdup(name);
    if (!signal->name)
        return out_of_memory(err);
    t->signal_count++;
    return true;
}

/* $var TYPE WIDTH CODE NAME [RANGE] $end. Parameters and reals are no signals. */
static bool take_variable(struct cf_toggles *t, const char *word, struct cf_error *err)
{
    unsigned long width;
    switch (t->words++) {
    case 0:
        t->is_counted = t->scope != NONE && t->scopes[t->scope].is_wanted && strcmp(word, "parameter") != 0 &&
                        strcmp(word, "real") != 0 && strcmp(word, "event") != 0;
        return true;
    case 1:
        width = strtoul(word, NULL, 10);
        t->width = (uint32_t)width;
        return (width > 0 && width < MOST_BITS) || !t->is_counted || malformed(err, word);
    case 2:
        return begin_signal(t, word, err);
    case 3:
        return !t->is_counted || add_signal(t, word, err);
    default:
        return true;
    }
}

static bool begin_section(struct cf_toggles *t, const char *word, struct cf_error *err)
{
    static const struct {
        const char *name;
        enum section section;
    } names[] = {{"$timescale", TIMESCALE}, {"$scope", SCOPE},   {"$var", VARIABLE},  {"$date", OTHER},
                 {"$version", OTHER},       {"$comment", OTHER}, {"$upscope", OTHER}, {"$enddefinitions", OTHER}};
    size_t i = 0, count = sizeof names / sizeof *names;
    while (i < count && strcmp(word, names[i].name) != 0)
        i++;
    if (i == count)
        return malformed(err, word);
    t->section = names[i].section;
    t->words = 0;
    if (strcmp(word, "$upscope") == 0) {
        if (t->scope == NONE)
            return malformed(err, word);
        t->scope = t->scopes[t->scope].parent;
        t->depth--;
    }
    if (strcmp(word, "$enddefinitions") == 0)
        t->words = UINT32_MAX; /* at its $end the body begins */
    return true;
}

static bool take_head(struct cf_toggles *t, const char *word, struct cf_error *err)
{
    if (t->section == OUTSIDE)
        return begin_section(t, word, err);
    if (strcmp(word, "$end") == 0) {
        if (t->section == VARIABLE && t->words < 4)
            return malformed(err, word);
        t->section = t->words == UINT32_MAX ? BODY : OUTSIDE;
        return true;
    }
    if (t->section == VARIABLE)
        return take_variable(t, word, err);
    if (t->section == SCOPE && t->words++ == 1)
        return open_scope(t, word, err);
    if (t->section == TIMESCALE && strlen(t->unit) + strlen(word) < sizeof t->unit)
        strcat(t->unit, word);
    return true;
}

/* ---- the body ---- */

static void set_bit(struct bit *bit, uint8_t value, uint64_t time)
{
    if (bit->value == value)
        return;
    bit->spent[bit->value] += time - bit->since;
    bit->changes += bit->value < 2 && value < 2;
    bit->since = time;
    bit->value = value;
}

static uint8_t value_of(char c)
{
    return c == '0' ? 0 : c == '1' ? 1 : 2;
}

/* Sets a signal to `digits`, the high one first; bits above repeat an unknown digit, and are 0 above a known one. */
static bool set_value(struct cf_toggles *t, const char *word, const char *digits, size_t count, struct cf_error *err)
{
    uint32_t number;
    if (!read_code(word, &number) || number >= t->code_count)
        return malformed(err, word);
    const struct code *code = &t->codes[number];
    struct bit *bits = t->bits + code->first;
    uint8_t above = count && value_of(digits[0]) == 2 ? 2 : 0;
    for (uint32_t i = 0; i < code->width; i++)
        set_bit(&bits[i], i < count ? value_of(digits[count - 1 - i]) : above, t->time);
    return true;
}

static bool keep_vector(struct cf_toggles *t, const char *digits, struct cf_error *err)
{
    t->vector_length = strlen(digits);
    if (!cf_array_reserve(&t->vector, &t->vector_room, t->vector_length + 1, 1))
        return out_of_memory(err);
    memcpy(t->vector, digits, t->vector_length + 1);
    t->section = VECTOR;
    return true;
}

static bool take_body(struct cf_toggles *t, const char *word, struct cf_error *err)
{
    if (t->section == VECTOR || t->section == SKIPPED_VALUE) {
        bool skipped = t->section == SKIPPED_VALUE;
        t->section = BODY;
        return skipped || set_value(t, word, t->vector, t->vector_length, err);
    }
    switch (word[0]) {
    case '#': {
        uint64_t time = strtoull(word + 1, NULL, 10);
        if (time < t->time)
            return malformed(err, word);
        t->time = time;
        return true;
    }
    case '0':
    case '1':
    case 'x':
    case 'X':
    case 'z':
    case 'Z':
        return set_value(t, word + 1, word, 1, err);
    case 'b':
    case 'B':
        return keep_vector(t, word + 1, err);
    case 'r':
    case 'R':
        t->section = SKIPPED_VALUE;
        return true;
    case '$': /* $dumpvars, $end and such: values follow */
        return true;
    default:
        return malformed(err, word);
    }
}

static bool end_word(struct cf_toggles *t, struct cf_error *err)
{
    if (t->word_length == 0)
        return true;
    t->word[t->word_length] = '\0';
    t->word_length = 0;
    return t->section >= BODY ? take_body(t, t->word, err) : take_head(t, t->word, err);
}

bool cf_toggles_take(struct cf_toggles *t, const char *bytes, size_t size, struct cf_error *err)
{
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            if (!end_word(t, err))
                return false;
            continue;
        }
        if (t->word_length > LONGEST_WORD)
            return malformed(err, "a word without an end");
        if (t->word_length + 2 > t->word_room && !cf_array_reserve(&t->word, &t->word_room, t->word_length + 2, 1))
            return out_of_memory(err);
        t->word[t->word_length++] = c == '\0' ? '?' : c;
    }
    return true;
}

/* ---- SAIF ---- */

/* A name, with what is special to SAIF behind a backslash. */
static void put_name(struct cf_text *saif, const char *name)
{
    for (; *name; name++)
        cf_text_printf(saif, strchr("[]().\\/\"", *name) ? "\\%c" : "%c", *name);
}

static void put_signal(struct cf_toggles *t, const struct signal *signal, struct cf_text *saif)
{
    const struct code *code = &t->codes[signal->code];
    for (uint32_t i = 0; i < signal->width; i++) {
        const struct bit *bit = &t->bits[code->first + i];
        cf_text_printf(saif, "(");
        put_name(saif, signal->name);
        if (signal->width > 1)
            cf_text_printf(saif, "\\[%u\\]", i);
        cf_text_printf(saif, " (T0 %llu) (T1 %llu) (TX %llu) (TC %llu) (IG 0))\n", (unsigned long long)bit->spent[0],
                       (unsigned long long)bit->spent[1], (unsigned long long)bit->spent[2],
                       (unsigned long long)bit->changes);
    }
}

static void put_scope(struct cf_toggles *t, size_t scope, struct cf_text *saif)
{
    bool has_signals = false, is_left_out = is_top(&t->scopes[scope]);
    if (!t->scopes[scope].is_wanted && t->scopes[scope].matched == 0 && !is_left_out)
        return;
    if (!is_left_out) {
        cf_text_printf(saif, "(INSTANCE ");
        put_name(saif, t->scopes[scope].name);
        cf_text_printf(saif, "\n");
    }
    for (size_t i = 0; i < t->signal_count && !is_left_out; i++) {
        if (t->signals[i].scope != scope)
            continue;
        cf_text_printf(saif, "%s", has_signals ? "" : "(NET\n");
        has_signals = true;
        put_signal(t, &t->signals[i], saif);
    }
    cf_text_printf(saif, "%s", has_signals ? ")\n" : "");
    for (size_t i = 0; i < t->scope_count; i++)
        if (t->scopes[i].parent == (int64_t)scope)
            put_scope(t, i, saif);
    cf_text_printf(saif, "%s", is_left_out ? "" : ")\n");
}

bool cf_toggles_put(struct cf_toggles *t, struct cf_text *saif, struct cf_toggle_totals *totals, struct cf_error *err)
{
    if (!end_word(t, err))
        return false;
    if (t->section != BODY)
        return cf_fail(err, "value change dump: it ends before it is complete");
    if (t->signal_count == 0)
        return cf_fail(err, "value change dump: it has no signals in '%s'", t->wanted);
    *totals = (struct cf_toggle_totals){.bits = t->bit_count, .duration = t->time};
    for (size_t i = 0; i < t->bit_count; i++) {
        struct bit *bit = &t->bits[i];
        bit->spent[bit->value] += t->time - bit->since;
        bit->since = t->time;
        totals->changes += bit->changes;
    }
    const char *unit = t->unit + strspn(t->unit, "0123456789");
    cf_text_printf(
        saif,
        "(SAIFILE\n(SAIFVERSION \"2.0\")\n(DIRECTION \"backward\")\n(PROGRAM_NAME \"cofiber\")\n(DIVIDER / )\n"
        "(TIMESCALE %.*s %s)\n(DURATION %llu)\n",
        (int)(unit - t->unit), t->unit, unit, (unsigned long long)t->time);
    for (size_t i = 0; i < t->scope_count; i++)
        if (t->scopes[i].parent == NONE)
            put_scope(t, i, saif);
    cf_text_printf(saif, ")\n");
    return !saif->failed || out_of_memory(err);
}
