/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/object-path.h"

#include <string.h>

#include "common/names.h"

#define GUID_LENGTH 36

char *
bts_guid_new (void)
{
  return g_strdelimit (g_uuid_string_random (), "-", '_');
}

static gboolean
is_lower_hex (char c)
{
  return g_ascii_isdigit (c) || (c >= 'a' && c <= 'f');
}

gboolean
bts_guid_is_valid (const char *guid)
{
  if (guid == NULL || strlen (guid) != GUID_LENGTH)
    return FALSE;

  for (gsize i = 0; i < GUID_LENGTH; i++)
    {
      gboolean is_separator = i == 8 || i == 13 || i == 18 || i == 23;

      if (is_separator ? guid[i] != '_' : !is_lower_hex (guid[i]))
        return FALSE;
    }

  return TRUE;
}

/* The rest of @path below @parent; NULL where it is not below it. */
static const char *
get_element (const char *path, const char *parent)
{
  if (path == NULL || !g_str_has_prefix (path, parent) || path[strlen (parent)] != '/')
    return NULL;

  return path + strlen (parent) + 1;
}

char *
bts_object_path_for_operation (const char *guid)
{
  return g_strconcat (BGT_OPERATIONS_PATH "/", guid, NULL);
}

char *
bts_object_path_to_operation_guid (const char *path)
{
  const char *guid = get_element (path, BGT_OPERATIONS_PATH);

  return bts_guid_is_valid (guid) ? g_strdup (guid) : NULL;
}

char *
bts_object_path_for_group (const char *name)
{
  GString *path = g_string_new (BGT_GROUPS_PATH "/");

  if (*name == '\0')
    g_string_append_c (path, '_');

  for (const char *c = name; *c != '\0'; c++)
    if (g_ascii_isalnum (*c))
      g_string_append_c (path, *c);
    else
      g_string_append_printf (path, "_%02x", (guint) (guchar) *c);

  return g_string_free (path, FALSE);
}
