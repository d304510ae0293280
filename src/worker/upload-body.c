/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-body.h"

#include <string.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "worker/files/source.h"
#include "worker/files/spool.h"
#include "worker/request-streams.h"
#include "worker/transport/multipart-body.h"

static BtsUploadBody *
body_new (void)
{
  BtsUploadBody *self = g_new0 (BtsUploadBody, 1);

  self->sources = g_ptr_array_new_with_free_func ((GDestroyNotify) bts_source_free);
  self->texts = g_ptr_array_new_with_free_func (g_free);
  self->pieces = g_array_new (FALSE, FALSE, sizeof (BtsTransportPiece));
  return self;
}

void
bts_upload_body_free (BtsUploadBody *self)
{
  g_ptr_array_unref (self->sources);
  g_ptr_array_unref (self->texts);
  g_array_unref (self->pieces);
  g_free (self->root_type);
  g_free (self->content_type);
  g_free (self);
}

static void
add_piece (BtsUploadBody *self, const BtsTransportPiece *piece)
{
  if (piece->length == 0)
    return;
  g_array_append_vals (self->pieces, piece, 1);
  self->length += piece->length;
}

/* Takes @text. */
static void
add_text (BtsUploadBody *self, char *text)
{
  g_ptr_array_add (self->texts, text);
  add_piece (self, &(BtsTransportPiece){ .bytes = text, .fd = -1, .length = strlen (text) });
}

/* Takes @source. */
static void
add_source (BtsUploadBody *self, BtsSource *source, guint64 offset, guint64 length)
{
  g_ptr_array_add (self->sources, source);
  add_piece (self, &(BtsTransportPiece){ .fd = source->fd, .offset = offset, .length = length });
}

static BtsSource *
open_spool (BtsUploadBody *self, const char *guid, GError **error)
{
  int fd = bts_spool_open (BTS_SPOOL_STREAM, guid, self->n_streams++, error);
  BtsSource *source;

  if (fd < 0)
    return NULL;
  source = bts_source_open_fd (fd, error);
  close (fd);
  return source;
}

static BtsSource *
open_source (
    BtsUploadBody *self, GVariant *request, const char *guid, GArray *files, GError **error)
{
  g_autoptr (GVariant) found =
                 g_variant_lookup_value (request, "source-file", G_VARIANT_TYPE_VARDICT);
  const char *text = NULL;

  if (g_variant_lookup (request, "source", "&s", &text))
    return bts_source_open (text, error);
  if (bts_request_streams_has (request, "source-file"))
    return open_spool (self, guid, error);
  if (files->len > 0)
    return bts_source_open_fd (g_array_index (files, int, 0), error);
  if (found != NULL)
    return bts_source_open_found (found, error);
  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                       "one of source and parts must say what is to be sent");
  return NULL;
}

/* The slice that was asked for has to be there. */
static gboolean
get_slice (GVariant *request, guint64 size, guint64 *offset, guint64 *length, GError **error)
{
  *offset = 0;
  g_variant_lookup (request, "offset", "t", offset);
  if (*offset > size)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "offset must lie within the file, which has %" G_GUINT64_FORMAT " bytes", size);
      return FALSE;
    }
  *length = size - *offset;
  if (!g_variant_lookup (request, "length", "t", length) || *length <= size - *offset)
    return TRUE;
  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
               "offset and length must lie within the file, which has %" G_GUINT64_FORMAT " bytes",
               size);
  return FALSE;
}

static gboolean
open_one (BtsUploadBody *self, GVariant *request, const char *guid, GArray *files, GError **error)
{
  g_autoptr (BtsSource) source = NULL;
  guint64 offset = 0;
  guint64 length = 0;

  if (guid == NULL && bts_request_streams_has (request, "source-file"))
    return TRUE;
  source = open_source (self, request, guid, files, error);
  if (source == NULL || !get_slice (request, source->info.size, &offset, &length, error))
    return FALSE;
  add_source (self, g_steal_pointer (&source), offset, length);
  return TRUE;
}

/* What all parts have in common. */
typedef struct
{
  const char *guid; /* (nullable) */
  GArray *files;    /* (nullable): of those that were descriptors of files, while there are all */
  guint n_files;    /* taken of them */
  const char *subtype;
  const char *boundary;
  gboolean is_given; /* the boundary, and so perhaps somewhere in a part */
} Form;

static BtsSource *
open_part (BtsUploadBody *self, GVariant *part, Form *form, GError **error)
{
  g_autoptr (GVariant) found = g_variant_lookup_value (part, "found", G_VARIANT_TYPE_VARDICT);
  const char *text = NULL;

  if (g_variant_lookup (part, "file", "&s", &text))
    return bts_source_open (text, error);
  if (bts_request_streams_has (part, "found"))
    return open_spool (self, form->guid, error);
  if (found != NULL && form->files != NULL)
    return bts_source_open_fd (g_array_index (form->files, int, form->n_files++), error);
  if (found != NULL)
    return bts_source_open_found (found, error);
  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                       "a part has none of text, file and fd");
  return NULL;
}

