/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/owner.h"

static void
test_free_callers_see_all_of_their_user (void)
{
  g_autoptr (BtsOwner) caller = bts_owner_new (1000, "shell", FALSE);
  g_autoptr (BtsOwner) other_application = bts_owner_new (1000, "org.example.App", TRUE);
  g_autoptr (BtsOwner) other_user = bts_owner_new (1001, "shell", FALSE);

  g_assert_true (bts_owner_may_see (caller, caller));
  g_assert_true (bts_owner_may_see (caller, other_application));
  g_assert_false (bts_owner_may_see (caller, other_user));
}

static void
test_sandboxed_callers_see_their_own_application (void)
{
  g_autoptr (BtsOwner) caller = bts_owner_new (1000, "org.example.App", TRUE);
  g_autoptr (BtsOwner) same = bts_owner_new (1000, "org.example.App", TRUE);
  g_autoptr (BtsOwner) other_application = bts_owner_new (1000, "org.example.Other", TRUE);
  g_autoptr (BtsOwner) other_user = bts_owner_new (1001, "org.example.App", TRUE);

  g_assert_true (bts_owner_may_see (caller, same));
  g_assert_false (bts_owner_may_see (caller, other_application));
  g_assert_false (bts_owner_may_see (caller, other_user));
}

static void
test_managers_of_all_see_everything (void)
{
  g_autoptr (BtsOwner) plain = bts_owner_new (1000, "org.example.App", FALSE);
  g_autoptr (BtsOwner) manager = bts_owner_new_managing_all (plain);
  g_autoptr (BtsOwner) other_user = bts_owner_new (1001, "org.example.Other", TRUE);

  g_assert_true (bts_owner_may_see (manager, other_user));
  g_assert_true (bts_owner_may_see (manager, plain));
  g_assert_false (bts_owner_may_see (other_user, manager));
  g_assert_cmpuint (bts_owner_get_uid (manager), ==, 1000);
}

static void
test_unknown_applications_have_an_empty_name (void)
{
  g_autoptr (BtsOwner) owner = bts_owner_new (1000, NULL, TRUE);

  g_assert_cmpstr (bts_owner_get_application (owner), ==, "");
  g_assert_cmpuint (bts_owner_get_uid (owner), ==, 1000);
  g_assert_true (bts_owner_is_sandboxed (owner));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/model/owner/free-callers-see-all-of-their-user",
                   test_free_callers_see_all_of_their_user);
  g_test_add_func ("/model/owner/sandboxed-callers-see-their-own-application",
                   test_sandboxed_callers_see_their_own_application);
  g_test_add_func ("/model/owner/managers-of-all-see-everything",
                   test_managers_of_all_see_everything);
  g_test_add_func ("/model/owner/unknown-applications-have-an-empty-name",
                   test_unknown_applications_have_an_empty_name);

  return g_test_run ();
}
