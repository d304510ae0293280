/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "lib/wire-properties.h"

#include "lib/bgt-enum-types.h"

typedef struct
{
  const char *wire;     /* name on the bus */
  const char *property; /* name in GObject */
  const char *type;     /* GVariant type */
  BtsLibOwner owner;
  GType (*get_enum_type) (void); /* (nullable): the words of an `s` */
} Row;

/* IDs are places in this table, from 1; a subclass goes on where its parent ends. */
static const Row rows[] = {
  { "Guid", "guid", "s", BTS_LIB_OWNER_OPERATION, NULL },
  { "Kind", "kind", "s", BTS_LIB_OWNER_OPERATION, bgt_operation_kind_get_type },
  { "Status", "status", "s", BTS_LIB_OWNER_OPERATION, bgt_operation_status_get_type },
  { "RequestedUri", "requested-uri", "s", BTS_LIB_OWNER_OPERATION, NULL },
  { "Method", "method", "s", BTS_LIB_OWNER_OPERATION, NULL },
  { "CostPolicy", "cost-policy", "s", BTS_LIB_OWNER_OPERATION, bgt_cost_policy_get_type },
  { "Priority", "priority", "s", BTS_LIB_OWNER_OPERATION, bgt_priority_get_type },
  { "MaxRate", "max-rate", "t", BTS_LIB_OWNER_OPERATION, NULL },
  { "BlockedBy", "blocked-by", "as", BTS_LIB_OWNER_OPERATION, NULL },
  { "NextAttempt", "next-attempt", "x", BTS_LIB_OWNER_OPERATION, NULL },
  { "Group", "group", "o", BTS_LIB_OWNER_OPERATION, NULL },
  { "CompletionGroup", "completion-group", "o", BTS_LIB_OWNER_OPERATION, NULL },
  { "ApplicationId", "application-id", "s", BTS_LIB_OWNER_OPERATION, NULL },
  { "Uid", "uid", "u", BTS_LIB_OWNER_OPERATION, NULL },
  { "Created", "created-time", "x", BTS_LIB_OWNER_OPERATION, NULL },
  { "Finished", "finished-time", "x", BTS_LIB_OWNER_OPERATION, NULL },
  { "BytesReceived", "bytes-received", "t", BTS_LIB_OWNER_OPERATION, NULL },
  { "TotalBytesToReceive", "total-bytes-to-receive", "t", BTS_LIB_OWNER_OPERATION, NULL },
  { "BytesSent", "bytes-sent", "t", BTS_LIB_OWNER_OPERATION, NULL },
  { "TotalBytesToSend", "total-bytes-to-send", "t", BTS_LIB_OWNER_OPERATION, NULL },
  { "HasRestarted", "has-restarted", "b", BTS_LIB_OWNER_OPERATION, NULL },
  { "HasResponseChanged", "has-response-changed", "b", BTS_LIB_OWNER_OPERATION, NULL },
  { "WebErrorStatus", "web-error-status", "s", BTS_LIB_OWNER_OPERATION, NULL },
  { "ErrorMessage", "error-message", "s", BTS_LIB_OWNER_OPERATION, NULL },
  { "Metadata", "metadata", "a{sv}", BTS_LIB_OWNER_OPERATION, NULL },
  { "Destination", "destination", "s", BTS_LIB_OWNER_DOWNLOAD, NULL },
  { "RandomAccess", "random-access", "b", BTS_LIB_OWNER_DOWNLOAD, NULL },
  { "RecoverableErrors", "recoverable-errors", "as", BTS_LIB_OWNER_DOWNLOAD, NULL },
  { "Checksum", "checksum", "s", BTS_LIB_OWNER_DOWNLOAD, NULL },
  { "Source", "source", "s", BTS_LIB_OWNER_UPLOAD, NULL },
};

static GVariant *
lookup (GHashTable *values, const char *name, const char *type)
{
  GVariant *value = g_hash_table_lookup (values, name);

  return value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE (type)) ? value : NULL;
}

