/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/app-id.h"

#include <string.h>

typedef struct
{
  const char *text;
  const char *app_id; /* (nullable) */
} Case;

static const Case units[] = {
  { "app-gnome-org.gnome.Epiphany-4711.scope", "org.gnome.Epiphany" },
  { "app-org.gnome.Epiphany-4711.scope", "org.gnome.Epiphany" },
  { "app-flatpak-org.example.App-1.scope", "org.example.App" },
  { "app-gnome-gnome\\x2dterminal\\x2dserver-99.scope", "gnome-terminal-server" },
  { "app-org.example.App@autostart.service", "org.example.App" },
  { "app-org.example.App@.service", "org.example.App" },
  { "app-org.example.App.service", "org.example.App" },
  { "app-kde-org.kde.kate@0a1b.service", "org.kde.kate" },
  { "app-org.gnome.Epiphany.slice", NULL },
  { "app-1.scope", NULL },
  { "app--1.scope", NULL },
  { "app-.scope", NULL },
  { "app-", NULL },
  { "app-@x.service", NULL },
  { "app-a\\x-1.scope", NULL },
  { "app-a\\x0-1.scope", NULL },
  { "app-a\\x00b-1.scope", NULL },
  { "app-a\\x2fb-1.scope", NULL },
  { "app-a\\xff-1.scope", NULL },
  { "app-a\\x0ab-1.scope", NULL },
  { "session-2.scope", NULL },
  { "", NULL },
};

static void
test_unit (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    {
      g_autofree char *app_id = bts_app_id_from_unit (units[i].text);

      g_test_message ("%s", units[i].text);
      g_assert_cmpstr (app_id, ==, units[i].app_id);
    }
}

static const Case cgroups[] = {
  { "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-org.a.B-1.scope\n",
    "org.a.B" },
  { "0::/user.slice/user@1000.service/app.slice/app-org.a.B@x.service/inner\n", "org.a.B" },
  { "12:cpu:/app-org.no.No-1.scope\n1:name=systemd:/x/app-org.a.B-1.scope\n", "org.a.B" },
  { "0::/user.slice/user-1000.slice/session-2.scope\n", NULL },
  { "0::/app-org.a.B-1.scope/system.slice/other.service\n", NULL },
  { "0::/\n", NULL },
  { "0::", NULL },
  { "rubbish", NULL },
  { "", NULL },
};

static void
test_cgroup (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cgroups); i++)
    {
      g_autofree char *app_id = bts_app_id_from_cgroup (cgroups[i].text);

      g_test_message ("%s", cgroups[i].text);
      g_assert_cmpstr (app_id, ==, cgroups[i].app_id);
    }
}

static const Case executables[] = {
  { "/usr/bin/curl", "curl" }, { "/usr/bin/curl (deleted)", "curl" },
  { "curl", "curl" },          { "/usr/bin/", NULL },
  { "/a/b\nc", NULL },         { "", NULL },
};

static void
test_executable (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (executables); i++)
    {
      g_autofree char *app_id = bts_app_id_from_executable (executables[i].text);

      g_assert_cmpstr (app_id, ==, executables[i].app_id);
    }
}

static void
test_flatpak_info (void)
{
  static const struct
  {
    const char *info;
    const char *app_id; /* (nullable) */
    gboolean has_network;
  } cases[] = {
    { "[Application]\nname=org.a.B\n[Context]\nshared=network;ipc;\n", "org.a.B", TRUE },
    { "[Application]\nname=org.a.B\n[Context]\nshared=ipc;\n", "org.a.B", FALSE },
    { "[Application]\nname=org.a.B\n", "org.a.B", FALSE },
    { "[Runtime]\nname=org.a.B\n", NULL, FALSE },
    { "[Application]\nname=\n", NULL, FALSE },
    { "[Application]\nname=a/b\n", NULL, FALSE },
    { "", NULL, FALSE },
    { "\xff\xfe", NULL, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *app_id = NULL;
      gboolean has_network = FALSE;
      gboolean is_known = bts_app_id_from_flatpak_info (cases[i].info, strlen (cases[i].info),
                                                        &app_id, &has_network);

      g_assert_cmpint (is_known, ==, cases[i].app_id != NULL);
      g_assert_cmpstr (app_id, ==, cases[i].app_id);
      g_assert_cmpint (has_network, ==, cases[i].has_network);
    }
}

static void
test_snap_label (void)
{
  static const struct
  {
    const char *label;
    gboolean is_snap;
    const char *app_id; /* (nullable) */
    gboolean is_confined;
  } cases[] = {
    { "snap.firefox.firefox (enforce)", TRUE, "firefox", TRUE },
    { "snap.a-b.c.d (enforce)", TRUE, "a-b", TRUE },
    { "snap.code.code (complain)", TRUE, "code", FALSE },
    { "snap.firefox", TRUE, "firefox", TRUE },
    { "snap..x (enforce)", TRUE, NULL, TRUE },
    { "snap.", TRUE, NULL, TRUE },
    { "unconfined", FALSE, NULL, FALSE },
    { "", FALSE, NULL, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *app_id = NULL;
      gboolean is_confined = FALSE;

      g_assert_cmpint (bts_app_id_from_snap_label (cases[i].label, &app_id, &is_confined), ==,
                       cases[i].is_snap);
      g_assert_cmpstr (app_id, ==, cases[i].app_id);
      g_assert_cmpint (is_confined, ==, cases[i].is_confined);
    }
}

static void
test_validity (void)
{
  g_autofree char *longest = g_strnfill (255, 'a');
  g_autofree char *too_long = g_strnfill (256, 'a');

  g_assert_true (bts_app_id_is_valid (longest));
  g_assert_false (bts_app_id_is_valid (too_long));
  g_assert_false (bts_app_id_is_valid (""));
  g_assert_false (bts_app_id_is_valid ("a\xff"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bus/app-id/unit-name-holds-the-application", test_unit);
  g_test_add_func ("/bus/app-id/cgroup-names-the-innermost-unit", test_cgroup);
  g_test_add_func ("/bus/app-id/executable-is-known-by-its-last-element", test_executable);
  g_test_add_func ("/bus/app-id/flatpak-info-names-application-and-network", test_flatpak_info);
  g_test_add_func ("/bus/app-id/security-label-names-the-snap", test_snap_label);
  g_test_add_func ("/bus/app-id/length-and-encoding-are-limited", test_validity);

  return g_test_run ();
}
