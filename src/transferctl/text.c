/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/text.h"

#include <glib/gi18n.h>
#include <pwd.h>
#include <string.h>

typedef struct
{
  const char *word;
  const char *phrase; /* N_() */
  const char *remedy; /* N_(): what would change it */
  gboolean is_error;  /* which error it was tells more */
} BlockerRow;

static const BlockerRow blocker_rows[] = {
  { "not-started", N_ ("not started, or its stream has not ended"), N_ ("transferctl start") },
  { "paused", N_ ("paused"), N_ ("transferctl resume") },
  { "no-network", N_ ("no network"), N_ ("it goes on by itself once there is a network") },
  { "captive-portal", N_ ("the network wants a login"),
    N_ ("log in to the network with a browser") },
  { "metered", N_ ("the network is metered"),
    N_ ("another network, or transferctl set ID cost-policy=default") },
  { "roaming", N_ ("roaming"), N_ ("the home network, or transferctl set ID cost-policy=always") },
  { "approaching-data-limit", N_ ("the data plan is nearly used up"),
    N_ ("the reset day, a larger data plan, or transferctl set ID cost-policy=always") },
  { "over-data-limit", N_ ("the data plan is used up"),
    N_ ("the reset day, a larger data plan, or transferctl set ID cost-policy=always") },
  { "background-data-restricted", N_ ("background data is restricted"),
    N_ ("another network, or transferctl network --restrict-background no") },
  { "battery-low", N_ ("the battery is low"),
    N_ ("mains, a charged battery, or transferctl set ID priority=high") },
  { "battery-saver", N_ ("the battery saver is on"),
    N_ ("the end of the battery saver, or transferctl set ID priority=default") },
  { "suspended", N_ ("the machine is going to sleep"),
    N_ ("it goes on by itself when the machine is awake") },
  { "recoverable-error", N_ ("an error that can be mended"),
    N_ ("transferctl set ID uri=… or header:…, then transferctl resume"), TRUE },
  { "not-before", N_ ("its time has not come"), N_ ("it starts by itself when its time has come") },
  { "retry-delay", N_ ("will be tried again"), N_ ("it goes on by itself"), TRUE },
  { "machine-limit", N_ ("too many transfers at once"),
    N_ ("it starts by itself when others have finished; transferctl set ID priority=high lets it "
        "go first") },
  { "user-limit", N_ ("too many transfers of this user at once"),
    N_ ("it starts by itself when others have finished; transferctl set ID priority=high lets it "
        "go first") },
  { "application-limit", N_ ("too many transfers of this application at once"),
    N_ ("it starts by itself when others have finished; transferctl set ID priority=high lets it "
        "go first") },
  { "host-limit", N_ ("too many transfers with this host at once"),
    N_ ("it starts by itself when others have finished; transferctl set ID priority=high lets it "
        "go first") },
  { "group-order", N_ ("others of its group come first"),
    N_ ("it starts by itself when those before it have finished") },
};

char *
bts_text_make_printable (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *printable = g_string_sized_new (strlen (valid));

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    {
      const gunichar character = g_utf8_get_char (c);

      /* Format characters include those that turn the direction of writing around. */
      if (g_unichar_iscntrl (character) || g_unichar_type (character) == G_UNICODE_FORMAT)
        g_string_append_c (printable, character == '\n' || character == '\t' ? ' ' : '?');
      else
        g_string_append_unichar (printable, character);
    }
  return g_string_free (printable, FALSE);
}

char *
bts_text_format_size (guint64 bytes)
{
  static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  double size = (double) bytes;
  gsize unit = 0;

  if (bytes < 1024)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " B", bytes);
  for (size /= 1024; size >= 1024 && unit + 1 < G_N_ELEMENTS (units); unit++)
    size /= 1024;
  return g_strdup_printf ("%.1f %s", size, units[unit]);
}

char *
bts_text_format_seconds (gint64 seconds)
{
  if (seconds < 0)
    return g_strdup ("");
  if (seconds < 3600)
    return g_strdup_printf ("%d:%02d", (int) (seconds / 60), (int) (seconds % 60));
  return g_strdup_printf ("%" G_GINT64_FORMAT ":%02d:%02d", seconds / 3600,
                          (int) (seconds / 60 % 60), (int) (seconds % 60));
}

char *
bts_text_format_user (uid_t uid)
{
  const struct passwd *user = getpwuid (uid);

  return user != NULL ? g_strdup (user->pw_name) : g_strdup_printf ("%u", uid);
}

char *
bts_text_format_time (gint64 time_us)
{
  g_autoptr (GDateTime) utc = NULL;
  g_autoptr (GDateTime) local = NULL;

  if (time_us == 0)
    return g_strdup ("");
  utc = g_date_time_new_from_unix_utc (time_us / G_USEC_PER_SEC);
  if (utc == NULL)
    return g_strdup ("");
  local = g_date_time_to_local (utc);
  return g_date_time_format (local, "%Y-%m-%d %H:%M:%S");
}

static const BlockerRow *
find_blocker (const char *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (blocker_rows); i++)
    if (g_str_equal (blocker_rows[i].word, word))
      return &blocker_rows[i];
  return NULL;
}

const char *
bts_text_describe_blocker (const char *word)
{
  const BlockerRow *row = find_blocker (word);

  return row != NULL ? _ (row->phrase) : word;
}

char *
bts_text_describe_blockers (char **words, const char *web_error)
{
  GString *phrase = g_string_new (NULL);

  for (guint i = 0; words != NULL && words[i] != NULL; i++)
    {
      const BlockerRow *row = find_blocker (words[i]);

      if (i > 0)
        g_string_append (phrase, ", ");
      g_string_append (phrase, bts_text_describe_blocker (words[i]));
      if (row != NULL && row->is_error && web_error[0] != '\0')
        g_string_append_printf (phrase, " (%s)", web_error);
    }
  return g_string_free (phrase, FALSE);
}

const char *
bts_text_describe_remedy (const char *word)
{
  const BlockerRow *row = find_blocker (word);

  return row != NULL ? _ (row->remedy) : "";
}

static int
get_character_width (gunichar character)
{
  if (g_unichar_iszerowidth (character))
    return 0;
  return g_unichar_iswide (character) ? 2 : 1;
}

int
bts_text_get_width (const char *text)
{
  int width = 0;

  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    width += get_character_width (g_utf8_get_char (c));
  return width;
}

char *
bts_text_shorten (const char *text, int width)
{
  GString *shortened;
  int used = 0;

  if (bts_text_get_width (text) <= width)
    return g_strdup (text);
  if (width <= 3)
    return g_strndup ("...", (gsize) MAX (width, 0));
  shortened = g_string_new (NULL);
  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    {
      used += get_character_width (g_utf8_get_char (c));
      if (used > width - 3)
        break;
      g_string_append_unichar (shortened, g_utf8_get_char (c));
    }
  g_string_append (shortened, "...");
  return g_string_free (shortened, FALSE);
}
