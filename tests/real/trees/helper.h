/* Answers for one root after another: every line of standard input is a root. A child takes it for
 * its own root and prints what it finds there; the parent ends each answer with the line "done".
 *
 * The lines of an answer are "pair SECTION KEY VALUE", each as x and its hexadecimal digits, or
 * "error WHY".
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
put_hex (const char *bytes)
{
  fputs (" x", stdout);
  for (; bytes && *bytes; bytes++)
    printf ("%02x", (unsigned char) *bytes);
}

static void
put_pair (const char *section, const char *key, const char *value)
{
  fputs ("pair", stdout);
  put_hex (section);
  put_hex (key);
  put_hex (value);
  putchar ('\n');
}

static int
serve (void (*answer) (void))
{
  char *root = NULL;
  size_t size = 0;
  fflush (stdout);
  while (getline (&root, &size, stdin) > 0)
    {
      int status;
      root[strcspn (root, "\n")] = '\0';
      fflush (stdout);
      pid_t child = fork ();
      if (child == 0)
        {
          if (chroot (root) < 0 || chdir ("/") < 0)
            _exit (2);
          answer ();
          fflush (stdout);
          _exit (0);
        }
      if (child < 0 || waitpid (child, &status, 0) < 0)
        return 1;
      if (status != 0)
        printf ("died %d\n", status);
      puts ("done");
      fflush (stdout);
    }
  return 0;
}