static GParamSpec *
make_pspec (const Row *row)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  if (row->get_enum_type != NULL)
    return g_param_spec_enum (
        row->property, NULL, NULL, row->get_enum_type (),
        g_str_equal (row->property, "priority") ? (int) BGT_PRIORITY_DEFAULT : 0, flags);

  switch (row->type[0])
    {
    case 't':
      return g_param_spec_uint64 (row->property, NULL, NULL, 0, G_MAXUINT64, 0, flags);
    case 'x':
      return g_param_spec_int64 (row->property, NULL, NULL, G_MININT64, G_MAXINT64, 0, flags);
    case 'u':
      return g_param_spec_uint (row->property, NULL, NULL, 0, G_MAXUINT, 0, flags);
    case 'b':
      return g_param_spec_boolean (row->property, NULL, NULL, FALSE, flags);
    case 'a':
      if (g_str_equal (row->type, "as"))
        return g_param_spec_boxed (row->property, NULL, NULL, G_TYPE_STRV, flags);
      return g_param_spec_variant (row->property, NULL, NULL, G_VARIANT_TYPE (row->type), NULL,
                                   flags);
    default:
      return g_param_spec_string (row->property, NULL, NULL, NULL, flags);
    }
}

void
bts_lib_properties_install (GObjectClass *klass, BtsLibOwner owner)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].owner == owner)
      g_object_class_install_property (klass, i + 1, make_pspec (&rows[i]));
}

static void
get_enum (GVariant *variant, const Row *row, GValue *value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (row->get_enum_type ());
  GEnumValue *word = NULL;

  if (variant != NULL)
    word = g_enum_get_value_by_nick (klass, g_variant_get_string (variant, NULL));
  /* A word of a newer service reads as the property's default. */
  if (word != NULL)
    g_value_set_enum (value, word->value);
}

void
bts_lib_properties_get (GHashTable *values, guint id, GValue *value)
{
  const Row *row = &rows[id - 1];
  GVariant *variant;

  g_assert (id >= 1 && id <= G_N_ELEMENTS (rows));
  variant = lookup (values, row->wire, row->type);

  if (row->get_enum_type != NULL)
    get_enum (variant, row, value);
  else if (G_VALUE_HOLDS (value, G_TYPE_STRV))
    g_value_take_boxed (value, bts_lib_properties_dup_strv (values, row->wire));
  else if (G_VALUE_HOLDS_VARIANT (value))
    g_value_set_variant (value, variant);
  else if (G_VALUE_HOLDS_STRING (value))
    g_value_set_string (value, bts_lib_properties_get_string (values, row->wire));
  else if (variant != NULL && G_VALUE_HOLDS_UINT64 (value))
    g_value_set_uint64 (value, g_variant_get_uint64 (variant));
  else if (variant != NULL && G_VALUE_HOLDS_INT64 (value))
    g_value_set_int64 (value, g_variant_get_int64 (variant));
  else if (variant != NULL && G_VALUE_HOLDS_UINT (value))
    g_value_set_uint (value, g_variant_get_uint32 (variant));
  else if (variant != NULL && G_VALUE_HOLDS_BOOLEAN (value))
    g_value_set_boolean (value, g_variant_get_boolean (variant));
}

static void
notify (GObject *object, const char *wire)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      GParamSpec *pspec;

      if (!g_str_equal (rows[i].wire, wire))
        continue;
      pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (object), rows[i].property);
      if (pspec != NULL)
        g_object_notify_by_pspec (object, pspec);
    }
}

void
bts_lib_properties_update (GHashTable *values, GVariant *properties, GObject *object)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_object_freeze_notify (object);
  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      GVariant *old = g_hash_table_lookup (values, name);

      if (old != NULL && g_variant_equal (old, value))
        {
          g_variant_unref (value);
          continue;
        }
      g_hash_table_insert (values, g_strdup (name), value);
      notify (object, name);
    }
  g_object_thaw_notify (object);
}

const char *
bts_lib_properties_get_string (GHashTable *values, const char *name)
{
  GVariant *value = g_hash_table_lookup (values, name);

  if (value == NULL || (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) &&
                        !g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH)))
    return "";
  return g_variant_get_string (value, NULL);
}

guint64
bts_lib_properties_get_uint64 (GHashTable *values, const char *name)
{
  GVariant *value = lookup (values, name, "t");

  return value != NULL ? g_variant_get_uint64 (value) : 0;
}

gint64
bts_lib_properties_get_int64 (GHashTable *values, const char *name)
{
  GVariant *value = lookup (values, name, "x");

  return value != NULL ? g_variant_get_int64 (value) : 0;
}

gboolean
bts_lib_properties_get_boolean (GHashTable *values, const char *name)
{
  GVariant *value = lookup (values, name, "b");

  return value != NULL && g_variant_get_boolean (value);
}

char **
bts_lib_properties_dup_strv (GHashTable *values, const char *name)
{
  GVariant *value = lookup (values, name, "as");

  return value != NULL ? g_variant_dup_strv (value, NULL) : g_new0 (char *, 1);
}
