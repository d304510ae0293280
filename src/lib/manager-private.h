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
