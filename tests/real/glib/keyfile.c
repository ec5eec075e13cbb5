/* What GLib makes of keyfiles, for tests/real/glib.rs to compare with.
 *
 * Standard input holds records: a length (32 bits, little endian) and that many bytes. Every answer
 * starts with the line "record"; bytes are written as x and their hexadecimal digits, an error as !.
 *
 *   keyfile read    a record is a keyfile; the answer is "error", or its groups and pairs
 *   keyfile write   a record is a list of strings, each with a NUL behind it; the answer is the
 *                   first of them as a value, and all of them as a list
 */
#include <glib.h>
#include <stdio.h>
#include <string.h>

static void
put (const char *name, const char *bytes, GError **error)
{
  printf (" %s=%s", name, *error ? "!" : "x");
  for (; !*error && bytes && *bytes; bytes++)
    printf ("%02x", (guchar) *bytes);
  g_clear_error (error);
}

static void
put_list (GKeyFile *file, const char *group, const char *key)
{
  GError *error = NULL;
  gsize length = 0;
  g_auto (GStrv) list = g_key_file_get_string_list (file, group, key, &length, &error);
  for (gsize i = 0; i < length; i++)
    put ("element", list[i], &error);
  if (error)
    put ("element", NULL, &error);
  putchar ('\n');
}

static void
put_pair (GKeyFile *file, const char *group, const char *key)
{
  GError *error = NULL;
  char number[16];
  g_autofree char *value = g_key_file_get_value (file, group, key, &error);
  printf ("pair");
  put ("key", key, &error);
  put ("value", value, &error);
  /* GLib before 2.80 returns a text along with the error: the error counts. */
  g_autofree char *string = g_key_file_get_string (file, group, key, &error);
  put ("string", string, &error);
  gboolean boolean = g_key_file_get_boolean (file, group, key, &error);
  put ("boolean", boolean ? "true" : "false", &error);
  g_snprintf (number, sizeof number, "%d", g_key_file_get_integer (file, group, key, &error));
  put ("integer", number, &error);
  put_list (file, group, key);
}

static void
read_keyfile (const char *text, gsize length)
{
  GError *error = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  if (!g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &error))
    {
      g_clear_error (&error);
      puts ("error");
      return;
    }
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  for (char **group = groups; *group; group++)
    {
      g_auto (GStrv) keys = g_key_file_get_keys (file, *group, NULL, NULL);
      printf ("group");
      put ("name", *group, &error);
      putchar ('\n');
      for (char **key = keys; key && *key; key++)
        put_pair (file, *group, *key);
    }
}

static void
write_values (const char *text, gsize length)
{
  GError *error = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  for (const char *string = text; string < text + length; string += strlen (string) + 1)
    g_ptr_array_add (list, (char *) string);
  g_key_file_set_string (file, "g", "string", text);
  g_key_file_set_string_list (file, "g", "list", (const char *const *) list->pdata, list->len);
  g_autofree char *string_value = g_key_file_get_value (file, "g", "string", NULL);
  g_autofree char *list_value = g_key_file_get_value (file, "g", "list", NULL);
  printf ("values");
  put ("string", string_value, &error);
  put ("list", list_value, &error);
  putchar ('\n');
}

int
main (int argc, char **argv)
{
  guint32 length;
  if (argc != 2)
    return 2;
  printf ("GLib %u.%u.%u\n", glib_major_version, glib_minor_version, glib_micro_version);
  while (fread (&length, sizeof length, 1, stdin) == 1)
    {
      length = GUINT32_FROM_LE (length);
      g_autofree char *record = g_malloc0 ((gsize) length + 1);
      if (fread (record, 1, length, stdin) != length)
        return 1;
      puts ("record");
      (strcmp (argv[1], "read") == 0 ? read_keyfile : write_values) (record, length);
    }
  return 0;
}
