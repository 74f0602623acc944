/* photo.c - reads JPEG files with libjpeg, whose errors come back by longjmp. */
#include "detect/photo.h"

#include <setjmp.h>
#include <stdio.h> /* before jpeglib.h, which needs it */
#include <stdlib.h>

#include <jpeglib.h>

#include "base/file.h"

enum { MOST_PIXELS = 1 << 26 };

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr manager;
    jmp_buf failed;
    const char *path;
    struct cf_error *err;
    unsigned char *row; /* RGB */
    uint32_t *pixels;
};

static struct decoder *decoder_of(j_common_ptr jpeg)
{
    return jpeg->client_data;
}

static void on_error(j_common_ptr jpeg)
{
    struct decoder *d = decoder_of(jpeg);
    char words[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, words);
    cf_fail(d->err, "%s: %s", d->path, words);
    longjmp(d->failed, 1);
}

/* A warning (corrupt data that libjpeg can go on after) is an error too: half a picture is no picture. */
static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0)
        on_error(jpeg);
}

static void refuse(struct decoder *d, const char *what)
{
    cf_fail(d->err, "%s: %s", d->path, what);
    longjmp(d->failed, 1);
}

static void read_header(struct decoder *d, const struct cf_map *map)
{
    jpeg_create_decompress(&d->jpeg);
    jpeg_mem_src(&d->jpeg, map->data, map->size);
    jpeg_read_header(&d->jpeg, TRUE);
    if (d->jpeg.num_components != 1 && d->jpeg.num_components != 3)
        refuse(d, "is neither grey nor in three colours");
    if ((uint64_t)d->jpeg.image_width * d->jpeg.image_height > MOST_PIXELS)
        refuse(d, "has more than 2^26 pixels");
    d->jpeg.out_color_space = JCS_RGB;
    jpeg_start_decompress(&d->jpeg);
}

static void read_rows(struct decoder *d)
{
    size_t width = d->jpeg.output_width, height = d->jpeg.output_height;
    d->row = malloc(3 * width);
    d->pixels = malloc(width * height * sizeof *d->pixels);
    if (!d->row || !d->pixels)
        refuse(d, "out of memory");
    while (d->jpeg.output_scanline < height) {
        uint32_t *pixels = d->pixels + d->jpeg.output_scanline * width;
        jpeg_read_scanlines(&d->jpeg, &d->row, 1);
        for (size_t x = 0; x < width; x++)
            pixels[x] = (uint32_t)d->row[3 * x] << 16 | (uint32_t)d->row[3 * x + 1] << 8 | d->row[3 * x + 2];
    }
    jpeg_finish_decompress(&d->jpeg);
}

static bool decode(struct decoder *d, const struct cf_map *map)
{
    d->jpeg.err = jpeg_std_error(&d->manager);
    d->jpeg.client_data = d;
    d->manager.error_exit = on_error;
    d->manager.emit_message = on_message;
    if (setjmp(d->failed))
        return false;
    read_header(d, map);
    read_rows(d);
    return true;
}

bool cf_photo_read(struct cf_photo *photo, const char *path, struct cf_error *err)
{
    struct cf_map map;
    *photo = (struct cf_photo){0};
    if (!cf_map_open(&map, path, err))
        return false;
    struct decoder *d = calloc(1, sizeof *d); /* on the heap, so that longjmp leaves its fields as they are */
    bool done = d || cf_fail(err, "%s: out of memory", path);
    if (done) {
        d->path = path;
        d->err = err;
        done = map.size > 0 ? decode(d, &map) : cf_fail(err, "%s: is empty", path);
        if (done)
            *photo = (struct cf_photo){(int)d->jpeg.output_width, (int)d->jpeg.output_height, d->pixels};
        else
            free(d->pixels);
        if (map.size > 0)
            jpeg_destroy_decompress(&d->jpeg);
        free(d->row);
    }
    free(d);
    cf_map_close(&map);
    return done;
}

void cf_photo_free(struct cf_photo *photo)
{
    free(photo->pixels);
    *photo = (struct cf_photo){0};
}
