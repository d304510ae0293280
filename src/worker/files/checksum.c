/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "worker/files/file-error.h"
#include "worker/files/file-identity.h"

#define READ_BYTES (1024 * 1024)

struct _BtsChecksum
{
  GChecksum *checksum; /* (owned) */
  const char *prefix;  /* of the spec */
  char *expected;      /* (owned) lower-case */
  guint64 position;
};

typedef struct
{
  const char *prefix;
  GChecksumType type;
} AlgorithmRow;

static const AlgorithmRow algorithms[] = {
  { "sha256:", G_CHECKSUM_SHA256 },
  { "sha512:", G_CHECKSUM_SHA512 },
  { "sha1:", G_CHECKSUM_SHA1 },
  { "md5:", G_CHECKSUM_MD5 },
};

static gboolean
is_hex (const char *text, gsize length)
{
  if (strlen (text) != length)
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    {
      if (!g_ascii_isxdigit (*p))
        return FALSE;
    }

  return TRUE;
}

BtsChecksum *
bts_checksum_new (const char *spec, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (algorithms); i++)
    {
      gsize hex_length = 2 * (gsize) g_checksum_type_get_length (algorithms[i].type);
      const char *hex;
      BtsChecksum *self;

      if (!g_str_has_prefix (spec, algorithms[i].prefix))
        continue;
      hex = spec + strlen (algorithms[i].prefix);
      if (!is_hex (hex, hex_length))
        continue;

      self = g_new0 (BtsChecksum, 1);
      self->checksum = g_checksum_new (algorithms[i].type);
      self->prefix = algorithms[i].prefix;
      self->expected = g_ascii_strdown (hex, -1);
      return self;
    }

  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
               "checksum must be sha256, sha512, sha1 or md5, a colon and the digest in "
               "hexadecimal, not “%s”",
               spec);
  return NULL;
}

void
bts_checksum_free (BtsChecksum *self)
{
  g_clear_pointer (&self->checksum, g_checksum_free);
  g_free (self->expected);
  g_free (self);
}

gboolean
bts_checksum_is_of (const BtsChecksum *self, const char *spec)
{
  return g_str_has_prefix (spec, self->prefix) &&
         g_ascii_strcasecmp (spec + strlen (self->prefix), self->expected) == 0;
}

guint64
bts_checksum_get_position (const BtsChecksum *self)
{
  return self->position;
}

void
bts_checksum_update (BtsChecksum *self, gconstpointer data, gsize size)
{
  g_checksum_update (self->checksum, data, (gssize) size);
  self->position += size;
}

static gboolean
read_on (BtsChecksum *self, int fd, guint8 *buffer, guint64 end, GError **error)
{
  gsize size = (gsize) MIN (end - self->position, READ_BYTES);
  gssize n_read = pread (fd, buffer, size, (off_t) self->position);

  if (n_read < 0 && errno == EINTR)
    return TRUE;
  if (n_read < 0)
    {
      bts_file_error_set (error, errno, "Cannot read the file back");
      return FALSE;
    }
  if (n_read == 0)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED,
                           "The file has become shorter than what was written");
      return FALSE;
    }

  bts_checksum_update (self, buffer, (gsize) n_read);
  return TRUE;
}

gboolean
bts_checksum_update_from_file (
    BtsChecksum *self, int fd, guint64 end, GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *buffer = NULL;
  gboolean is_read = TRUE;
  int read_fd;

  if (self->position >= end)
    return TRUE;

  read_fd = bts_file_reopen (fd, O_RDONLY);
  if (read_fd < 0)
    {
      bts_file_error_set (error, errno, "Cannot read the file back");
      return FALSE;
    }

  buffer = g_malloc (READ_BYTES);
  while (is_read && self->position < end)
    is_read = !g_cancellable_set_error_if_cancelled (cancellable, error) &&
              read_on (self, read_fd, buffer, end, error);
  g_close (read_fd, NULL);

  return is_read;
}

void
bts_checksum_reset (BtsChecksum *self)
{
  g_checksum_reset (self->checksum);
  self->position = 0;
}

gboolean
bts_checksum_matches (BtsChecksum *self)
{
  return strcmp (g_checksum_get_string (self->checksum), self->expected) == 0;
}
