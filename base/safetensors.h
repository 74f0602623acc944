/* safetensors.h - a strict reader and a streaming writer of the safetensors container.
 *
 * Layout: 8 bytes little-endian header length, the JSON header, then the tensors' bytes without holes. The reader
 * refuses everything the reference implementation refuses (see netlists/FORMAT.md, "Container"), and also
 * duplicate names.
 */
#ifndef COFIBER_BASE_SAFETENSORS_H
#define COFIBER_BASE_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/tensor.h"

#define CF_SAFETENSORS_HEADER_LIMIT 100000000 /* bytes of JSON, as in the reference implementation */

struct cf_safetensors; /* an open file; owns the tensors' names, metadata and mapping */

/* Opens and fully checks `path`. */
bool cf_safetensors_open(struct cf_safetensors **file, const char *path, struct cf_error *err);

/* The same on bytes in memory, which must outlive the result; `label` takes the place of the path in messages. */
bool cf_safetensors_parse(struct cf_safetensors **file, const void *data, size_t size, const char *label,
                          struct cf_error *err);
void cf_safetensors_close(struct cf_safetensors *file); /* NULL is fine */

const char *cf_safetensors_path(const struct cf_safetensors *file);
size_t cf_safetensors_count(const struct cf_safetensors *file);
const struct cf_tensor *cf_safetensors_at(const struct cf_safetensors *file, size_t index);       /* in file order */
const struct cf_tensor *cf_safetensors_find(const struct cf_safetensors *file, const char *name); /* or NULL */
const char *cf_safetensors_metadata(const struct cf_safetensors *file, const char *key);          /* or NULL */
/* Entry `index` of the metadata, sorted by key; false past the last. */
bool cf_safetensors_metadata_at(const struct cf_safetensors *file, size_t index, const char **key, const char **value);
/* The tensor's bytes [offset, offset+size) will not be read again (frees resident pages of a mapped file). */
void cf_safetensors_forget(const struct cf_safetensors *file, const struct cf_tensor *tensor, uint64_t offset,
                           uint64_t size);

/* Writing: declare every tensor, then fill them in any order, then commit. Bytes never written are zero. The header
 * is a function of the declarations alone and is padded so that the data begin at a multiple of 8; tensors are laid
 * out in declaration order (declare wide dtypes first to keep every tensor aligned). */
struct cf_safetensors_writer;

bool cf_safetensors_create(struct cf_safetensors_writer **writer, const char *path, struct cf_error *err);
bool cf_safetensors_add_metadata(struct cf_safetensors_writer *writer, const char *key, const char *value,
                                 struct cf_error *err);
/* `*id` identifies the tensor below. Duplicate names are an error. */
bool cf_safetensors_add(struct cf_safetensors_writer *writer, const char *name, enum cf_dtype dtype, int rank,
                        const uint64_t *shape, size_t *id, struct cf_error *err);
/* Writes the header; no declarations after this. */
bool cf_safetensors_begin(struct cf_safetensors_writer *writer, struct cf_error *err);
bool cf_safetensors_write(struct cf_safetensors_writer *writer, size_t id, uint64_t byte_offset, const void *data,
                          size_t size, struct cf_error *err);
/* As cf_out_add_suffix. */
bool cf_safetensors_add_suffix(struct cf_safetensors_writer *writer, const char *suffix, struct cf_error *err);
/* `*writer` becomes NULL in either case. */
bool cf_safetensors_commit(struct cf_safetensors_writer **writer, struct cf_error *err);
void cf_safetensors_abort(struct cf_safetensors_writer **writer);

#endif
