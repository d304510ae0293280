/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>
#include <sys/types.h>

/* Who asked: a user's application. Immutable, reference-counted. */

typedef struct _BtsOwner BtsOwner;

BtsOwner *bts_owner_new (uid_t uid, const char *application, gboolean is_sandboxed);
BtsOwner *bts_owner_ref (BtsOwner *self);
void bts_owner_unref (BtsOwner *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsOwner, bts_owner_unref)

uid_t bts_owner_get_uid (const BtsOwner *self);
const char *bts_owner_get_application (const BtsOwner *self);
gboolean bts_owner_is_sandboxed (const BtsOwner *self);

/* The same, once an administrator: sees what anybody owns. */
BtsOwner *bts_owner_new_managing_all (const BtsOwner *owner);

/* The only rule of who sees what: a sandboxed caller its own application's, any other caller its
 * own uid's, one that manages all everything. What a caller may not see does not exist for it. */
gboolean bts_owner_may_see (const BtsOwner *caller, const BtsOwner *owner);

/* From where something is seen: by its own user, or by an administrator who manages another
 * user's, and to whom the names of several users' things have to differ. */
typedef enum
{
  BTS_VIEWPOINT_USER = 1 << 0,
  BTS_VIEWPOINT_ADMINISTRATOR = 1 << 1,
  BTS_VIEWPOINT_ANY = BTS_VIEWPOINT_USER | BTS_VIEWPOINT_ADMINISTRATOR,
} BtsViewpoint;

/* From where @caller, who may see it, sees what @owner owns. */
BtsViewpoint bts_owner_get_viewpoint (const BtsOwner *caller, const BtsOwner *owner);
