/* What systemd makes of configuration files, for tests/real/systemd_files.rs to compare with.
 *
 *   reader LIBRARY    LIBRARY is libsystemd-shared, which systemd's own programs read with
 *
 * Standard input holds records: a length (32 bits, little endian) and that many bytes, of which the
 * first ones, up to two NULs or one that stands first, are the sections that the caller knows (none:
 * it needs no sections), and the rest is the file. Every answer starts with the line "record". Then
 * come the assignments as systemd hands them to its caller, with what it logs between them, and how
 * it ended. Bytes are written as x and their hexadecimal digits.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int (*Parser) (const char *unit, const char *file, unsigned line, const char *section,
                       unsigned section_line, const char *key, int type, const char *value,
                       void *data, void *user);
typedef int (*Lookup) (const void *table, const char *section, const char *key, Parser *parser,
                       int *type, void **data, void *user);
typedef int (*Parse) (const char *unit, const char *name, FILE *file, const char *sections,
                      Lookup lookup, const void *table, int flags, void *user, struct stat *status);

static void
put (const char *name, const char *bytes)
{
  printf (" %s=x", name);
  for (; bytes && *bytes; bytes++)
    printf ("%02x", (unsigned char) *bytes);
}

static int
assign (const char *unit, const char *file, unsigned line, const char *section,
        unsigned section_line, const char *key, int type, const char *value, void *data, void *user)
{
  (void) unit, (void) file, (void) type, (void) data, (void) user;
  printf ("%u:", line);
  put ("section", section);
  printf (":%u", section_line);
  put ("key", key);
  put ("value", value);
  putchar ('\n');
  return 0;
}

/* Every key is known, but for those of a section without a name, which no table has. */
static int
look_up (const void *table, const char *section, const char *key, Parser *parser, int *type,
         void **data, void *user)
{
  (void) table, (void) key, (void) user;
  *parser = assign;
  *type = 0;
  *data = NULL;
  return !section || *section;
}

/* How long the list of sections in front of the file is. */
static size_t
list_length (const char *list)
{
  const char *section = list;
  while (*section)
    section += strlen (section) + 1;
  return section - list + 1;
}

static void
read_record (Parse parse, const char *record, size_t length)
{
  size_t list = list_length (record);
  FILE *file = tmpfile ();
  if (!file || fwrite (record + list, 1, length - list, file) != length - list)
    abort ();
  rewind (file);
  puts ("record");
  int result = parse (NULL, "file", file, list > 1 ? record : NULL, look_up, NULL, 0, NULL, NULL);
  printf ("end %d\n", result);
  fclose (file);
}

int
main (int argc, char **argv)
{
  uint32_t length;
  void *library = argc == 2 ? dlopen (argv[1], RTLD_NOW) : NULL;
  Parse parse = library ? (Parse) dlsym (library, "config_parse") : NULL;
  if (!parse)
    {
      fprintf (stderr, "%s\n", argc == 2 ? dlerror () : "usage: reader LIBRARY");
      return 1;
    }
  /* The log belongs among the assignments. */
  setvbuf (stdout, NULL, _IOLBF, BUFSIZ);
  dup2 (STDOUT_FILENO, STDERR_FILENO);
  while (fread (&length, sizeof length, 1, stdin) == 1)
    {
      char *record = malloc (length);
      if (!record || fread (record, 1, length, stdin) != length)
        abort ();
      read_record (parse, record, length);
      free (record);
    }
  return 0;
}
