/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* What the workers of one user have learned about servers: by which protocol each can go on with
 * an upload. Kept in memory for the service's life, for the next worker of that user only: what a
 * server says may depend on who asks and from where. */

typedef struct _BtsKnownServers BtsKnownServers;

BtsKnownServers *bts_known_servers_new (void);
void bts_known_servers_free (BtsKnownServers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsKnownServers, bts_known_servers_free)

/* What comes from a worker, who may say anything: what is too long is not kept. */
void bts_known_servers_take (BtsKnownServers *self, const char *origin, const char *protocol);

/* a{ss}, origin and protocol; floating. */
GVariant *bts_known_servers_build (BtsKnownServers *self);
