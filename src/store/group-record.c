/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/group-record.h"

#include <string.h>

#include "common/bgt-error.h"
#include "common/object-path.h"
#include "model/request-checks.h"

#define RECORD_GROUP "Group"
#define RECORD_VERSION 1

char *
bts_group_record_get_name (BtsGroup *group)
{
  return g_strconcat (BTS_GROUP_RECORD_PREFIX, bts_group_get_id (group), NULL);
}

char *
bts_group_record_print (BtsGroup *group)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  BtsOwner *owner = bts_group_get_owner (group);
  g_auto (GStrv) order = bts_group_dup_order (group);

  g_key_file_set_integer (file, RECORD_GROUP, "Version", RECORD_VERSION);
  g_key_file_set_uint64 (file, RECORD_GROUP, "Uid", bts_owner_get_uid (owner));
  g_key_file_set_string (file, RECORD_GROUP, "Application", bts_owner_get_application (owner));
  g_key_file_set_boolean (file, RECORD_GROUP, "IsSandboxed", bts_owner_is_sandboxed (owner));
  g_key_file_set_string (file, RECORD_GROUP, "Name", bts_group_get_name (group));
  g_key_file_set_string (file, RECORD_GROUP, "Behavior",
                         bgt_group_behavior_to_string (bts_group_get_behavior (group)));
  g_key_file_set_boolean (file, RECORD_GROUP, "IsTransient", bts_group_is_transient (group));
  g_key_file_set_uint64 (file, RECORD_GROUP, "Number", bts_group_get_number (group));
  g_key_file_set_string_list (file, RECORD_GROUP, "Order", (const char *const *) order,
                              g_strv_length (order));
  return g_key_file_to_data (file, NULL, NULL);
}

static gboolean
refuse (GError **error, const char *key)
{
  g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "%s is missing or makes no sense", key);
  return FALSE;
}

/* A name, or NULL with @error. */
static char *
read_name (GKeyFile *file, const char *key, GError **error)
{
  g_autofree char *text = g_key_file_get_string (file, RECORD_GROUP, key, NULL);
  g_autoptr (GVariant) value = NULL;

  if (text != NULL)
    value = g_variant_ref_sink (g_variant_new_string (text));
  if (value == NULL || !bts_check_name (value, NULL))
    {
      refuse (error, key);
      return NULL;
    }

  return g_steal_pointer (&text);
}

/* A number of 32 bits; @key may be missing where @is_optional. */
static gboolean
read_number (GKeyFile *file, const char *key, gboolean is_optional, guint32 *number, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  guint64 value = g_key_file_get_uint64 (file, RECORD_GROUP, key, &local_error);

  if (is_optional &&
      g_error_matches (local_error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND))
    return TRUE;
  if (local_error != NULL || value > G_MAXUINT32)
    return refuse (error, key);

  *number = (guint32) value;
  return TRUE;
}

static BtsGroup *
read_group (const char *id, GKeyFile *file, GError **error)
{
  g_autofree char *name = read_name (file, "Name", error);
  g_autofree char *application = name != NULL ? read_name (file, "Application", error) : NULL;
  g_autofree char *word = g_key_file_get_string (file, RECORD_GROUP, "Behavior", NULL);
  g_auto (GStrv) order = g_key_file_get_string_list (file, RECORD_GROUP, "Order", NULL, NULL);
  g_autoptr (BtsOwner) owner = NULL;
  BgtGroupBehavior behavior;
  BtsGroup *group;
  guint32 uid = 0, number = 0;

  if (application == NULL || !read_number (file, "Uid", FALSE, &uid, error) ||
      !read_number (file, "Number", TRUE, &number, error))
    return NULL;
  if (!bgt_group_behavior_from_string (word, &behavior))
    {
      refuse (error, "Behavior");
      return NULL;
    }

  owner = bts_owner_new (uid, application,
                         g_key_file_get_boolean (file, RECORD_GROUP, "IsSandboxed", NULL));
  group = bts_group_new (id, owner, name, behavior);
  bts_group_set_number (group, number);
  bts_group_set_transient (group, g_key_file_get_boolean (file, RECORD_GROUP, "IsTransient", NULL));
  if (order != NULL)
    bts_group_set_order (group, (const char *const *) order);

  return group;
}

BtsGroup *
bts_group_record_parse (const char *name, const char *text, gsize length, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local_error = NULL;
  const char *id = name + strlen (BTS_GROUP_RECORD_PREFIX);

  if (!g_str_has_prefix (name, BTS_GROUP_RECORD_PREFIX) || !bts_guid_is_valid (id))
    {
      refuse (error, "the file's name");
      return NULL;
    }
  if (!g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &local_error))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "it is no key file: %s",
                   local_error->message);
      return NULL;
    }
  if (g_key_file_get_integer (file, RECORD_GROUP, "Version", NULL) != RECORD_VERSION)
    {
      refuse (error, "Version");
      return NULL;
    }

  return read_group (id, file, error);
}
