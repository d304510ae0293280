/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <unistd.h>

#include "common/bgt-error.h"
#include "common/object-path.h"
#include "model/registry.h"

typedef struct
{
  BtsRegistry *registry; /* (owned) */
  BtsUsage *usage;       /* (unowned) */
  BtsOwner *owner;       /* (owned) */
  guint n_added;
  guint n_removed;
  guint n_changed;
  guint n_finished;
} Fixture;

static void
count (BtsRegistry *registry, BtsOperation *operation, guint *counter)
{
  g_assert_true (BTS_IS_OPERATION (operation));
  (*counter)++;
}

static void
count_changed (BtsRegistry *registry, BtsOperation *operation, guint changes, guint *counter)
{
  g_assert_cmphex (changes, !=, 0);
  (*counter)++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  BtsRegistry *registry = bts_registry_new ();

  fixture->registry = registry;
  fixture->usage = bts_registry_get_usage (registry);
  fixture->owner = bts_owner_new (1000, "test", FALSE);
  g_signal_connect (registry, "operation-added", G_CALLBACK (count), &fixture->n_added);
  g_signal_connect (registry, "operation-removed", G_CALLBACK (count), &fixture->n_removed);
  g_signal_connect (registry, "operation-changed", G_CALLBACK (count_changed), &fixture->n_changed);
  g_signal_connect (registry, "operation-finished", G_CALLBACK (count), &fixture->n_finished);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->registry);
  bts_owner_unref (fixture->owner);
}

static BtsOperation *
add_with_files (Fixture *fixture, gint64 created, BtsDescriptors *files)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *guid = bts_guid_new ();
  g_autoptr (BtsRequest) request = NULL;
  g_autoptr (BtsOperation) operation = NULL;

  g_variant_dict_insert (&dict, "uri", "s", "https://example.org/");
  request = bts_request_new (BGT_OPERATION_KIND_DOWNLOAD, g_variant_dict_end (&dict), NULL);
  operation = bts_operation_new (guid, fixture->owner, request, created);
  *bts_operation_get_files (operation) = bts_descriptors_steal (files);
  bts_registry_add (fixture->registry, operation);

  return operation;
}

static BtsOperation *
add (Fixture *fixture, gint64 created)
{
  BtsDescriptors none = BTS_DESCRIPTORS_NONE;

  return add_with_files (fixture, created, &none);
}

static gboolean
reserve (Fixture *fixture, guint n, guint max_per_application, guint max_per_user)
{
  g_autoptr (GError) error = NULL;

  if (bts_usage_reserve (fixture->usage, fixture->owner, n, 0, 0, max_per_application, max_per_user,
                         &error))
    return TRUE;

  g_assert_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED);
  return FALSE;
}

static void
test_operations_are_oldest_first (Fixture *fixture, gconstpointer data)
{
  GPtrArray *operations = bts_registry_get_operations (fixture->registry);
  BtsOperation *third = add (fixture, 3);
  BtsOperation *first = add (fixture, 1);
  BtsOperation *second = add (fixture, 2);

  g_assert_cmpuint (bts_registry_get_n_operations (fixture->registry), ==, 3);
  g_assert_true (g_ptr_array_index (operations, 0) == first);
  g_assert_true (g_ptr_array_index (operations, 1) == second);
  g_assert_true (g_ptr_array_index (operations, 2) == third);
  g_assert_true (bts_registry_lookup (fixture->registry, bts_operation_get_guid (second)) ==
                 second);

  bts_registry_remove (fixture->registry, first);
  g_assert_true (g_ptr_array_index (operations, 0) == second);
  g_assert_cmpuint (fixture->n_added, ==, 3);
  g_assert_cmpuint (fixture->n_removed, ==, 1);
}

static void
test_signals_are_passed_on (Fixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add (fixture, 1);
  g_autoptr (BtsOperation) kept = g_object_ref (operation);

  g_assert_true (bts_operation_start (operation, 2, NULL));
  g_assert_cmpuint (fixture->n_changed, ==, 1);
  bts_operation_finish (operation, BGT_OPERATION_STATUS_COMPLETED, 0, NULL, 3);
  g_assert_cmpuint (fixture->n_changed, ==, 2);
  g_assert_cmpuint (fixture->n_finished, ==, 1);

  bts_registry_remove (fixture->registry, operation);
  g_assert_null (bts_registry_lookup (fixture->registry, bts_operation_get_guid (kept)));
  g_assert_true (bts_operation_resume (kept, 4, NULL) == FALSE);
  bts_operation_take_progress (kept, 1, 1, 1, 1);
  g_assert_cmpuint (fixture->n_changed, ==, 2);

  bts_registry_remove (fixture->registry, kept);
  g_assert_cmpuint (fixture->n_removed, ==, 1);
}

