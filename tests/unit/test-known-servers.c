/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/known-servers.h"

static GVariant *
build (BtsKnownServers *servers)
{
  return g_variant_ref_sink (bts_known_servers_build (servers));
}

static void
test_last_word_counts (void)
{
  g_autoptr (BtsKnownServers) servers = bts_known_servers_new ();
  g_autoptr (GVariant) built = NULL;
  const char *protocol = NULL;

  bts_known_servers_take (servers, "http://a:80", "tus");
  bts_known_servers_take (servers, "https://b:443", "ietf");
  bts_known_servers_take (servers, "http://a:80", "");
  built = build (servers);
  g_assert_cmpuint (g_variant_n_children (built), ==, 2);
  g_assert_true (g_variant_lookup (built, "http://a:80", "&s", &protocol));
  g_assert_cmpstr (protocol, ==, "");
  g_assert_true (g_variant_lookup (built, "https://b:443", "&s", &protocol));
  g_assert_cmpstr (protocol, ==, "ietf");
}

static void
test_is_bounded (void)
{
  g_autoptr (BtsKnownServers) servers = bts_known_servers_new ();
  g_autofree char *long_text = g_strnfill (1000, 'a');
  g_autoptr (GVariant) built = NULL;

  bts_known_servers_take (servers, long_text, "tus");
  bts_known_servers_take (servers, "http://a:80", long_text);
  built = build (servers);
  g_assert_cmpuint (g_variant_n_children (built), ==, 0);

  for (guint i = 0; i < 100000; i++)
    {
      g_autofree char *origin = g_strdup_printf ("http://%u:80", i);

      bts_known_servers_take (servers, origin, "tus");
    }
  g_clear_pointer (&built, g_variant_unref);
  built = build (servers);
  g_assert_cmpuint (g_variant_n_children (built), <=, 500);
  g_assert_true (g_variant_lookup (built, "http://99999:80", "&s", NULL));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/known-servers/last-word-counts", test_last_word_counts);
  g_test_add_func ("/daemon/known-servers/is-bounded", test_is_bounded);
  return g_test_run ();
}
