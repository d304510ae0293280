/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/served-name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "transferctl/arguments.h"

#define MAX_NUMBER 999

/* A token or a quoted string at *@text, which is moved behind it. */
static char *
take_value (const char **text)
{
  g_autoptr (GString) value = g_string_new (NULL);
  const char *c = *text;

  if (*c == '"')
    for (c++; *c != '\0' && *c != '"'; c++)
      {
        if (*c == '\\' && c[1] != '\0')
          c++;
        g_string_append_c (value, *c);
      }
  else
    for (; *c != '\0' && *c != ';' && !g_ascii_isspace (*c); c++)
      g_string_append_c (value, *c);
  while (*c != '\0' && *c != ';')
    c++;
  *text = c;
  return g_string_free (g_steal_pointer (&value), FALSE);
}

/* The value of the first parameter @wanted; NULL where there is none. */
static char *
find_parameter (const char *text, const char *wanted)
{
  text += strcspn (text, ";");
  while (*text == ';')
    {
      gsize length;
      const char *name;
      g_autofree char *value = NULL;

      text++;
      text += strspn (text, " \t");
      name = text;
      length = strcspn (text, "=; \t");
      text += length;
      text += strspn (text, " \t");
      if (*text != '=')
        {
          text += strcspn (text, ";");
          continue;
        }
      text++;
      text += strspn (text, " \t");
      value = take_value (&text);
      if (length == strlen (wanted) && g_ascii_strncasecmp (name, wanted, length) == 0)
        return g_steal_pointer (&value);
    }
  return NULL;
}

/* RFC 8187: CHARSET'LANGUAGE'PERCENT-ENCODED */
static char *
decode_extended (const char *value)
{
  g_auto (GStrv) parts = g_strsplit (value, "'", 3);
  g_autoptr (GBytes) bytes = NULL;
  const char *charset = NULL;
  const char *data;
  gsize size;

  if (g_strv_length (parts) != 3)
    return NULL;
  if (g_ascii_strcasecmp (parts[0], "UTF-8") == 0)
    charset = "UTF-8";
  else if (g_ascii_strcasecmp (parts[0], "ISO-8859-1") == 0)
    charset = "ISO-8859-1";
  bytes = g_uri_unescape_bytes (parts[2], -1, "/", NULL);
  if (charset == NULL || bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  if (size == 0 || memchr (data, '\0', size) != NULL)
    return NULL;
  return g_convert (data, (gssize) size, "UTF-8", charset, NULL, NULL, NULL);
}

/* What is not UTF-8 is ISO 8859-1 (RFC 6266 §4.3 with RFC 9110 §5.5). */
static char *
to_utf8 (const char *value)
{
  if (g_utf8_validate (value, -1, NULL))
    return g_strdup (value);
  return g_convert (value, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
}

/* Some send whole paths, of either kind. */
static const char *
skip_folders (const char *name)
{
  const char *slash = strrchr (name, '/');
  const char *backslash = strrchr (name, '\\');

  return MAX (MAX (slash != NULL ? slash + 1 : name, backslash != NULL ? backslash + 1 : name),
              name);
}

char *
bts_served_name_parse (const char *content_disposition)
{
  g_autofree char *extended = find_parameter (content_disposition, "filename*");
  g_autofree char *plain = find_parameter (content_disposition, "filename");
  g_autofree char *name = extended != NULL ? decode_extended (extended) : NULL;
  g_autofree char *safe = NULL;

  if (name == NULL && plain != NULL)
    name = to_utf8 (plain);
  if (name == NULL)
    return NULL;
  safe = bts_arguments_make_safe_name (skip_folders (name));
  return safe[0] != '\0' ? g_steal_pointer (&safe) : NULL;
}

static char *
find_name (GVariant *information)
{
  g_autoptr (GVariant) headers = NULL;
  GVariantIter iter;
  const char *name, *value;

  if (information != NULL)
    headers = g_variant_lookup_value (information, "headers", G_VARIANT_TYPE ("a(ss)"));
  if (headers == NULL)
    return NULL;
  g_variant_iter_init (&iter, headers);
  while (g_variant_iter_next (&iter, "(&s&s)", &name, &value))
    if (g_ascii_strcasecmp (name, "Content-Disposition") == 0)
      return bts_served_name_parse (value);
  return NULL;
}

/* "name.tar.gz" → "name (1).tar.gz"; 0: as it is. */
static char *
number_name (const char *name, guint number)
{
  const char *dot = strchr (name + 1, '.');

  if (number == 0)
    return g_strdup (name);
  if (dot == NULL)
    return g_strdup_printf ("%s (%u)", name, number);
  return g_strdup_printf ("%.*s (%u)%s", (int) (dot - name), name, number, dot);
}

static void
sync_folder (const char *folder)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return;
  /* After a power cut the file may have its former name, which is whole too. */
  if (fsync (fd) != 0)
    g_debug ("The folder %s cannot be synchronized", folder);
  close (fd);
}

static char *
dup_path (const char *destination)
{
  return g_str_has_prefix (destination, "file://") ? g_filename_from_uri (destination, NULL, NULL)
                                                   : g_strdup (destination);
}

static char *
replace (const char *path, const char *wanted)
{
  g_autofree char *folder = g_path_get_dirname (wanted);

  if (g_str_equal (path, wanted) || rename (path, wanted) != 0)
    return NULL;
  sync_folder (folder);
  return g_strdup (wanted);
}

char *
bts_served_name_give (const char *destination, const char *replaced, GVariant *information)
{
  g_autofree char *path = dup_path (destination);
  g_autofree char *wanted = replaced != NULL ? dup_path (replaced) : NULL;
  g_autofree char *wanted_name = wanted != NULL ? g_path_get_basename (wanted) : NULL;
  g_autofree char *name = find_name (information);
  g_autofree char *folder = NULL;
  g_autofree char *current = NULL;

  if (path == NULL || !g_path_is_absolute (path))
    return NULL;
  if (wanted != NULL && (name == NULL || g_str_equal (name, wanted_name)))
    return replace (path, wanted);
  if (name == NULL)
    return NULL;
  folder = g_path_get_dirname (path);
  current = g_path_get_basename (path);
  if (g_str_equal (current, name))
    return NULL;

  for (guint number = 0; number <= MAX_NUMBER; number++)
    {
      g_autofree char *numbered = number_name (name, number);
      g_autofree char *target = g_build_filename (folder, numbered, NULL);

      if (renameat2 (AT_FDCWD, path, AT_FDCWD, target, RENAME_NOREPLACE) == 0)
        {
          sync_folder (folder);
          return g_steal_pointer (&target);
        }
      if (errno != EEXIST)
        return NULL;
    }
  return NULL;
}
