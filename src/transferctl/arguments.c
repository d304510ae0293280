/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/arguments.h"

#include <glib/gi18n.h>
#include <string.h>

#include "lib/background-transfer.h"

#define MAX_DELAY_DAYS 36500
#define MAX_NAME_BYTES 200
#define MAX_EXTENSION_BYTES 16
#define DEFAULT_NAME "download"

static void set_error (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
set_error (GError **error, const char *format, ...)
{
  va_list values;

  va_start (values, format);
  if (error != NULL)
    *error = g_error_new_valist (BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, format, values);
  va_end (values);
}

/* Microseconds; 0 where it is no unit. */
static gint64
get_unit_us (const char *unit)
{
  static const struct
  {
    const char *unit;
    gint64 us;
  } rows[] = {
    { "s", G_TIME_SPAN_SECOND },
    { "m", G_TIME_SPAN_MINUTE },
    { "h", G_TIME_SPAN_HOUR },
    { "d", G_TIME_SPAN_DAY },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (g_str_equal (unit, rows[i].unit))
        return rows[i].us;
    }
  return 0;
}

/* The shift of a unit; -1 where it is none. */
static int
get_unit_shift (const char *unit)
{
  static const char units[] = "kmgt";
  const char *found;

  if (unit[0] == '\0')
    return 0;
  found = strchr (units, g_ascii_tolower (unit[0]));
  return found != NULL && unit[1] == '\0' ? 10 * (int) (found - units + 1) : -1;
}

gboolean
bts_arguments_parse_size (const char *text, guint64 *bytes, GError **error)
{
  char *end = NULL;
  const double number = g_ascii_isdigit (text[0]) ? g_ascii_strtod (text, &end) : -1;
  const int shift = end != NULL ? get_unit_shift (end) : -1;
  double size;

  if (shift < 0)
    {
      set_error (error, _ ("“%s” is no size: a number with k, M, G or nothing after it is"), text);
      return FALSE;
    }
  size = number * (double) (G_GUINT64_CONSTANT (1) << shift);
  if (!(size < 9e18))
    {
      set_error (error, _ ("“%s” is too large"), text);
      return FALSE;
    }
  *bytes = (guint64) size;
  return TRUE;
}

/* Splits @text at the first @separator into @name and @value, which starts after spaces. */
static gboolean
split (const char *text, char separator, char **name, char **value)
{
  const char *place = strchr (text, separator);

  if (place == NULL || place == text || !g_utf8_validate (text, -1, NULL))
    return FALSE;
  *name = g_strstrip (g_strndup (text, (gsize) (place - text)));
  *value = g_strdup (place + 1);
  return TRUE;
}

static gboolean
parse_delay (const char *text, gint64 *delay)
{
  char *end = NULL;
  const guint64 number = g_ascii_isdigit (text[0]) ? g_ascii_strtoull (text, &end, 10) : 0;
  const gint64 unit = end != NULL ? get_unit_us (end) : 0;

  if (unit == 0 || number > MAX_DELAY_DAYS * (guint64) (G_TIME_SPAN_DAY / unit))
    return FALSE;
  *delay = (gint64) number * unit;
  return TRUE;
}

/* A day without a time is its beginning. */
static gboolean
parse_date (const char *text, gint64 *time)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autofree char *whole = strchr (text, 'T') == NULL ? g_strconcat (text, "T00:00", NULL) : NULL;
  g_autofree char *exact = NULL;
  g_autoptr (GDateTime) date = NULL;
  const char *wanted = whole != NULL ? whole : text;

  /* GLib wants seconds, too. */
  if (g_regex_match_simple ("^[^T]*T\\d\\d:\\d\\d(?=$|[Z+-])", wanted, 0, 0))
    exact = g_strdup_printf ("%.*s:00%s", (int) (strchr (wanted, 'T') + 6 - wanted), wanted,
                             strchr (wanted, 'T') + 6);
  date = g_date_time_new_from_iso8601 (exact != NULL ? exact : wanted, zone);
  if (date == NULL || g_date_time_to_unix (date) < 0)
    return FALSE;
  *time = g_date_time_to_unix (date) * G_USEC_PER_SEC;
  return TRUE;
}

gboolean
bts_arguments_parse_time (const char *text, gint64 now, gint64 *time, GError **error)
{
  gint64 delay;

  if (text[0] == '+' && parse_delay (text + 1, &delay))
    {
      *time = now + delay;
      return TRUE;
    }
  if (g_utf8_validate (text, -1, NULL) && parse_date (text, time))
    return TRUE;

  set_error (error, _ ("“%s” is no time: 2026-12-24T18:00 and +90m (s, m, h, d) are"), text);
  return FALSE;
}

