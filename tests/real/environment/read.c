/* What systemd makes of files of variables, for tests/real/environment.rs to compare with.
 *
 *   read LIBRARY FILE
 *
 * Standard input holds records: a length (32 bits, little endian) and that many bytes of text. Each
 * is written to FILE and read from there by load_env_file_pairs() of LIBRARY, systemd's own shared
 * library. Every answer starts with the line "record", and is "error", or the variables, in hexadecimal
 * digits behind an x.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int load_function (FILE *file, const char *path, char ***pairs);

static void
put (const char *name, const char *bytes)
{
  printf (" %s=x", name);
  for (; *bytes; bytes++)
    printf ("%02x", (unsigned char) *bytes);
}

static void
put_file (load_function *load, const char *path)
{
  char **pairs = NULL;
  if (load (NULL, path, &pairs) < 0)
    {
      puts ("error");
      return;
    }
  for (char **pair = pairs; pair && *pair; pair += 2)
    {
      printf ("pair");
      put ("key", pair[0]);
      put ("value", pair[1]);
      putchar ('\n');
      free (pair[0]);
      free (pair[1]);
    }
  free (pairs);
}

int
main (int argc, char **argv)
{
  unsigned char size[4];
  if (argc != 3)
    return 2;
  void *library = dlopen (argv[1], RTLD_NOW);
  load_function *load = NULL;
  if (library)
    *(void **) &load = dlsym (library, "load_env_file_pairs");
  if (!load)
    {
      fprintf (stderr, "%s\n", dlerror ());
      return 1;
    }
  while (fread (size, sizeof size, 1, stdin) == 1)
    {
      size_t length = size[0] | size[1] << 8 | size[2] << 16 | (size_t) size[3] << 24;
      char *text = malloc (length + 1);
      FILE *file = fopen (argv[2], "w");
      if (!text || !file || fread (text, 1, length, stdin) != length
          || fwrite (text, 1, length, file) != length || fclose (file) != 0)
        return 1;
      free (text);
      puts ("record");
      put_file (load, argv[2]);
      /* To truncate it instead would make some file systems flush it every time. */
      remove (argv[2]);
    }
  return 0;
}