static void
test_finished_operations_do_not_count (Fixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add (fixture, 1);

  g_assert_false (reserve (fixture, 1, 1, 9));
  bts_operation_finish (operation, BGT_OPERATION_STATUS_ERROR, 404, NULL, 3);
  g_assert_true (reserve (fixture, 1, 1, 9));
  bts_usage_release (fixture->usage, fixture->owner, 1, 0, 0);

  g_assert_true (bts_operation_resume (operation, 4, NULL));
  g_assert_false (reserve (fixture, 1, 1, 9));
  bts_registry_remove (fixture->registry, operation);
  g_assert_true (reserve (fixture, 1, 1, 9));
  bts_usage_release (fixture->usage, fixture->owner, 1, 0, 0);
}

static void
test_reservations_count (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOwner) other = bts_owner_new (1000, "other", FALSE);

  g_assert_true (reserve (fixture, 3, 5, 6));
  g_assert_false (reserve (fixture, 3, 5, 6));
  g_assert_true (reserve (fixture, 2, 5, 6));
  g_assert_false (reserve (fixture, 1, 5, 6));
  g_assert_false (reserve (fixture, G_MAXUINT, 5, 6));

  g_assert_true (bts_usage_reserve (fixture->usage, other, 1, 0, 0, 5, 6, NULL));
  g_assert_false (bts_usage_reserve (fixture->usage, other, 1, 0, 0, 5, 6, NULL));

  bts_usage_release (fixture->usage, fixture->owner, 5, 0, 0);
  bts_usage_release (fixture->usage, other, 1, 0, 0);
  g_assert_true (reserve (fixture, 5, 5, 6));
  bts_usage_release (fixture->usage, fixture->owner, 5, 0, 0);
}

/* It is changed to what is large, too, and finished operations count as well. */
static void
test_what_a_user_stores_is_limited (Fixture *fixture, gconstpointer data)
{
  g_autofree char *value = g_strnfill (7000, 'a');
  g_autoptr (BtsOwner) other = bts_owner_new (1000, "other", FALSE);
  g_autoptr (BtsOwner) stranger = bts_owner_new (1001, "test", FALSE);
  g_autoptr (GError) error = NULL;
  guint n = 0;

  while (n < 10000 && bts_usage_check_room (fixture->usage, fixture->owner, NULL))
    {
      BtsOperation *operation = add (fixture, n++);

      g_assert_true (bts_operation_set_header (operation, "X-Large", value, NULL));
      g_assert_true (bts_operation_cancel (operation, NULL));
    }
  g_assert_cmpuint (n, >, 2000);
  g_assert_cmpuint (n, <, 4000);
  g_assert_false (bts_usage_reserve (fixture->usage, other, 1, 0, 0, 9, 9, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED);
  g_assert_true (bts_usage_reserve (fixture->usage, stranger, 1, 0, 0, 9, 9, NULL));
  bts_usage_release (fixture->usage, stranger, 1, 0, 0);

  bts_registry_remove (fixture->registry,
                       bts_registry_get_operations (fixture->registry)->pdata[0]);
  g_assert_true (bts_usage_check_room (fixture->usage, other, NULL));
}

static void
test_what_is_being_created_takes_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const gsize half = 12 * 1024 * 1024;

  for (guint i = 0; i < 2; i++)
    g_assert_true (bts_usage_reserve (fixture->usage, fixture->owner, 1, 0, half, 9, 9, NULL));
  g_assert_false (bts_usage_reserve (fixture->usage, fixture->owner, 1, 0, 1, 9, 9, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED);
  bts_usage_release (fixture->usage, fixture->owner, 1, 0, half);
  g_assert_true (bts_usage_reserve (fixture->usage, fixture->owner, 1, 0, 1, 9, 9, NULL));
  bts_usage_release (fixture->usage, fixture->owner, 2, 0, half + 1);
}

static gboolean
reserve_descriptors (Fixture *fixture, guint n_descriptors)
{
  g_autoptr (GError) error = NULL;

  if (bts_usage_reserve (fixture->usage, fixture->owner, 1, n_descriptors, 0, 9, 9, &error))
    return TRUE;

  g_assert_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED);
  return FALSE;
}

