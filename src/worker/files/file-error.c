/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/file-error.h"

#include <errno.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"

typedef struct
{
  int error_number;
  BgtWebError web_error;
} ErrnoRow;

/* Anything else is BGT_WEB_ERROR_FILE_ERROR. */
static const ErrnoRow errno_rows[] = {
  { EACCES, BGT_WEB_ERROR_FILE_ACCESS_DENIED }, { EPERM, BGT_WEB_ERROR_FILE_ACCESS_DENIED },
  { EROFS, BGT_WEB_ERROR_FILE_ACCESS_DENIED },  { ENOENT, BGT_WEB_ERROR_FILE_NOT_FOUND },
  { ENOTDIR, BGT_WEB_ERROR_FILE_NOT_FOUND },    { ESTALE, BGT_WEB_ERROR_FILE_NOT_FOUND },
  { ENOSPC, BGT_WEB_ERROR_NO_SPACE },           { EDQUOT, BGT_WEB_ERROR_NO_SPACE },
};

typedef struct
{
  BgtWebError web_error;
  BgtError public_error;
} PublicRow;

static const PublicRow public_rows[] = {
  { BGT_WEB_ERROR_FILE_ACCESS_DENIED, BGT_ERROR_ACCESS_DENIED },
  { BGT_WEB_ERROR_FILE_NOT_FOUND, BGT_ERROR_NOT_FOUND },
  { BGT_WEB_ERROR_FILE_CHANGED, BGT_ERROR_NOT_FOUND },
};

void
bts_file_error_set (GError **error, int error_number, const char *format, ...)
{
  g_autofree char *message = NULL;
  BgtWebError web_error = BGT_WEB_ERROR_FILE_ERROR;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  for (gsize i = 0; i < G_N_ELEMENTS (errno_rows); i++)
    {
      if (errno_rows[i].error_number == error_number)
        web_error = errno_rows[i].web_error;
    }

  g_set_error (error, BGT_WEB_ERROR, (int) web_error, "%s: %s", message, g_strerror (error_number));
}

void
bts_file_error_make_public (GError **error)
{
  BgtError public_error = BGT_ERROR_FAILED;

  if (error == NULL || *error == NULL || (*error)->domain != BGT_WEB_ERROR)
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (public_rows); i++)
    {
      if ((int) public_rows[i].web_error == (*error)->code)
        public_error = public_rows[i].public_error;
    }

  (*error)->domain = BGT_ERROR;
  (*error)->code = (int) public_error;
}

void
bts_file_error_make_web (GError **error)
{
  BgtWebError web_error = BGT_WEB_ERROR_FILE_ERROR;

  if (error == NULL || *error == NULL || (*error)->domain != BGT_ERROR)
    return;

  /* From the end, so that the first of several rows counts. */
  for (gsize i = G_N_ELEMENTS (public_rows); i > 0; i--)
    {
      if ((int) public_rows[i - 1].public_error == (*error)->code)
        web_error = public_rows[i - 1].web_error;
    }

  (*error)->domain = BGT_WEB_ERROR;
  (*error)->code = (int) web_error;
}

char *
bts_file_display_name (const char *folder, const char *name)
{
  g_autofree char *path = NULL;

  if (name == NULL)
    return g_filename_display_name (folder);

  path = g_build_filename (folder, name, NULL);
  return g_filename_display_name (path);
}