gboolean
bts_arguments_parse_header (const char *text, char **name, char **value, GError **error)
{
  if (!split (text, ':', name, value))
    {
      set_error (error, _ ("“%s” is no header: “Name: value” is"), text);
      return FALSE;
    }
  g_strstrip (*value);
  return TRUE;
}

gboolean
bts_arguments_parse_pair (const char *text, char **name, char **value, GError **error)
{
  if (!split (text, '=', name, value))
    {
      set_error (error, _ ("“%s” will not do: it must be NAME=VALUE"), text);
      return FALSE;
    }
  return TRUE;
}

gboolean
bts_arguments_check_uri (const char *uri, GError **error)
{
  g_autoptr (GUri) parsed = NULL;

  if (g_utf8_validate (uri, -1, NULL))
    parsed = g_uri_parse (uri, G_URI_FLAGS_ENCODED, NULL);
  if (parsed != NULL && g_uri_get_host (parsed) != NULL && g_uri_get_host (parsed)[0] != '\0')
    return TRUE;
  set_error (error, _ ("“%s” is no URL: https://example.org/file is one"), uri);
  return FALSE;
}

/* By which programs know what the file is: ".pdf", ".tar.gz"; empty where there is none. What has a
 * space in it or is long is part of a title. */
static const char *
find_extension (const char *name)
{
  const char *end = name + strlen (name);
  const char *dot = strrchr (name, '.');

  if (dot == NULL || dot == name || dot[1] == '\0' || strlen (dot) > MAX_EXTENSION_BYTES ||
      strchr (dot, ' ') != NULL)
    return end;
  return dot - name > 4 && strncmp (dot - 4, ".tar", 4) == 0 ? dot - 4 : dot;
}

/* At most MAX_NAME_BYTES of valid UTF-8: with what the service adds, a name must still fit. */
static char *
cut (const char *name)
{
  const char *extension = find_extension (name);
  const gsize max_bytes = MAX_NAME_BYTES - strlen (extension);
  const char *end = name;

  if (strlen (name) <= MAX_NAME_BYTES)
    return g_strdup (name);
  while ((gsize) (g_utf8_next_char (end) - name) <= max_bytes)
    end = g_utf8_next_char (end);
  return g_strdup_printf ("%.*s%s", (int) (end - name), name, extension);
}

/* What would move the cursor, the line or the direction where the name is shown. */
static gboolean
is_invisible (gunichar character)
{
  const GUnicodeType type = g_unichar_type (character);

  return type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
         type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

char *
bts_arguments_make_safe_name (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autoptr (GString) safe = g_string_new (NULL);

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    {
      const gunichar character = g_utf8_get_char (c);

      if (character == '/' || character == '\\')
        g_string_append_c (safe, '_');
      else if (!is_invisible (character) &&
               !(safe->len == 0 && (character == '.' || g_unichar_isspace (character))))
        g_string_append_unichar (safe, character);
    }
  return cut (g_strchomp (safe->str));
}

char *
bts_arguments_make_file_name (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_ENCODED, NULL);
  g_autofree char *decoded = NULL;
  g_autofree char *name = NULL;
  const char *part;

  if (parsed == NULL)
    return g_strdup (DEFAULT_NAME);
  part = strrchr (g_uri_get_path (parsed), '/');
  part = part != NULL ? part + 1 : g_uri_get_path (parsed);
  /* A sequence that cannot be decoded stays as it is. */
  decoded = g_uri_unescape_string (part, NULL);
  name = bts_arguments_make_safe_name (decoded != NULL ? decoded : part);
  return name[0] != '\0' ? g_steal_pointer (&name) : g_strdup (DEFAULT_NAME);
}

char *
bts_arguments_make_destination (const char *output, const char *uri, GError **error)
{
  g_autofree char *name = bts_arguments_make_file_name (uri);
  g_autofree char *path = NULL;
  g_autofree char *absolute = NULL;

  if (output == NULL)
    path = g_strdup (name);
  else if (output[0] == '\0')
    {
      set_error (error, _ ("The output has no name"));
      return NULL;
    }
  else if (g_file_test (output, G_FILE_TEST_IS_DIR))
    path = g_build_filename (output, name, NULL);
  else if (g_str_has_suffix (output, "/"))
    {
      set_error (error, _ ("“%s” is not a folder"), output);
      return NULL;
    }
  else
    path = g_strdup (output);

  absolute = g_canonicalize_filename (path, NULL);
  if (!g_utf8_validate (absolute, -1, NULL))
    return g_filename_to_uri (absolute, NULL, error);
  return g_steal_pointer (&absolute);
}
