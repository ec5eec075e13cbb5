/* What g_key_file_load_from_dirs() makes of a root, for tests/real/trees/gkeyfile.rs. */
#include "helper.h"
#include <glib.h>

static const char *const layers[] = { "/etc", "/run", "/usr/local/lib", "/usr/lib", NULL };

static void
answer (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = NULL;
  if (!g_key_file_load_from_dirs (file, "foo/bar.conf", (const char **) layers, &path, 0, &error))
    {
      gboolean absent = g_error_matches (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_NOT_FOUND);
      printf ("%s\n", absent ? "absent" : "error");
      return;
    }
  printf ("file %s\n", path);
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  for (char **group = groups; *group; group++)
    {
      g_auto (GStrv) keys = g_key_file_get_keys (file, *group, NULL, NULL);
      for (char **key = keys; key && *key; key++)
        {
          g_autofree char *value = g_key_file_get_value (file, *group, *key, NULL);
          put_pair (*group, *key, value);
        }
    }
}

int
main (void)
{
  printf ("GLib %u.%u.%u\n", glib_major_version, glib_minor_version, glib_micro_version);
  return serve (answer);
}
