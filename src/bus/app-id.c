/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/app-id.h"

#include <string.h>

#define MAX_LENGTH 255

gboolean
bts_app_id_is_valid (const char *app_id)
{
  gsize length = strlen (app_id);

  if (length == 0 || length > MAX_LENGTH || !g_utf8_validate (app_id, (gssize) length, NULL))
    return FALSE;

  for (const char *p = app_id; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_iscntrl (c) || c == '/')
        return FALSE;
    }

  return TRUE;
}

/* Undoes systemd's escaping of a unit name; NULL where a \x is not followed by two digits or
 * stands for NUL. */
static char *
unescape_unit (const char *escaped, gsize length)
{
  g_autoptr (GString) plain = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++)
    {
      int high, low;

      if (escaped[i] != '\\')
        {
          g_string_append_c (plain, escaped[i]);
          continue;
        }
      if (length - i < 4 || escaped[i + 1] != 'x')
        return NULL;
      high = g_ascii_xdigit_value (escaped[i + 2]);
      low = g_ascii_xdigit_value (escaped[i + 3]);
      if (high < 0 || low < 0 || high + low == 0)
        return NULL;
      g_string_append_c (plain, (char) (high * 16 + low));
      i += 3;
    }

  return g_string_free (g_steal_pointer (&plain), FALSE);
}

char *
bts_app_id_from_unit (const char *unit)
{
  const char *start, *end, *dash;
  g_autofree char *app_id = NULL;

  if (!g_str_has_prefix (unit, "app-"))
    return NULL;
  start = unit + strlen ("app-");

  if (g_str_has_suffix (unit, ".scope"))
    {
      end = strrchr (start, '-');
      if (end == NULL)
        return NULL;
    }
  else if (g_str_has_suffix (unit, ".service"))
    {
      end = strrchr (start, '@');
      if (end == NULL)
        end = unit + strlen (unit) - strlen (".service");
    }
  else
    {
      return NULL;
    }

  /* A dash within the ID is escaped, so what stands before the last one is the launcher. */
  dash = end > start ? g_strrstr_len (start, end - start, "-") : NULL;
  if (dash != NULL)
    start = dash + 1;

  app_id = unescape_unit (start, (gsize) (end - start));
  if (app_id == NULL || !bts_app_id_is_valid (app_id))
    return NULL;

  return g_steal_pointer (&app_id);
}

/* The last element of @path that is a unit: what follows it are the unit's own cgroups. */
static char *
dup_innermost_unit (const char *path)
{
  g_auto (GStrv) elements = g_strsplit (path, "/", -1);

  for (guint i = g_strv_length (elements); i > 0; i--)
    {
      if (g_str_has_suffix (elements[i - 1], ".scope") ||
          g_str_has_suffix (elements[i - 1], ".service"))
        return g_strdup (elements[i - 1]);
    }

  return NULL;
}

char *
bts_app_id_from_cgroup (const char *cgroup)
{
  g_auto (GStrv) lines = g_strsplit (cgroup, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *unit = NULL;

      /* Version 2, or systemd's own hierarchy of version 1 (cgroups(7)). */
      if (!g_str_has_prefix (lines[i], "0::") && strstr (lines[i], ":name=systemd:") == NULL)
        continue;

      unit = dup_innermost_unit (strrchr (lines[i], ':') + 1);
      if (unit != NULL)
        return bts_app_id_from_unit (unit);
    }

  return NULL;
}

char *
bts_app_id_from_executable (const char *executable)
{
  g_autofree char *name = NULL;
  const char *last = strrchr (executable, '/');

  name = g_strdup (last != NULL ? last + 1 : executable);
  /* What the kernel appends where the file has been replaced, by an update for instance. */
  if (g_str_has_suffix (name, " (deleted)"))
    name[strlen (name) - strlen (" (deleted)")] = '\0';

  return bts_app_id_is_valid (name) ? g_steal_pointer (&name) : NULL;
}

gboolean
bts_app_id_from_snap_label (const char *label, char **app_id, gboolean *is_confined)
{
  g_autofree char *name = NULL;
  const char *start, *end;

  if (!g_str_has_prefix (label, "snap."))
    return FALSE;

  start = label + strlen ("snap.");
  end = strpbrk (start, ". ");
  name = end != NULL ? g_strndup (start, (gsize) (end - start)) : g_strdup (start);
  *is_confined = !g_str_has_suffix (label, " (complain)");
  *app_id = bts_app_id_is_valid (name) ? g_steal_pointer (&name) : NULL;

  return TRUE;
}

gboolean
bts_app_id_from_flatpak_info (const char *info, gsize length, char **app_id, gboolean *has_network)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *name = NULL;
  g_auto (GStrv) shared = NULL;

  if (!g_key_file_load_from_data (file, info, length, G_KEY_FILE_NONE, NULL))
    return FALSE;

  name = g_key_file_get_string (file, "Application", "name", NULL);
  if (name == NULL || !bts_app_id_is_valid (name))
    return FALSE;

  shared = g_key_file_get_string_list (file, "Context", "shared", NULL, NULL);
  *has_network = shared != NULL && g_strv_contains ((const char *const *) shared, "network");
  *app_id = g_steal_pointer (&name);

  return TRUE;
}
