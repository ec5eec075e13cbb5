/* What libeconf makes of files, for tests/real/libeconf.rs to compare with.
 *
 *   read FILE
 *
 * Standard input holds records: a length (32 bits, little endian) and that many bytes of text. Each
 * is written to FILE and read from there with the delimiter "=" and the comment "#". The first line
 * of the output names the library that was loaded. Every answer starts with the line "record", and
 * is the line of the error, or the keys: each once a group, with the value that wins and its line.
 * Bytes are written as x and their hexadecimal digits; a value that cannot be asked for is "?".
 */
#define _GNU_SOURCE
#include <libeconf.h>
#include <libeconf_ext.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
put (const char *name, const char *bytes)
{
  printf (" %s=x", name);
  for (; bytes && *bytes; bytes++)
    printf ("%02x", (unsigned char) *bytes);
}

static bool
is_repeated (char **names, size_t at)
{
  for (size_t i = 0; i < at; i++)
    if (strcmp (names[i], names[at]) == 0)
      return true;
  return false;
}

/* The getters of libeconf take brackets off the group that they are asked for. */
static bool
is_bracketed (const char *group)
{
  return group && group[0] == '[' && group[strlen (group) - 1] == ']';
}

static void
put_key (econf_file *file, const char *group, const char *key)
{
  char *value = NULL;
  printf ("pair");
  put ("group", group);
  put ("key", key);
  if (is_bracketed (group))
    {
      puts (" value=?");
      return;
    }
  if (econf_getStringValue (file, group, key, &value) != ECONF_SUCCESS)
    exit (1);
  put ("value", value);
  /* Some releases overrun a buffer with a longer value. */
  econf_ext_value *more = NULL;
  if (value && strlen (value) > 8000)
    printf (" line=?");
  else if (econf_getExtValue (file, group, key, &more) != ECONF_SUCCESS)
    exit (1);
  else
    printf (" line=%ju", (uintmax_t) more->line_number);
  if (more)
    econf_freeExtValue (more);
  free (value);
  putchar ('\n');
}

static void
put_group (econf_file *file, const char *group)
{
  char **keys = NULL;
  size_t length = 0;
  if (econf_getKeys (file, group, &length, &keys) != ECONF_SUCCESS)
    return;
  for (size_t i = 0; i < length; i++)
    if (!is_repeated (keys, i))
      put_key (file, group, keys[i]);
  econf_freeArray (keys);
}

static void
put_file (const char *path)
{
  econf_file *file = NULL;
  char **groups = NULL;
  size_t length = 0;
  if (econf_readFile (&file, path, "=", "#") != ECONF_SUCCESS)
    {
      char *name = NULL;
      uint64_t line = 0;
      econf_errLocation (&name, &line);
      free (name);
      printf ("error line=%ju\n", (uintmax_t) line);
      return;
    }
  put_group (file, NULL);
  if (econf_getGroups (file, &length, &groups) == ECONF_SUCCESS && groups)
    {
      for (size_t i = 0; i < length; i++)
        if (!is_repeated (groups, i))
          put_group (file, groups[i]);
      econf_freeArray (groups);
    }
  econf_freeFile (file);
}

static int
put_library (struct dl_phdr_info *info, size_t size, void *data)
{
  char path[PATH_MAX];
  (void) size, (void) data;
  if (!strstr (info->dlpi_name, "libeconf") || !realpath (info->dlpi_name, path))
    return 0;
  puts (strrchr (path, '/') + 1);
  return 1;
}

int
main (int argc, char **argv)
{
  unsigned char size[4];
  if (argc != 2)
    return 2;
  dl_iterate_phdr (put_library, NULL);
  while (fread (size, sizeof size, 1, stdin) == 1)
    {
      size_t length = size[0] | size[1] << 8 | size[2] << 16 | (size_t) size[3] << 24;
      char *text = malloc (length + 1);
      FILE *file = fopen (argv[1], "w");
      if (!text || !file || fread (text, 1, length, stdin) != length
          || fwrite (text, 1, length, file) != length || fclose (file) != 0)
        return 1;
      free (text);
      puts ("record");
      put_file (argv[1]);
      /* To truncate it instead would make some file systems flush it every time. */
      remove (argv[1]);
    }
  return 0;
}
