/* What libeconf's layered reading makes of a root, for tests/real/trees/libeconf.rs.
 *
 * The library is loaded by name, without its headers, so that one program asks every version of it.
 */
#include "helper.h"
#include <dlfcn.h>
#include <limits.h>
#include <link.h>

struct econf_file;

static int (*read_config) (struct econf_file **, const char *project, const char *vendor_dir,
                           const char *name, const char *suffix, const char *delimiters,
                           const char *comments);
static int (*get_groups) (struct econf_file *, size_t *length, char ***groups);
static int (*get_keys) (struct econf_file *, const char *group, size_t *length, char ***keys);
static int (*get_value) (struct econf_file *, const char *group, const char *key, char **value);
static const char *(*error_string) (int);

/* "There is no file", and "there is no such key or group". */
enum { SUCCESS = 0, NO_FILE = 3 };

static void
put_group (struct econf_file *file, const char *group)
{
  size_t length = 0;
  char **keys = NULL;
  if (get_keys (file, group, &length, &keys) != SUCCESS)
    return;
  for (size_t i = 0; i < length; i++)
    {
      char *value = NULL;
      int error = get_value (file, group, keys[i], &value);
      if (error == SUCCESS)
        put_pair (group, keys[i], value);
      else
        printf ("error %s\n", error_string (error));
    }
}

static void
answer (void)
{
  struct econf_file *file = NULL;
  size_t length = 0;
  char **groups = NULL;
  int error = read_config (&file, "foo", "/usr/lib", "bar", "conf", "=", "#");
  if (error != SUCCESS)
    {
      printf ("error %d %s\n", error, error_string (error));
      return;
    }
  put_group (file, NULL);
  if (get_groups (file, &length, &groups) == SUCCESS)
    for (size_t i = 0; i < length; i++)
      put_group (file, groups[i]);
}

int
main (void)
{
  char path[PATH_MAX];
  struct link_map *loaded;
  void *library = dlopen ("libeconf.so.0", RTLD_NOW);
  if (!library || dlinfo (library, RTLD_DI_LINKMAP, &loaded) || !realpath (loaded->l_name, path))
    {
      fprintf (stderr, "libeconf.so.0 is missing\n");
      return 1;
    }
  *(void **) &read_config = dlsym (library, "econf_readConfig");
  *(void **) &get_groups = dlsym (library, "econf_getGroups");
  *(void **) &get_keys = dlsym (library, "econf_getKeys");
  *(void **) &get_value = dlsym (library, "econf_getStringValue");
  *(void **) &error_string = dlsym (library, "econf_errString");
  if (!read_config || !get_groups || !get_keys || !get_value || !error_string)
    {
      fprintf (stderr, "%s is too old\n", path);
      return 1;
    }
  printf ("libeconf %s\n", strstr (path, ".so.") + 4);
  return serve (answer);
}
