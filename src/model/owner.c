/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/owner.h"

#include <string.h>

struct _BtsOwner
{
  gatomicrefcount ref_count;
  uid_t uid;
  gboolean is_sandboxed;
  gboolean manages_all;
  char application[];
};

BtsOwner *
bts_owner_new (uid_t uid, const char *application, gboolean is_sandboxed)
{
  const char *name = application != NULL ? application : "";
  gsize size = strlen (name) + 1;
  BtsOwner *self = g_malloc (sizeof *self + size);

  g_atomic_ref_count_init (&self->ref_count);
  self->uid = uid;
  self->is_sandboxed = is_sandboxed;
  self->manages_all = FALSE;
  memcpy (self->application, name, size);

  return self;
}

BtsOwner *
bts_owner_new_managing_all (const BtsOwner *owner)
{
  BtsOwner *self = bts_owner_new (owner->uid, owner->application, owner->is_sandboxed);

  self->manages_all = TRUE;

  return self;
}

BtsOwner *
bts_owner_ref (BtsOwner *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
bts_owner_unref (BtsOwner *self)
{
  g_return_if_fail (self != NULL);

  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

uid_t
bts_owner_get_uid (const BtsOwner *self)
{
  return self->uid;
}

const char *
bts_owner_get_application (const BtsOwner *self)
{
  return self->application;
}

gboolean
bts_owner_is_sandboxed (const BtsOwner *self)
{
  return self->is_sandboxed;
}

gboolean
bts_owner_may_see (const BtsOwner *caller, const BtsOwner *owner)
{
  g_return_val_if_fail (caller != NULL && owner != NULL, FALSE);

  if (caller->manages_all)
    return TRUE;
  if (caller->uid != owner->uid)
    return FALSE;

  return !caller->is_sandboxed || g_str_equal (caller->application, owner->application);
}

BtsViewpoint
bts_owner_get_viewpoint (const BtsOwner *caller, const BtsOwner *owner)
{
  return caller->uid == owner->uid ? BTS_VIEWPOINT_USER : BTS_VIEWPOINT_ADMINISTRATOR;
}
