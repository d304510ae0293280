/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

#include "common/bgt-enums.h"

/* What was asked: a checked a{sv}. Immutable, reference-counted. One table in request.c lists
 * every key with its type, its check and whether it may change; the D-Bus options, the stored
 * record and what the worker is told are all this one dictionary.
 *
 * Keys: every option of the D-Bus reference, and
 *   kind s                download, upload
 *   uri s                 RequestedUri
 *   destination s         downloads: absolute path or file:// URI; absent for a descriptor
 *   source s              uploads: likewise
 *   destination-file a{sv}, source-file a{sv}, body-file a{sv}   what the worker found out about
 *                         a descriptor (path ay, device t, inode t, so that it can be reopened
 *                         later; or is-stream b); refused by bts_request_new, added by
 *                         bts_request_with */

typedef struct _BtsRequest BtsRequest;

/* Checks all of @options (a floating reference is taken). BGT_ERROR_INVALID_ARGUMENT names the
 * key that is wrong, BGT_ERROR_NOT_SUPPORTED the one that this version cannot do yet. */
BtsRequest *bts_request_new (BgtOperationKind kind, GVariant *options, GError **error);

/* The same for what the service itself has kept: every value is checked, but unknown keys and
 * descriptors are left out, and neither size nor what this version can do costs the record. */
BtsRequest *bts_request_new_from_record (BgtOperationKind kind, GVariant *options, GError **error);

BtsRequest *bts_request_ref (BtsRequest *self);
void bts_request_unref (BtsRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsRequest, bts_request_unref)

/* A copy in which @key is @value (a floating reference is taken), or is not set where NULL. */
BtsRequest *bts_request_with (BtsRequest *self, const char *key, GVariant *value, GError **error);

/* All of it, a{sv}; lent. */
GVariant *bts_request_get_variant (BtsRequest *self);

/* Of all that its caller has given, in bytes. */
gsize bts_request_get_size (BtsRequest *self);

/* Lends the value; NULL where it is not set. */
GVariant *bts_request_lookup (BtsRequest *self, const char *key);

BgtOperationKind bts_request_get_kind (BtsRequest *self);
const char *bts_request_get_uri (BtsRequest *self);
const char *bts_request_get_host (BtsRequest *self); /* scheme://host:port, for the limits */
const char *bts_request_get_method (BtsRequest *self);
const char *bts_request_get_destination (BtsRequest *self); /* (nullable) */
const char *bts_request_get_source (BtsRequest *self);      /* (nullable) */
BgtCostPolicy bts_request_get_cost_policy (BtsRequest *self);
BgtPriority bts_request_get_priority (BtsRequest *self);
guint64 bts_request_get_max_rate (BtsRequest *self);
gint64 bts_request_get_not_before (BtsRequest *self); /* 0 where unset */
gint64 bts_request_get_deadline (BtsRequest *self);   /* 0 where unset */
/* Whether some of what is sent comes out of pipes or sockets, and has to be kept first. */
gboolean bts_request_has_streams (BtsRequest *self);
gboolean bts_request_is_recoverable (BtsRequest *self, int web_error);
