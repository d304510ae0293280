/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "bus/missed.h"

/* What has been told, a word each, and how many more may be. */
typedef struct
{
  GString *told;
  guint n_left;
} Listener;

static gboolean
tell (const BtsSignal *signal, gpointer user_data)
{
  Listener *listener = user_data;
  g_autofree char *text = g_variant_print (signal->parameters, FALSE);

  if (listener->n_left == 0)
    return FALSE;
  listener->n_left--;
  g_string_append_printf (listener->told, "%s%s;", signal->object_path, text);

  return TRUE;
}

static void
assert_replay (BtsMissed *missed, const char *name, guint n_at_most, const char *expected)
{
  Listener listener = { g_string_new (NULL), n_at_most };

  bts_missed_replay (missed, name, tell, &listener);
  g_assert_cmpstr (listener.told->str, ==, expected);
  g_string_free (listener.told, TRUE);
}

/* Takes @parameters. */
static void
add (BtsMissed *missed, const char *path, const char *name, GVariant *parameters)
{
  BtsSignal signal = {
    NULL, BTS_VIEWPOINT_ANY, path, "a.b", name, g_variant_ref_sink (parameters)
  };

  bts_missed_add (missed, &signal);
  g_variant_unref (signal.parameters);
}

static void
add_change (BtsMissed *missed, const char *path, const char *property, int value)
{
  GVariantBuilder changes = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&changes, "{sv}", property, g_variant_new_int32 (value));
  add (missed, path, "PropertiesChanged", g_variant_new ("(sa{sv}as)", "i", &changes, NULL));
}

static void
test_each_gets_what_it_has_missed (void)
{
  g_autoptr (BtsMissed) missed = bts_missed_new ();

  bts_missed_note (missed, ":1");
  add (missed, "/a", "Finished", g_variant_new ("(s)", "x"));
  bts_missed_note (missed, ":1");
  bts_missed_note (missed, ":2");
  add (missed, "/b", "Finished", g_variant_new ("(s)", "y"));
  g_assert_true (bts_missed_has (missed, ":1"));
  g_assert_false (bts_missed_has (missed, ":3"));
  assert_replay (missed, ":1", 9, "/a('x',);/b('y',);");
  assert_replay (missed, ":2", 9, "/b('y',);");
  assert_replay (missed, ":2", 9, "");
  assert_replay (missed, ":3", 9, "");
  g_assert_false (bts_missed_has (missed, ":2"));
}

static void
test_of_changes_the_last_counts (void)
{
  g_autoptr (BtsMissed) missed = bts_missed_new ();
  Listener listener = { g_string_new (NULL), 9 };

  bts_missed_note (missed, ":1");
  for (int i = 0; i <= 1000; i++)
    add_change (missed, "/a", "n", i);
  add_change (missed, "/a", "m", 7);
  add_change (missed, "/b", "n", 5);
  add_change (missed, "/a", "m", 8);
  bts_missed_replay (missed, ":1", tell, &listener);
  g_assert_true (g_str_has_prefix (listener.told->str, "/b('i', {'n': <5>}, []);/a("));
  g_assert_nonnull (strstr (listener.told->str, "'n': <1000>"));
  g_assert_nonnull (strstr (listener.told->str, "'m': <8>"));
  g_assert_cmpuint (listener.n_left, ==, 7);
  g_string_free (listener.told, TRUE);
}

static void
test_it_goes_on_where_it_was_stopped (void)
{
  g_autoptr (BtsMissed) missed = bts_missed_new ();

  bts_missed_note (missed, ":1");
  for (int i = 0; i < 5; i++)
    add (missed, "/a", "Tick", g_variant_new ("(i)", i));
  assert_replay (missed, ":1", 2, "/a(0,);/a(1,);");
  g_assert_true (bts_missed_has (missed, ":1"));
  assert_replay (missed, ":1", 2, "/a(2,);/a(3,);");
  bts_missed_forget (missed, ":1");
  assert_replay (missed, ":1", 2, "");
}

static void
test_it_does_not_grow_for_ever (void)
{
  g_autoptr (BtsMissed) missed = bts_missed_new ();
  Listener listener = { g_string_new (NULL), G_MAXUINT };

  bts_missed_note (missed, ":1");
  for (int i = 0; i < 100000; i++)
    add (missed, "/a", "Tick", g_variant_new ("(i)", i));
  bts_missed_replay (missed, ":1", tell, &listener);
  g_assert_cmpuint (G_MAXUINT - listener.n_left, <, 20000);
  g_assert_true (g_str_has_suffix (listener.told->str, "/a(99999,);"));
  g_string_free (listener.told, TRUE);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bus/missed/each-gets-what-it-has-missed", test_each_gets_what_it_has_missed);
  g_test_add_func ("/bus/missed/of-changes-the-last-counts", test_of_changes_the_last_counts);
  g_test_add_func ("/bus/missed/it-goes-on-where-it-was-stopped",
                   test_it_goes_on_where_it_was_stopped);
  g_test_add_func ("/bus/missed/it-does-not-grow-for-ever", test_it_does_not_grow_for_ever);

  return g_test_run ();
}
