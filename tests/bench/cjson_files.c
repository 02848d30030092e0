// The other side of the comparison: cJSON parses the same files, one after another, and frees them.
//
// Usage: cjson_files FILE...
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        return NULL;
    }
    long end = ftell(file);
    rewind(file);
    char *text = malloc((size_t)end + 1);
    *size = text == NULL ? 0 : fread(text, 1, (size_t)end, file);
    (void)fclose(file);
    return text;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t size;
        char *text = read_whole(argv[i], &size);
        cJSON *root = text == NULL ? NULL : cJSON_ParseWithLength(text, size);
        if (root == NULL) {
            (void)fprintf(stderr, "%s does not parse\n", argv[i]);
            return 1;
        }
        cJSON_Delete(root);
        free(text);
    }
    return 0;
}
