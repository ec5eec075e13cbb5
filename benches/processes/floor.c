/* The least that resolving costs: list every layer's directory, sort the names, and open, read and close the
 * file that wins each name. One directory a layer, highest first, as arguments. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct name { char *name; int dir; };

static int by_name(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->dir - y->dir;
}

int main(int argc, char **argv)
{
    static char buffer[1 << 16];
    int dirs[16];
    size_t count = 0, room = 1 << 20, files = 0, bytes = 0;
    struct name *names = malloc(room * sizeof *names);

    for (int i = 1; i < argc && i < 16; i++) {
        DIR *dir = opendir(argv[i]);
        struct dirent *entry;
        if (!dir)
            continue;
        dirs[i] = dup(dirfd(dir));
        while ((entry = readdir(dir)) && count < room)
            if (entry->d_name[0] != '.')
                names[count++] = (struct name) { strdup(entry->d_name), i };
        closedir(dir);
    }
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        if (i && !strcmp(names[i].name, names[i - 1].name))
            continue;
        int fd = openat(dirs[names[i].dir], names[i].name, O_RDONLY | O_CLOEXEC);
        ssize_t got;
        if (fd < 0)
            return 1;
        while ((got = read(fd, buffer, sizeof buffer)) > 0)
            bytes += got;
        close(fd);
        files++;
    }
    printf("%zu files, %zu bytes\n", files, bytes);
    return 0;
}
