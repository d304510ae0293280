/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "lib/bgt-operation.h"

/* What the manager tells its operations; not for applications. */

BgtOperation *
bts_lib_operation_new (GDBusConnection *connection, const char *path, BgtOperationKind kind);

/* Takes over @properties, a{sv}, of any of the object's interfaces. */
void bts_lib_operation_update (BgtOperation *self, GVariant *properties);

/* A signal of one of the object's interfaces has arrived. */
void bts_lib_operation_handle_signal (BgtOperation *self, const char *signal, GVariant *parameters);

/* The service does not know the object any more. */
void bts_lib_operation_set_removed (BgtOperation *self);

GDBusConnection *bts_lib_operation_get_connection (BgtOperation *self);
GHashTable *bts_lib_operation_get_values (BgtOperation *self);
