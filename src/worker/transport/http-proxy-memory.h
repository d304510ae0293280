/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* What GIO's resolver has just said: asking it costs as much as a small transfer. Thread-safe. */

typedef struct _BtsHttpProxyMemory BtsHttpProxyMemory;

BtsHttpProxyMemory *bts_http_proxy_memory_new (void);
void bts_http_proxy_memory_free (BtsHttpProxyMemory *self);

/* As g_proxy_resolver_lookup(), of the user's own resolver; an answer is at most a second old. */
char **bts_http_proxy_memory_lookup (BtsHttpProxyMemory *self,
                                     const char *uri,
                                     GCancellable *cancellable,
                                     GError **error);
