/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/digest.h"

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stddef.h>
#include <string.h>

typedef union
{
  struct sha256_ctx sha256;
  struct sha512_ctx sha512;
  struct sha1_ctx sha1;
  struct md5_ctx md5;
} Context;

/* Where in its context an algorithm keeps what. */
typedef struct
{
  const char *name;
  gsize length;
  gsize block_size;
  gsize state_offset;
  gsize state_size;
  gsize index_offset;
  gsize block_offset;
  void (*init) (gpointer context);
  void (*update) (gpointer context, size_t size, const uint8_t *data);
  void (*digest) (gpointer context, size_t size, uint8_t *digest);
} Algorithm;

struct _BtsDigest
{
  const Algorithm *algorithm; /* (unowned) */
  guint64 position;
  Context context;
};

#define FUNCTIONS(name)                                                                            \
  static void init_##name (gpointer context) { name##_init (context); }                            \
  static void update_##name (gpointer context, size_t size, const uint8_t *data)                   \
  {                                                                                                \
    name##_update (context, size, data);                                                           \
  }                                                                                                \
  static void digest_##name (gpointer context, size_t size, uint8_t *digest)                       \
  {                                                                                                \
    name##_digest (context, size, digest);                                                         \
  }

FUNCTIONS (sha256)
FUNCTIONS (sha512)
FUNCTIONS (sha1)
FUNCTIONS (md5)

#define ROW(name, length, block_size)                                                              \
  {                                                                                                \
#name, length, block_size, offsetof(struct name##_ctx, state),                                 \
        sizeof(((struct name##_ctx *) NULL)->state), offsetof(struct name##_ctx, index),           \
        offsetof(struct name##_ctx, block), init_##name, update_##name, digest_##name              \
  }

static const Algorithm algorithms[] = {
  ROW (sha256, SHA256_DIGEST_SIZE, SHA256_BLOCK_SIZE),
  ROW (sha512, SHA512_DIGEST_SIZE, SHA512_BLOCK_SIZE),
  ROW (sha1, SHA1_DIGEST_SIZE, SHA1_BLOCK_SIZE),
  ROW (md5, MD5_DIGEST_SIZE, MD5_BLOCK_SIZE),
};

static const Algorithm *
find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (algorithms); i++)
    if (strcmp (algorithms[i].name, name) == 0)
      return &algorithms[i];
  return NULL;
}

BtsDigest *
bts_digest_new (const char *algorithm)
{
  const Algorithm *row = find (algorithm);
  BtsDigest *self;

  if (row == NULL)
    return NULL;
  self = g_new0 (BtsDigest, 1);
  self->algorithm = row;
  bts_digest_reset (self);
  return self;
}

void
bts_digest_free (BtsDigest *self)
{
  g_free (self);
}

gsize
bts_digest_get_length (const char *algorithm)
{
  const Algorithm *row = find (algorithm);

  return row != NULL ? row->length : 0;
}

void
bts_digest_reset (BtsDigest *self)
{
  self->position = 0;
  self->algorithm->init (&self->context);
}

void
bts_digest_update (BtsDigest *self, gconstpointer data, gsize size)
{
  self->algorithm->update (&self->context, size, data);
  self->position += size;
}

guint64
bts_digest_get_position (const BtsDigest *self)
{
  return self->position;
}

char *
bts_digest_dup_hex (const BtsDigest *self)
{
  /* Finishing it would begin anew. */
  Context context = self->context;
  uint8_t digest[SHA512_DIGEST_SIZE];
  GString *hex = g_string_sized_new (2 * self->algorithm->length);

  self->algorithm->digest (&context, self->algorithm->length, digest);
  for (gsize i = 0; i < self->algorithm->length; i++)
    g_string_append_printf (hex, "%02x", digest[i]);
  return g_string_free (hex, FALSE);
}

static gpointer
get_member (BtsDigest *self, gsize offset)
{
  return G_STRUCT_MEMBER_P (&self->context, offset);
}

GVariant *
bts_digest_to_variant (const BtsDigest *self)
{
  const Algorithm *row = self->algorithm;
  const guint8 *context = (const guint8 *) &self->context;
  gsize n_rest = (gsize) (self->position % row->block_size);

  return g_variant_ref_sink (g_variant_new (
      "(t@ay@ay)", self->position,
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, context + row->state_offset, row->state_size,
                                 1),
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, context + row->block_offset, n_rest, 1)));
}

/* Counted in blocks; that of SHA-512 in two halves. */
static void
set_count (BtsDigest *self, guint64 n_blocks)
{
  switch (self->algorithm->length)
    {
    case SHA256_DIGEST_SIZE:
      self->context.sha256.count = n_blocks;
      break;
    case SHA512_DIGEST_SIZE:
      self->context.sha512.count_low = n_blocks;
      break;
    case SHA1_DIGEST_SIZE:
      self->context.sha1.count = n_blocks;
      break;
    case MD5_DIGEST_SIZE:
      self->context.md5.count = n_blocks;
      break;
    default:
      g_assert_not_reached ();
    }
}

gboolean
bts_digest_take_variant (BtsDigest *self, GVariant *variant)
{
  const Algorithm *row = self->algorithm;
  g_autoptr (GVariant) state = NULL;
  g_autoptr (GVariant) rest = NULL;
  guint64 position = 0;
  unsigned int n_rest;

  if (!g_variant_is_of_type (variant, G_VARIANT_TYPE ("(tayay)")))
    return FALSE;
  g_variant_get (variant, "(t@ay@ay)", &position, &state, &rest);
  n_rest = (unsigned int) (position % row->block_size);
  if (g_variant_get_size (state) != row->state_size || g_variant_get_size (rest) != n_rest)
    return FALSE;

  bts_digest_reset (self);
  self->position = position;
  set_count (self, position / row->block_size);
  memcpy (get_member (self, row->state_offset), g_variant_get_data (state), row->state_size);
  memcpy (get_member (self, row->index_offset), &n_rest, sizeof n_rest);
  if (n_rest > 0)
    memcpy (get_member (self, row->block_offset), g_variant_get_data (rest), n_rest);
  return TRUE;
}