/* After an error, too, for they are what a Resume needs. */
static void
test_descriptors_of_a_user_are_limited (Fixture *fixture, gconstpointer data)
{
  g_auto (BtsDescriptors) files = BTS_DESCRIPTORS_NONE;
  BtsOperation *operation = NULL;

  files.file = dup (STDIN_FILENO);
  bts_descriptors_add_part (&files, dup (STDIN_FILENO));
  operation = add_with_files (fixture, 1, &files);
  g_assert_true (reserve_descriptors (fixture, 8000));
  g_assert_false (reserve_descriptors (fixture, 191));
  g_assert_true (reserve_descriptors (fixture, 190));
  bts_usage_release (fixture->usage, fixture->owner, 2, 8190, 0);

  bts_operation_finish (operation, BGT_OPERATION_STATUS_ERROR, 404, NULL, 3);
  g_assert_false (reserve_descriptors (fixture, 8191));
  g_assert_true (bts_operation_resume (operation, 4, NULL));
  bts_operation_finish (operation, BGT_OPERATION_STATUS_COMPLETED, 0, NULL, 5);
  g_assert_true (reserve_descriptors (fixture, 8192));
  bts_usage_release (fixture->usage, fixture->owner, 1, 8192, 0);
}

/* Servers answer with heads of some 64 KiB, and nobody acknowledges. */
static void
test_what_is_reported_of_a_users_is_limited (Fixture *fixture, gconstpointer data)
{
  g_autofree char *value = g_strnfill (60 * 1024, 'a');
  g_autoptr (GVariant) update = g_variant_ref_sink (
      g_variant_new_parsed ("{'response': <{'headers': <[('x', %s)]>}>}", value));
  guint n = 0;

  while (n < 10000 && bts_usage_check_room (fixture->usage, fixture->owner, NULL))
    {
      BtsOperation *operation = add (fixture, n++);

      bts_operation_take_update (operation, update);
      bts_operation_finish (operation, BGT_OPERATION_STATUS_COMPLETED, 0, NULL, 1);
    }
  g_assert_cmpuint (n, >, 1000);
  g_assert_cmpuint (n, <, 1200);

  bts_registry_remove (fixture->registry,
                       bts_registry_get_operations (fixture->registry)->pdata[0]);
  bts_registry_remove (fixture->registry,
                       bts_registry_get_operations (fixture->registry)->pdata[0]);
  g_assert_true (bts_usage_check_room (fixture->usage, fixture->owner, NULL));
}

/* Small values take far more in the store and while it is read than they have bytes. */
static void
test_many_values_are_heavy (Fixture *fixture, gconstpointer data)
{
  g_autofree guint8 *bytes = g_malloc0 (60 * 1024);
  g_auto (GVariantDict) checkpoint = G_VARIANT_DICT_INIT (NULL);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) update = NULL;
  guint n = 0;

  g_variant_dict_insert_value (
      &checkpoint, "x", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, 60 * 1024, 1));
  g_variant_dict_insert_value (&dict, "checkpoint", g_variant_dict_end (&checkpoint));
  update = g_variant_ref_sink (g_variant_dict_end (&dict));
  while (n < 1000 && bts_usage_has_room_for_reports (fixture->usage, fixture->owner))
    bts_operation_take_update (add (fixture, n++), update);
  g_assert_cmpuint (n, >, 40);
  g_assert_cmpuint (n, <, 80);
}

static void
test_ten_thousand_operations_are_no_matter (Fixture *fixture, gconstpointer data)
{
  gint64 begin = g_get_monotonic_time ();

  for (guint i = 0; i < 10000; i++)
    add (fixture, g_test_rand_int_range (0, 1000));
  while (bts_registry_get_n_operations (fixture->registry) > 0)
    bts_registry_remove (fixture->registry,
                         g_ptr_array_index (bts_registry_get_operations (fixture->registry), 0));

  g_test_message ("%" G_GINT64_FORMAT " µs", g_get_monotonic_time () - begin);
  g_assert_cmpuint (fixture->n_removed, ==, 10000);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function)                                                                        \
  g_test_add ("/model/registry/" name, Fixture, NULL, set_up, function, tear_down)

  ADD ("operations-are-oldest-first", test_operations_are_oldest_first);
  ADD ("signals-are-passed-on", test_signals_are_passed_on);
  ADD ("finished-operations-do-not-count", test_finished_operations_do_not_count);
  ADD ("reservations-count", test_reservations_count);
  ADD ("what-a-user-stores-is-limited", test_what_a_user_stores_is_limited);
  ADD ("what-is-being-created-takes-room", test_what_is_being_created_takes_room);
  ADD ("descriptors-of-a-user-are-limited", test_descriptors_of_a_user_are_limited);
  ADD ("what-is-reported-of-a-users-is-limited", test_what_is_reported_of_a_users_is_limited);
  ADD ("many-values-are-heavy", test_many_values_are_heavy);
  ADD ("ten-thousand-operations-are-no-matter", test_ten_thousand_operations_are_no_matter);

  return g_test_run ();
}
