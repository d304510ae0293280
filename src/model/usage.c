/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/usage.h"

#include "common/bgt-error.h"
#include "model/worker-update.h"

/* A message of the system bus has 32 MiB, and has to hold all of a user's operations. */
#define MAX_BYTES_PER_USER (24 * 1024 * 1024)
/* What servers have answered and workers note is in no such message, but in memory and on the disk,
 * where it is text that a start has to read. It comes later than the operation: then new ones are
 * refused, and little is taken of what is reported of those that are there. */
#define MAX_REPORTED_BYTES_PER_USER (64 * 1024 * 1024)
/* Beyond that, for checkpoints alone, of which none but odd ones has as much: without its last one
 * a transfer may have to begin anew. */
#define MAX_CHECKPOINT_BYTES (128 * 1024)
#define CHECKPOINT_BYTES_PER_USER (16 * 1024 * 1024)
/* The service keeps them until an operation is completed or canceled; all users together have what
 * LimitNOFILE of the unit allows. */
#define MAX_DESCRIPTORS_PER_USER 8192
/* Where so much of one of them is used, what has finished is to make room. */
#define SCARCE(maximum) ((maximum) / 4 * 3)

/* How many unfinished operations somebody has; reserved ones are still being created. */
typedef struct
{
  guint n_unfinished;
  guint n_reserved;
  guint n_reserved_descriptors;
  gsize n_reserved_bytes;
  BtsRoom room; /* a user's */
} Count;

struct _BtsUsage
{
  GHashTable *applications; /* (owned) (element-type utf8 Count): by uid and name */
  GHashTable *users;        /* (owned) (element-type uint Count) */
};

BtsUsage *
bts_usage_new (void)
{
  BtsUsage *self = g_new0 (BtsUsage, 1);

  self->applications = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->users = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
bts_usage_free (BtsUsage *self)
{
  g_hash_table_unref (self->applications);
  g_hash_table_unref (self->users);
  g_free (self);
}

static char *
make_application_key (BtsOwner *owner)
{
  return g_strdup_printf ("%u %s", bts_owner_get_uid (owner), bts_owner_get_application (owner));
}

static gpointer
make_user_key (BtsOwner *owner)
{
  return GUINT_TO_POINTER (bts_owner_get_uid (owner));
}

/* Those who have nothing are in no table. */
static Count
get_count (GHashTable *table, gconstpointer key)
{
  const Count *count = g_hash_table_lookup (table, key);

  return count != NULL ? *count : (Count){ 0 };
}

static Count
get_user_count (BtsUsage *self, BtsOwner *owner)
{
  return get_count (self->users, make_user_key (owner));
}

static Count
get_application_count (BtsUsage *self, BtsOwner *owner)
{
  g_autofree char *key = make_application_key (owner);

  return get_count (self->applications, key);
}

static gboolean
is_unused (const Count *count)
{
  return count->n_unfinished == 0 && count->n_reserved == 0 && count->n_reserved_descriptors == 0 &&
         count->n_reserved_bytes == 0 && count->room.n_bytes == 0 &&
         count->room.n_reported_bytes == 0 && count->room.n_descriptors == 0;
}

static void
set_user_count (BtsUsage *self, BtsOwner *owner, const Count *count)
{
  if (is_unused (count))
    g_hash_table_remove (self->users, make_user_key (owner));
  else
    g_hash_table_insert (self->users, make_user_key (owner), g_memdup2 (count, sizeof *count));
}

static void
set_application_count (BtsUsage *self, BtsOwner *owner, const Count *count)
{
  g_autofree char *key = make_application_key (owner);

  if (is_unused (count))
    g_hash_table_remove (self->applications, key);
  else
    g_hash_table_insert (self->applications, g_steal_pointer (&key),
                         g_memdup2 (count, sizeof *count));
}

void
bts_usage_count_unfinished (BtsUsage *self, BtsOwner *owner, int change)
{
  Count application = get_application_count (self, owner);
  Count user = get_user_count (self, owner);

  application.n_unfinished += (guint) change;
  user.n_unfinished += (guint) change;
  set_application_count (self, owner, &application);
  set_user_count (self, owner, &user);
}

void
bts_usage_count_room (BtsUsage *self, BtsOwner *owner, const BtsRoom *before, const BtsRoom *after)
{
  Count user = get_user_count (self, owner);

  user.room.n_bytes += after->n_bytes - before->n_bytes;
  user.room.n_reported_bytes += after->n_reported_bytes - before->n_reported_bytes;
  user.room.n_descriptors += after->n_descriptors - before->n_descriptors;
  set_user_count (self, owner, &user);
}

static gboolean
check_limit (const Count *count, guint n, guint maximum, const char *whose, GError **error)
{
  guint64 wanted = (guint64) count->n_unfinished + count->n_reserved + n;

  if (wanted <= maximum)
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
               "%s may have %u unfinished operations and has %u", whose, maximum,
               count->n_unfinished + count->n_reserved);
  return FALSE;
}

