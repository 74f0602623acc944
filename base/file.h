/* file.h - files read whole through a mapping, and files written so that they appear complete or not at all. */
#ifndef COFIBER_BASE_FILE_H
#define COFIBER_BASE_FILE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A file mapped read-only. `data` is NULL when size is 0. */
struct cf_map {
    const uint8_t *data;
    size_t size;
};

/* Maps a regular file. Directories, pipes and devices are refused ("PATH: not a regular file"). */
bool cf_map_open(struct cf_map *map, const char *path, struct cf_error *err);
void cf_map_close(struct cf_map *map);

/* Tells the kernel that bytes [offset, offset+size) will not be read again, so that they stop counting as resident.
 * If several threads each forget large pieces (of a megabyte or more) that together cover the file, no page of the file
 * stays resident. */
void cf_map_forget(const struct cf_map *map, size_t offset, size_t size);

/* A file being written. The content goes to an unnamed file in the target's directory (O_TMPFILE; a dot-named
 * temporary where the file system has none) and takes its name only in cf_out_commit, by rename: a killed run leaves
 * no half file, and an existing target stays whole until the new one is complete. A target that exists and is not a
 * regular file is written in place (/dev/full, /dev/null); where it cannot seek (a pipe), it gets the content when that
 * is complete. "/dev/fd/N" is descriptor N of this process, whatever that is. */
struct cf_out;

bool cf_out_open(struct cf_out **out, const char *path, struct cf_error *err);

/* Appends at the current end. */
bool cf_out_write(struct cf_out *out, const void *data, size_t size, struct cf_error *err);

/* printf at the current end (buffered; flushed by cf_out_commit). */
bool cf_out_printf(struct cf_out *out, struct cf_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool cf_out_vprintf(struct cf_out *out, struct cf_error *err, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* Writes at an absolute offset (beyond the end too; holes read as zero). Does not move the append position. */
bool cf_out_write_at(struct cf_out *out, uint64_t offset, const void *data, size_t size, struct cf_error *err);

/* Completes the file and gives it its name. `*out` becomes NULL in either case; on failure (a full disk, for
 * instance: "PATH: No space left on device") nothing is left behind. */
bool cf_out_commit(struct cf_out **out, struct cf_error *err);

/* Appends the suffix to the name that the file will get. It has no effect on a target that is written in place. */
bool cf_out_add_suffix(struct cf_out *out, const char *suffix, struct cf_error *err);

/* Gives the file up; NULL is fine. */
void cf_out_abort(struct cf_out **out);

/* True when this output will be a regular file with this name; otherwise it is written in place. */
bool cf_out_is_file(const char *path);

/* True when two outputs would be one file: the paths lead to the same place, by whatever spelling or symbolic links.
 * Devices and pipes are written in place and never collide. */
bool cf_out_same(const char *a, const char *b);

/* Reads a whole small text file (at most `limit` bytes) into malloc'd, NUL-terminated memory. Like cf_map_open, it
 * refuses anything but a regular file. */
bool cf_file_read(const char *path, size_t limit, char **text, size_t *size, struct cf_error *err);

/* Writes a whole file, as cf_out does. */
bool cf_file_write(const char *path, const void *data, size_t size, struct cf_error *err);

#endif
