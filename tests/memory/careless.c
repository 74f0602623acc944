/* careless.c - a program that handles missing memory as its first argument says, well or badly: what the check of
 * failing allocations must let pass, and what it must notice.
 *
 *   careless KIND FILE       writes a line into FILE */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int complain(const char *why)
{
    fprintf(stderr, "careless: %s\n", why);
    return 2;
}

static int write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return complain("out of memory");
    fputs(text, file);
    fclose(file);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return complain("usage: careless KIND FILE");
    const char *kind = argv[1], *path = argv[2];
    char *first = malloc(100);
    if (!first && strcmp(kind, "silent") == 0)
        return 2;
    if (!first && strcmp(kind, "status") == 0)
        return complain("out of memory"), 1;
    if (!first)
        return complain("out of memory");
    char *second = malloc(200);
    void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (strcmp(kind, "crash") == 0)
        second[0] = 'a';
    if (!second && strcmp(kind, "hang") == 0)
        pause();
    if (!second && strcmp(kind, "chatter") == 0)
        complain("something is wrong");
    if (!second && strcmp(kind, "partial") == 0)
        write_file(path, "half a li");
    if (!second && strcmp(kind, "wrong") == 0) {
        free(first);
        munmap(mapped, 4096);
        return write_file(path, "another line\n");
    }
    bool missing = !second || mapped == MAP_FAILED;
    if (mapped != MAP_FAILED && !(missing && strcmp(kind, "unmapped") == 0))
        munmap(mapped, 4096);
    free(second);
    if (!(missing && strcmp(kind, "leak") == 0))
        free(first);
    return missing ? complain("out of memory") : write_file(path, "a line\n");
}
