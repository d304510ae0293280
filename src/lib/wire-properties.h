/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* The properties of operations as they stand on the bus, and as GObject properties: one row each,
 * from which everything else is made. */

typedef enum
{
  BTS_LIB_OWNER_OPERATION,
  BTS_LIB_OWNER_DOWNLOAD,
  BTS_LIB_OWNER_UPLOAD,
} BtsLibOwner;

/* Defines a property of @klass for each row of @owner. IDs are rows, from 1. */
void bts_lib_properties_install (GObjectClass *klass, BtsLibOwner owner);

/* Reads the property @id from @values, (element-type utf8 GVariant), names as on the bus. What is
 * missing, or of another type than the interface says, reads as the type's zero. */
void bts_lib_properties_get (GHashTable *values, guint id, GValue *value);

/* Takes over @properties, a{sv}, into @values and notifies @object of what has changed. */
void bts_lib_properties_update (GHashTable *values, GVariant *properties, GObject *object);

/* The getters of one value: lent, and never NULL for strings. */
const char *bts_lib_properties_get_string (GHashTable *values, const char *name);
guint64 bts_lib_properties_get_uint64 (GHashTable *values, const char *name);
gint64 bts_lib_properties_get_int64 (GHashTable *values, const char *name);
gboolean bts_lib_properties_get_boolean (GHashTable *values, const char *name);
char **bts_lib_properties_dup_strv (GHashTable *values, const char *name);
