/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "lib/bgt-manager.h"

/* The operation at @path, which becomes known with @values, a{sv}, of its Operation interface
 * if it was not. (transfer none); NULL where @path is not an operation's. */
BgtOperation *bts_lib_manager_take_operation (BgtManager *self, const char *path, GVariant *values);

/* (transfer none) (nullable) */
BgtOperation *bts_lib_manager_lookup_path (BgtManager *self, const char *path);

/* A call that creates an operation and answers with its path; @parameters is taken if floating. The
 * task of @source_tag returns through bts_lib_manager_create_finish(). */
void bts_lib_manager_create_async (BgtManager *self,
                                   gpointer source_tag,
                                   const char *method,
                                   GVariant *parameters,
                                   GUnixFDList *files,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);

/* (transfer full): of @type, or NULL with @error set */
BgtOperation *
bts_lib_manager_create_finish (BgtManager *self, GAsyncResult *result, GType type, GError **error);
BgtOperation *bts_lib_manager_create_sync (BgtManager *self,
                                           const char *method,
                                           GVariant *parameters,
                                           GUnixFDList *files,
                                           GType type,
                                           GCancellable *cancellable,
                                           GError **error);
