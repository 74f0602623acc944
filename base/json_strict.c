/* json_strict.c - goes over the text of a JSON header once, and refuses what cJSON would let pass. */
#include "base/json_strict.h"

#include <string.h>

/* The length of the well-formed sequence at `text`, or 0 (Unicode 15, table 3-7). */
static size_t utf8_sequence(const uint8_t *text, size_t size)
{
    uint8_t lead = text[0];
    if (lead < 0x80)
        return 1;
    size_t length = lead >= 0xc2 && lead <= 0xdf ? 2 : (lead & 0xf0) == 0xe0 ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
    if (length == 0 || length > size)
        return 0;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;  /* lower would be overlong */
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf; /* higher: surrogates, beyond U+10FFFF */
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

bool cf_utf8_check(const uint8_t *text, size_t size, size_t *at)
{
    size_t i = 0;
    while (i < size) {
        size_t length = utf8_sequence(text + i, size - i);
        if (length == 0) {
            *at = i;
            return false;
        }
        i += length;
    }
    return true;
}

struct scan {
    const uint8_t *text;
    size_t size;
    size_t at;
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static int hex_digit(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c = (uint8_t)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Moves from the backslash to the last byte of the escape; stays on the backslash when something is wrong. */
static const char *scan_escape(struct scan *scan)
{
    const uint8_t *escape = scan->text + scan->at;
    size_t left = scan->size - scan->at;
    bool unicode = left >= 2 && escape[1] == 'u'; /* cJSON refuses other unknown letters */
    size_t length = unicode ? 6 : 2;
    if (left < length)
        return "string without an end";
    int code = 0;
    for (size_t i = 2; i < length; i++) {
        int digit = hex_digit(escape[i]);
        if (digit < 0)
            return "\\u without four hexadecimal digits";
        code = code * 16 + digit;
    }
    if (unicode && code == 0)
        return "NUL (\\u0000) in a string";
    scan->at += length - 1;
    return NULL;
}

/* From the opening quote to behind the closing one. */
static const char *scan_string(struct scan *scan)
{
    for (scan->at++; scan->at < scan->size; scan->at++) {
        uint8_t c = scan->text[scan->at];
        if (c == '"') {
            scan->at++;
            return NULL;
        }
        if (c < 0x20)
            return "control character in a string";
        const char *wrong = c == '\\' ? scan_escape(scan) : NULL;
        if (wrong)
            return wrong;
    }
    return "string without an end";
}

/* A plain integer from 0 to 2^53. */
static const char *scan_count(struct scan *scan)
{
    const uint64_t limit = (uint64_t)1 << 53;
    size_t start = scan->at;
    uint64_t value = 0;
    for (; scan->at < scan->size && is_digit(scan->text[scan->at]); scan->at++) {
        if (value <= limit)
            value = value * 10 + (uint64_t)(scan->text[scan->at] - '0');
    }
    bool leading_zero = scan->text[start] == '0' && scan->at > start + 1;
    uint8_t next = scan->at < scan->size ? scan->text[scan->at] : ' ';
    scan->at = value > limit || leading_zero ? start : scan->at;
    if (leading_zero)
        return "number with a leading zero";
    if (value > limit)
        return "integer above 2^53";
    return next && strchr(".eE+-", next) ? "number that is not a plain integer" : NULL;
}

static size_t scan_digits(struct scan *scan)
{
    size_t start = scan->at;
    while (scan->at < scan->size && is_digit(scan->text[scan->at]))
        scan->at++;
    return scan->at - start;
}

static bool scan_one_of(struct scan *scan, const char *marks)
{
    bool found = scan->at < scan->size && scan->text[scan->at] && strchr(marks, scan->text[scan->at]);
    scan->at += found;
    return found;
}

/* Any number of the JSON grammar: -12, 0.5, 1e-3. */
static const char *scan_any_number(struct scan *scan)
{
    scan_one_of(scan, "-");
    size_t start = scan->at, digits = scan_digits(scan);
    if (digits == 0)
        return "a sign without a number";
    if (digits > 1 && scan->text[start] == '0')
        return "number with a leading zero";
    if (scan_one_of(scan, ".") && scan_digits(scan) == 0)
        return "number without digits behind the point";
    if (scan_one_of(scan, "eE")) {
        scan_one_of(scan, "+-");
        if (scan_digits(scan) == 0)
            return "number without digits in its exponent";
    }
    return NULL;
}

struct nesting {
    const struct cf_json_limits *limits;
    int depth;
    int elements;  /* commas of the innermost array seen so far */
    int values;    /* opened or set apart by a comma, in all */
    bool in_array; /* arrays hold numbers: whatever opens or closes inside ends the counting */
};

static const char *scan_mark(struct nesting *nesting, uint8_t mark)
{
    if (strchr("{[,", mark) && ++nesting->values > nesting->limits->max_values)
        return "too many values";
    if (mark == '{' || mark == '[') {
        nesting->in_array = mark == '[';
        nesting->elements = 1;
        return ++nesting->depth > nesting->limits->max_depth ? "JSON nested too deeply" : NULL;
    }
    if (mark == '}' || mark == ']') {
        nesting->in_array = false;
        nesting->depth--;
    } else if (mark == ',' && nesting->in_array && ++nesting->elements > nesting->limits->max_array) {
        return "array with too many elements";
    }
    return NULL;
}

static const char *scan_token(struct scan *scan, struct nesting *nesting)
{
    uint8_t c = scan->text[scan->at];
    if (c == '"')
        return scan_string(scan);
    bool any = nesting->limits->numbers == CF_JSON_NUMBERS;
    if (is_digit(c) || (c == '-' && any))
        return any ? scan_any_number(scan) : scan_count(scan);
    if (c == '-')
        return "negative number";
    if (c && strchr("{}[],", c)) {
        const char *wrong = scan_mark(nesting, c);
        scan->at += wrong ? 0 : 1;
        return wrong;
    }
    /* Letters are those of true, false and null: cJSON knows them and the caller has no use for their type. */
    bool known = c && (strchr(" \t\r\n:", c) || (c >= 'a' && c <= 'z'));
    if (known)
        scan->at++;
    return known ? NULL : "not valid JSON";
}

const char *cf_json_check(const uint8_t *text, size_t size, const struct cf_json_limits *limits, size_t *at)
{
    struct scan scan = {.text = text, .size = size};
    struct nesting nesting = {.limits = limits};
    const char *wrong = NULL;
    while (!wrong && scan.at < size)
        wrong = scan_token(&scan, &nesting);
    *at = scan.at;
    return wrong;
}

bool cf_json_only_blanks(const char *from, const char *end)
{
    while (from < end && *from && strchr(" \t\r\n", *from))
        from++;
    return from == end;
}
