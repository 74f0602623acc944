/* records.h - lists of records in a JSON file, read as a stream.
 *
 * COCO's annotations are one object that holds lists of objects ("images", "annotations", "categories"), and COCO's
 * results are such a list alone. The training set's file has 450 MB, most of it outlines of objects that nobody here
 * asks for. So the file is never held as a tree: YAJL, an event parser, walks over the mapped file megabyte by
 * megabyte, and the reader keeps the fields of one record. Only the records that the caller keeps take memory.
 *
 * The reader is strict. The text must be JSON in UTF-8 with nothing behind it, at most 100 levels deep. A field that
 * the caller names must be of its type, must be there if it is required, and must not come twice. All other keys, at
 * any level, are skipped. */
#ifndef COFIBER_DETECT_RECORDS_H
#define COFIBER_DETECT_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum cf_record_type {
    CF_RECORD_ID,     /* a whole number of at most 2^53 in magnitude; 17.0 is one, too */
    CF_RECORD_NUMBER, /* a finite number */
    CF_RECORD_SIZE,   /* a finite number that is not negative */
    CF_RECORD_FLAG,   /* 0, 1, false or true */
    CF_RECORD_TEXT,   /* a string without a NUL character */
    CF_RECORD_BOX     /* a list of four finite numbers: x, y, width, height; the last two are not negative */
};

struct cf_record_field {
    const char *name;
    enum cf_record_type type;
    bool required;
};

struct cf_record_value {
    bool given;
    int64_t id;       /* of an ID; 0 or 1 of a FLAG */
    double number[4]; /* one of a NUMBER or a SIZE, four of a BOX */
    char *text;       /* of a TEXT, NUL-terminated; belongs to the reader, until the record has been taken */
    size_t text_capacity;
};

enum { CF_RECORD_FIELDS = 8, CF_RECORD_LISTS = 4 }; /* at most so many in a list, and lists in a file */

/* A record as `take` gets it. */
struct cf_record {
    const char *label;                    /* the file */
    const char *list;                     /* the key of the list; "" where the file is the list */
    size_t index;                         /* place in the list, from 0 */
    const struct cf_record_value *values; /* [field_count of the list] */
};

struct cf_record_list {
    const char *key; /* the list's key in the outermost object, which must be there; NULL: the file is the list */
    const struct cf_record_field *fields;
    int field_count;
    /* Takes a record; false, with the error filled, ends the reading. */
    bool (*take)(void *context, const struct cf_record *record, struct cf_error *err);
};

/* Reads a file that holds these lists, in any order: 1 to CF_RECORD_LISTS lists with keys, or one without. Errors name
 * the place as "annotations[17].bbox" ("[17].bbox" where the file is the list), or the byte where the text is not JSON.
 */
bool cf_records_read(const char *path, const struct cf_record_list *lists, int list_count, void *context,
                     struct cf_error *err);

/* "annotations[17]", written into the buffer, for the caller's own errors. */
enum { CF_RECORD_PLACE = 64 };
const char *cf_record_place(const char *list, size_t index, char buffer[CF_RECORD_PLACE]);

#endif
