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
#include "worker/files/digest.h"
#include "worker/files/file-error.h"
#include "worker/files/file-identity.h"

#define READ_BYTES (1024 * 1024)

struct _BtsChecksum
{
  BtsDigest *digest; /* (owned) */
  char *algorithm;   /* (owned): the spec up to its colon */
  char *expected;    /* (owned) lower-case */
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
  const char *colon = strchr (spec, ':');
  g_autofree char *algorithm = colon != NULL ? g_strndup (spec, (gsize) (colon - spec)) : NULL;
  gsize length = algorithm != NULL ? bts_digest_get_length (algorithm) : 0;
  BtsChecksum *self;

  if (length == 0 || !is_hex (colon + 1, 2 * length))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "checksum must be sha256, sha512, sha1 or md5, a colon and the digest in "
                   "hexadecimal, not “%s”",
                   spec);
      return NULL;
    }

  self = g_new0 (BtsChecksum, 1);
  self->digest = bts_digest_new (algorithm);
  self->algorithm = g_steal_pointer (&algorithm);
  self->expected = g_ascii_strdown (colon + 1, -1);
  return self;
}

void
bts_checksum_free (BtsChecksum *self)
{
  g_clear_pointer (&self->digest, bts_digest_free);
  g_free (self->algorithm);
  g_free (self->expected);
  g_free (self);
}

gboolean
bts_checksum_is_of (const BtsChecksum *self, const char *spec)
{
  g_autofree char *own = g_strdup_printf ("%s:%s", self->algorithm, self->expected);

  return g_ascii_strcasecmp (spec, own) == 0;
}

const char *
bts_checksum_get_algorithm (const BtsChecksum *self)
{
  return self->algorithm;
}

GVariant *
bts_checksum_to_variant (const BtsChecksum *self)
{
  return bts_digest_to_variant (self->digest);
}

void
bts_checksum_take_variant (BtsChecksum *self, GVariant *variant, guint64 end)
{
  if (bts_digest_take_variant (self->digest, variant) &&
      bts_digest_get_position (self->digest) > end)
    bts_digest_reset (self->digest);
}

guint64
bts_checksum_get_position (const BtsChecksum *self)
{
  return bts_digest_get_position (self->digest);
}

void
bts_checksum_update (BtsChecksum *self, gconstpointer data, gsize size)
{
  bts_digest_update (self->digest, data, size);
}

static gboolean
read_on (BtsChecksum *self, int fd, guint8 *buffer, guint64 end, GError **error)
{
  guint64 position = bts_checksum_get_position (self);
  gsize size = (gsize) MIN (end - position, READ_BYTES);
  gssize n_read = pread (fd, buffer, size, (off_t) position);

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

  if (bts_checksum_get_position (self) >= end)
    return TRUE;

  read_fd = bts_file_reopen (fd, O_RDONLY);
  if (read_fd < 0)
    {
      bts_file_error_set (error, errno, "Cannot read the file back");
      return FALSE;
    }

  buffer = g_malloc (READ_BYTES);
  while (is_read && bts_checksum_get_position (self) < end)
    is_read = !g_cancellable_set_error_if_cancelled (cancellable, error) &&
              read_on (self, read_fd, buffer, end, error);
  g_close (read_fd, NULL);

  return is_read;
}

void
bts_checksum_reset (BtsChecksum *self)
{
  bts_digest_reset (self->digest);
}

gboolean
bts_checksum_matches (BtsChecksum *self)
{
  g_autofree char *hex = bts_digest_dup_hex (self->digest);

  return strcmp (hex, self->expected) == 0;
}
