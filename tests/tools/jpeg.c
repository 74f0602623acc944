/* jpeg.c - writes a JPEG file for the tests of `cofiber detect --draw`: jpeg WIDTH HEIGHT grey|rgb|cmyk FILE. */
#include <stdio.h> /* before jpeglib.h, which needs it */
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

int main(int argc, char **argv)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr manager;
    FILE *file = argc == 5 ? fopen(argv[4], "wb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: jpeg WIDTH HEIGHT grey|rgb|cmyk FILE\n");
        return 2;
    }
    jpeg.err = jpeg_std_error(&manager); /* which ends the program on errors */
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = (JDIMENSION)atoi(argv[1]);
    jpeg.image_height = (JDIMENSION)atoi(argv[2]);
    jpeg.input_components = strcmp(argv[3], "grey") == 0 ? 1 : strcmp(argv[3], "rgb") == 0 ? 3 : 4;
    jpeg.in_color_space = jpeg.input_components == 1 ? JCS_GRAYSCALE : jpeg.input_components == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    size_t size = (size_t)jpeg.image_width * (size_t)jpeg.input_components;
    JSAMPLE *row = malloc(size);
    while (row && jpeg.next_scanline < jpeg.image_height) {
        for (size_t i = 0; i < size; i++)
            row[i] = (JSAMPLE)(i + 3 * jpeg.next_scanline);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(row);
    return fclose(file) == 0 ? 0 : 1;
}
