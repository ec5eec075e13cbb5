/* What systemd's own config_parse_many_nulstr() loads from a root, for tests/real/trees/parser.rs.
 * The argument is libsystemd-shared, which systemd's programs read their configuration with.
 */
#include "helper.h"
#include <dlfcn.h>

typedef int (*Parser) (const char *unit, const char *file, unsigned line, const char *section,
                       unsigned section_line, const char *key, int type, const char *value,
                       void *data, void *user);
typedef int (*Lookup) (const void *table, const char *section, const char *key, Parser *parser,
                       int *type, void **data, void *user);
typedef int (*ParseMany) (const char *file, const char *directories, const char *sections,
                          Lookup lookup, const void *table, int flags, void *user, void *stats,
                          void *unused);

static ParseMany parse_many;

static const char directories[] = "/etc/foo/bar.conf.d\0"
                                  "/run/foo/bar.conf.d\0"
                                  "/usr/local/lib/foo/bar.conf.d\0"
                                  "/usr/lib/foo/bar.conf.d\0";

static int
assign (const char *unit, const char *file, unsigned line, const char *section,
        unsigned section_line, const char *key, int type, const char *value, void *data, void *user)
{
  (void) unit, (void) file, (void) line, (void) section_line, (void) type, (void) data, (void) user;
  put_pair (section, key, value);
  return 0;
}

static int
look_up (const void *table, const char *section, const char *key, Parser *parser, int *type,
         void **data, void *user)
{
  (void) table, (void) section, (void) key, (void) user;
  *parser = assign;
  *type = 0;
  *data = NULL;
  return 1;
}

static void
answer (void)
{
  int result = parse_many ("/etc/foo/bar.conf", directories, NULL, look_up, NULL, 0, NULL, NULL, NULL);
  puts (result < 0 ? "ended" : "read");
}

int
main (int argc, char **argv)
{
  void *library = argc == 2 ? dlopen (argv[1], RTLD_NOW) : NULL;
  parse_many = library ? (ParseMany) dlsym (library, "config_parse_many_nulstr") : NULL;
  if (!parse_many)
    {
      fprintf (stderr, "%s\n", argc == 2 ? dlerror () : "usage: parser LIBRARY");
      return 1;
    }
  printf ("%s\n", strrchr (argv[1], '/') + 1);
  return serve (answer);
}