static gboolean
check_descriptors (const Count *user, guint n, GError **error)
{
  guint64 wanted = (guint64) user->room.n_descriptors + user->n_reserved_descriptors + n;

  if (wanted <= MAX_DESCRIPTORS_PER_USER)
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
               "All operations of a user may have %d descriptors together; acknowledge finished "
               "ones",
               MAX_DESCRIPTORS_PER_USER);
  return FALSE;
}

gboolean
bts_usage_reserve (BtsUsage *self,
                   BtsOwner *owner,
                   guint n,
                   guint n_descriptors,
                   gsize n_bytes,
                   guint max_per_application,
                   guint max_per_user,
                   GError **error)
{
  Count application = get_application_count (self, owner);
  Count user = get_user_count (self, owner);

  if (!bts_usage_check_room (self, owner, error) ||
      !check_limit (&application, n, max_per_application, "An application", error) ||
      !check_limit (&user, n, max_per_user, "A user", error) ||
      !check_descriptors (&user, n_descriptors, error))
    return FALSE;

  application.n_reserved += n;
  user.n_reserved += n;
  user.n_reserved_descriptors += n_descriptors;
  user.n_reserved_bytes += n_bytes;
  set_application_count (self, owner, &application);
  set_user_count (self, owner, &user);
  return TRUE;
}

void
bts_usage_release (BtsUsage *self, BtsOwner *owner, guint n, guint n_descriptors, gsize n_bytes)
{
  Count application = get_application_count (self, owner);
  Count user = get_user_count (self, owner);

  g_return_if_fail (application.n_reserved >= n && user.n_reserved >= n &&
                    user.n_reserved_descriptors >= n_descriptors &&
                    user.n_reserved_bytes >= n_bytes);

  application.n_reserved -= n;
  user.n_reserved -= n;
  user.n_reserved_descriptors -= n_descriptors;
  user.n_reserved_bytes -= n_bytes;
  set_application_count (self, owner, &application);
  set_user_count (self, owner, &user);
}

gboolean
bts_usage_check_room (BtsUsage *self, BtsOwner *owner, GError **error)
{
  const Count user = get_user_count (self, owner);

  if (user.room.n_bytes + user.n_reserved_bytes >= MAX_BYTES_PER_USER)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
                   "All operations of a user may have %d MiB together; acknowledge finished ones",
                   MAX_BYTES_PER_USER / (1024 * 1024));
      return FALSE;
    }
  if (!bts_usage_has_room_for_reports (self, owner))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
                   "What servers have answered to all operations of a user may have %d MiB "
                   "together; acknowledge finished ones",
                   MAX_REPORTED_BYTES_PER_USER / (1024 * 1024));
      return FALSE;
    }

  return TRUE;
}

gboolean
bts_usage_has_room_for_reports (BtsUsage *self, BtsOwner *owner)
{
  return get_user_count (self, owner).room.n_reported_bytes < MAX_REPORTED_BYTES_PER_USER;
}

gsize
bts_usage_get_checkpoint_room (BtsUsage *self, BtsOperation *operation)
{
  const Count user = get_user_count (self, bts_operation_get_owner (operation));
  gsize held = bts_report_get_weight (bts_operation_get_checkpoint (operation));

  return user.room.n_reported_bytes < MAX_REPORTED_BYTES_PER_USER + CHECKPOINT_BYTES_PER_USER
             ? MAX (held, MAX_CHECKPOINT_BYTES)
             : held;
}

gboolean
bts_usage_is_room_scarce (BtsUsage *self, BtsOwner *owner)
{
  const Count user = get_user_count (self, owner);

  return user.room.n_bytes >= SCARCE (MAX_BYTES_PER_USER) ||
         user.room.n_reported_bytes >= SCARCE (MAX_REPORTED_BYTES_PER_USER) ||
         user.room.n_descriptors >= SCARCE (MAX_DESCRIPTORS_PER_USER);
}