/* Files are not searched: what is in one is its owner's choice as the boundary is. */
static gboolean
check_text (const char *text, const Form *form, GError **error)
{
  g_autofree char *delimiter = g_strconcat ("--", form->boundary, NULL);

  if (!form->is_given || strstr (text, delimiter) == NULL)
    return TRUE;
  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                       "text must not contain the boundary");
  return FALSE;
}

static void
add_head (BtsUploadBody *self, GVariant *part, const char *filename, const Form *form)
{
  gboolean is_first = self->texts->len == 0;

  if (is_first)
    self->root_type = g_strdup (bts_multipart_get_type (part, filename));
  add_text (self,
            bts_multipart_make_head (part, form->subtype, form->boundary, filename, is_first));
}

static gboolean
add_part (BtsUploadBody *self, GVariant *part, Form *form, GError **error)
{
  g_autoptr (BtsSource) source = NULL;
  g_autofree char *filename = NULL;
  const char *text = NULL;
  guint64 size;

  if (g_variant_lookup (part, "text", "&s", &text))
    {
      if (!check_text (text, form, error))
        return FALSE;
      add_head (self, part, NULL, form);
      add_text (self, g_strdup (text));
      return TRUE;
    }
  if (form->guid == NULL && bts_request_streams_has (part, "found"))
    return TRUE;

  source = open_part (self, part, form, error);
  if (source == NULL)
    return FALSE;
  if (source->path != NULL)
    filename = g_filename_display_basename (source->path);
  add_head (self, part, filename, form);
  size = source->info.size;
  add_source (self, g_steal_pointer (&source), 0, size);
  return TRUE;
}

static guint
count_files (GVariant *parts)
{
  guint n_files = 0;

  for (gsize i = 0; i < g_variant_n_children (parts); i++)
    {
      g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
      gboolean is_found = g_variant_lookup (part, "found", "a{sv}", NULL);

      n_files += is_found && !bts_request_streams_has (part, "found") ? 1 : 0;
    }
  return n_files;
}

/* Takes what is given in @form where the request does not say. */
static gboolean
open_parts (BtsUploadBody *self, GVariant *request, GVariant *parts, Form form, GError **error)
{
  if (g_variant_lookup (request, "source", "&s", NULL))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           "only one of source and parts may say what is to be sent");
      return FALSE;
    }
  g_variant_lookup (request, "multipart-subtype", "&s", &form.subtype);
  form.is_given = g_variant_lookup (request, "boundary", "&s", &form.boundary);
  for (gsize i = 0; i < g_variant_n_children (parts); i++)
    {
      g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);

      if (!add_part (self, part, &form, error))
        {
          g_prefix_error (error, "In part %" G_GSIZE_FORMAT ": ", i);
          return FALSE;
        }
    }
  add_text (self, bts_multipart_make_end (form.boundary));
  self->content_type =
      bts_multipart_make_content_type (form.subtype, form.boundary, self->root_type);
  return TRUE;
}

BtsUploadBody *
bts_upload_body_open (
    GVariant *request, const char *guid, GArray *files, const char *boundary, GError **error)
{
  g_autoptr (BtsUploadBody) self = body_new ();
  g_autoptr (GVariant) parts = g_variant_lookup_value (request, "parts", G_VARIANT_TYPE ("aa{sv}"));
  Form form = { .guid = guid, .subtype = "form-data", .boundary = boundary };

  if (parts == NULL)
    return open_one (self, request, guid, files, error) ? g_steal_pointer (&self) : NULL;
  if (count_files (parts) == files->len)
    form.files = files;
  return open_parts (self, request, parts, form, error) ? g_steal_pointer (&self) : NULL;
}

gboolean
bts_upload_body_verify (BtsUploadBody *self, GError **error)
{
  for (guint i = 0; i < self->sources->len; i++)
    {
      if (!bts_source_verify (self->sources->pdata[i], error))
        return FALSE;
    }
  return TRUE;
}

GVariant *
bts_upload_body_to_states (BtsUploadBody *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; i < self->sources->len; i++)
    {
      g_autoptr (GVariant) state = bts_source_to_state (self->sources->pdata[i]);

      g_variant_builder_add_value (&builder, state);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

gboolean
bts_upload_body_matches (BtsUploadBody *self, GVariant *states, GError **error)
{
  for (guint i = 0; i < self->sources->len && i < g_variant_n_children (states); i++)
    {
      g_autoptr (GVariant) state = g_variant_get_child_value (states, i);

      if (!bts_source_matches (self->sources->pdata[i], state, error))
        return FALSE;
    }
  return TRUE;
}

GArray *
bts_upload_body_slice (BtsUploadBody *self, guint64 offset, guint64 length)
{
  GArray *slice = g_array_new (FALSE, FALSE, sizeof (BtsTransportPiece));

  for (guint i = 0; i < self->pieces->len && length > 0; i++)
    {
      BtsTransportPiece piece = g_array_index (self->pieces, BtsTransportPiece, i);
      guint64 skipped = MIN (offset, piece.length);

      offset -= skipped;
      piece.length = MIN (piece.length - skipped, length);
      if (piece.bytes != NULL)
        piece.bytes = (const char *) piece.bytes + skipped;
      else
        piece.offset += skipped;
      length -= piece.length;
      if (piece.length > 0)
        g_array_append_val (slice, piece);
    }
  return slice;
}
