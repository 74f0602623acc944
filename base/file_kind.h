/* file_kind.h - what a file is, by its first bytes: for messages about a file of the wrong kind. */
#ifndef COFIBER_BASE_FILE_KIND_H
#define COFIBER_BASE_FILE_KIND_H

#include <stddef.h>
#include <stdint.h>

enum cf_file_kind {
    CF_KIND_UNKNOWN,
    CF_KIND_SAFETENSORS,
    CF_KIND_NPY,
    CF_KIND_NPZ,
    CF_KIND_ZIP, /* any other zip archive */
    CF_KIND_PYTORCH,
    CF_KIND_HDF5,
    CF_KIND_ONNX,
    CF_KIND_AIGER,
    CF_KIND_JSON,
    CF_KIND_GZIP
};

/* The kind of a file whose first `size` bytes are `data`; a whole file may be given. A file may be damaged further on,
 * or of another kind that begins alike. */
enum cf_file_kind cf_file_kind(const uint8_t *data, size_t size);

/* ": this is a .npy array", for the end of a message that says which kind is wanted; for archives of arrays, what to do
 * with them, too. Empty for CF_KIND_UNKNOWN and for `wanted`, the kind that the reader takes. */
const char *cf_file_kind_remark(const uint8_t *data, size_t size, enum cf_file_kind wanted);

#endif
