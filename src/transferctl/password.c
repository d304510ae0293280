/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/password.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "lib/background-transfer.h"

#define CTRL_C '\003'
#define CTRL_D '\004'
#define DELETE '\177'

/* Reads up to the end of the line; %FALSE on Ctrl-C. */
static gboolean
read_line (int terminal, GString *line)
{
  char c;
  ssize_t got;

  for (;;)
    {
      got = read (terminal, &c, 1);
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0 || c == '\n' || c == '\r' || c == CTRL_D)
        return TRUE;
      if (c == CTRL_C)
        return FALSE;
      if (c == DELETE || c == '\b')
        g_string_truncate (line, line->len > 0 ? line->len - 1 : 0);
      else
        g_string_append_c (line, c);
    }
}

char *
bts_password_ask (const char *prompt, GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);
  struct termios shown;
  struct termios hidden;
  gboolean is_complete;
  int terminal = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

  if (terminal < 0 || tcgetattr (terminal, &shown) != 0)
    {
      if (terminal >= 0)
        close (terminal);
      g_set_error_literal (
          error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
          _ ("There is no terminal to ask for the password: name a file that holds "
             "it (--password-file, --proxy-password-file)"));
      return NULL;
    }

  /* Without ISIG, Ctrl-C arrives as a character and cannot leave the terminal silent. */
  hidden = shown;
  hidden.c_lflag &= ~(tcflag_t) (ECHO | ICANON | ISIG);
  tcsetattr (terminal, TCSAFLUSH, &hidden);
  /* A prompt that cannot be written is no reason not to read. */
  if (write (terminal, prompt, strlen (prompt)) < 0)
    g_debug ("No prompt: %s", g_strerror (errno));
  is_complete = read_line (terminal, line);
  tcsetattr (terminal, TCSAFLUSH, &shown);
  if (write (terminal, "\n", 1) < 0)
    g_debug ("No line end: %s", g_strerror (errno));
  close (terminal);

  if (!is_complete)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("Interrupted"));
      return NULL;
    }
  return g_string_free (g_steal_pointer (&line), FALSE);
}

char *
bts_password_read (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) local_error = NULL;

  if (!g_file_get_contents (path, &text, NULL, &local_error))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   _ ("The password file cannot be read: %s"), local_error->message);
      return NULL;
    }
  text[strcspn (text, "\r\n")] = '\0';
  return g_steal_pointer (&text);
}
