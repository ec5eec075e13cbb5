/* What GLib makes of a key file: the reader flatpak and libostree themselves use, so that no test
 * takes the word of overlayctl's own reader.
 *
 *   keyfile FILE             every group, key and raw value in order, each ended by NUL
 *   keyfile FILE GROUP KEY   the elements of a list, each ended by NUL
 */
#include <glib.h>
#include <stdio.h>

static void put(const char *text)
{
    fputs(text, stdout);
    putchar('\0');
}

static int print_list(GKeyFile *file, const char *group, const char *key)
{
    g_auto(GStrv) elements = g_key_file_get_string_list(file, group, key, NULL, NULL);
    for (char **element = elements; element && *element; element++)
        put(*element);
    return 0;
}

static void print_all(GKeyFile *file)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++) {
        g_auto(GStrv) keys = g_key_file_get_keys(file, *group, NULL, NULL);
        for (char **key = keys; key && *key; key++) {
            g_autofree char *value = g_key_file_get_value(file, *group, *key, NULL);
            put(*group);
            put(*key);
            put(value);
        }
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    if (argc < 2 || !g_key_file_load_from_file(file, argv[1], G_KEY_FILE_NONE, &error)) {
        fprintf(stderr, "%s\n", error ? error->message : "usage: keyfile FILE [GROUP KEY]");
        return 1;
    }
    if (argc == 4)
        return print_list(file, argv[2], argv[3]);
    print_all(file);
    return 0;
}
