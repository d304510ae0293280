/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* What one operation is to be made from: the options of the call, with kind, uri, destination and
 * so on among them, and the application's descriptors. */
typedef struct
{
  BgtOperationKind kind;
  GVariant *options;    /* (owned): a{sv} */
  BtsDescriptors files; /* (owned) */
  gboolean is_started;
} BtsCreateSpec;

BtsCreateSpec *bts_create_spec_new (BgtOperationKind kind, GVariant *options, int fd);
void bts_create_spec_free (BtsCreateSpec *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsCreateSpec, bts_create_spec_free)

/* Whether this service may fetch @uri. NOT_SUPPORTED where the configuration forbids it. */
gboolean bts_check_uri_is_allowed (const BtsLimits *limits, const char *uri, GError **error);

/* Makes all of @specs (element-type BtsCreateSpec) or none: checks them, asks the engine, saves
 * them, and adds them to the registry. With more than one the error says which is wrong. */
void bts_create_operations_async (BtsBus *bus,
                                  BtsCaller *caller,
                                  GPtrArray *specs,
                                  gboolean is_batch,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
/* (element-type BtsOperation) (transfer container), in the order of the specs */
GPtrArray *bts_create_operations_finish (GAsyncResult *result, GError **error);
