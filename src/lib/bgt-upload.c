/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "lib/bgt-upload.h"

#include "lib/operation-private.h"
#include "lib/wire-properties.h"

/**
 * BgtUpload:
 *
 * A #BgtOperation that sends a file, a stream or several parts.
 *
 * Since: 1.0
 */

/**
 * BgtUpload:source:
 *
 * What is sent: a path, a `file://` URI, or "" for a descriptor or parts.
 *
 * Since: 1.0
 */

struct _BgtUpload
{
  BgtOperation parent_instance;
};

G_DEFINE_FINAL_TYPE (BgtUpload, bgt_upload, BGT_TYPE_OPERATION)

static GHashTable *
get_values (BgtUpload *self)
{
  return bts_lib_operation_get_values (BGT_OPERATION (self));
}

static void
bgt_upload_init (BgtUpload *self)
{
}

static void
bgt_upload_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  bts_lib_properties_get (get_values (BGT_UPLOAD (object)), id, value);
}

static void
bgt_upload_class_init (BgtUploadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = bgt_upload_get_property;
  bts_lib_properties_install (object_class, BTS_LIB_OWNER_UPLOAD);
}

/**
 * bgt_upload_get_source:
 * @self: an upload
 *
 * What is sent.
 *
 * Returns: (transfer none): a path, a `file://` URI, or "" for a descriptor or parts
 *
 * Since: 1.0
 */
const char *
bgt_upload_get_source (BgtUpload *self)
{
  g_return_val_if_fail (BGT_IS_UPLOAD (self), NULL);

  return bts_lib_properties_get_string (get_values (self), "Source");
}
