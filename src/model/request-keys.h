/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

#include "common/bgt-enums.h"
#include "common/options.h"

/* The one table of everything that a request may hold. */

/* When the application may change a key of an operation that exists. */
typedef enum
{
  BTS_CHANGE_RULE_NEVER,
  BTS_CHANGE_RULE_BEFORE_START,
  BTS_CHANGE_RULE_UNFINISHED,
  BTS_CHANGE_RULE_UNFINISHED_OR_ERROR, /* what a Resume after an error may need */
  BTS_CHANGE_RULE_HELD_OR_ERROR,       /* paused by the application or a recoverable error */
} BtsChangeRule;

typedef enum
{
  BTS_KINDS_DOWNLOAD = 1 << BGT_OPERATION_KIND_DOWNLOAD,
  BTS_KINDS_UPLOAD = 1 << BGT_OPERATION_KIND_UPLOAD,
  BTS_KINDS_ALL = BTS_KINDS_DOWNLOAD | BTS_KINDS_UPLOAD,
} BtsKinds;

typedef struct
{
  BtsOptionRow option;
  BtsKinds kinds;
  BtsChangeRule change_rule;
  gboolean is_internal;     /* the service's own, never taken from an application */
  gboolean is_supported;    /* whether this version can do it */
  const char *default_text; /* (nullable): as GVariant text */
  gboolean (*is_value_supported) (GVariant *value); /* (nullable): some values only */
  GVariant *(*normalize) (GVariant *value);         /* (nullable): takes a floating value */
} BtsRequestKey;

/* (nullable): the row of @key */
const BtsRequestKey *bts_request_key_find (const char *key);

guint bts_request_key_get_count (void);
const BtsRequestKey *bts_request_key_get_nth (guint n);
guint bts_request_key_get_index (const BtsRequestKey *self);

/* Type, value and kind. BGT_ERROR_INVALID_ARGUMENT names the key. */
gboolean bts_request_key_check (const BtsRequestKey *self,
                                BgtOperationKind kind,
                                GVariant *value,
                                GError **error);

/* BGT_ERROR_NOT_SUPPORTED unless this version can do it, or the value is what happens anyway. */
gboolean bts_request_key_check_support (const BtsRequestKey *self, GVariant *value, GError **error);
