/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/known-servers.h"

#include <string.h>

/* A server that has been forgotten is asked again. */
#define MAX_SERVERS 500

/* A scheme, a host name of 253 characters, a port. */
#define MAX_ORIGIN_BYTES 300
#define MAX_PROTOCOL_BYTES 16

struct _BtsKnownServers
{
  GHashTable *protocols; /* (owned) (element-type utf8 utf8): by origin */
};

BtsKnownServers *
bts_known_servers_new (void)
{
  BtsKnownServers *self = g_new0 (BtsKnownServers, 1);

  self->protocols = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
bts_known_servers_free (BtsKnownServers *self)
{
  g_hash_table_unref (self->protocols);
  g_free (self);
}

void
bts_known_servers_take (BtsKnownServers *self, const char *origin, const char *protocol)
{
  if (strlen (origin) > MAX_ORIGIN_BYTES || strlen (protocol) > MAX_PROTOCOL_BYTES)
    return;
  if (g_hash_table_size (self->protocols) >= MAX_SERVERS &&
      !g_hash_table_contains (self->protocols, origin))
    g_hash_table_remove_all (self->protocols);
  g_hash_table_replace (self->protocols, g_strdup (origin), g_strdup (protocol));
}

GVariant *
bts_known_servers_build (BtsKnownServers *self)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  GHashTableIter iter;
  gpointer origin, protocol;

  g_hash_table_iter_init (&iter, self->protocols);
  while (g_hash_table_iter_next (&iter, &origin, &protocol))
    g_variant_builder_add (&builder, "{ss}", origin, protocol);
  return g_variant_builder_end (&builder);
}
