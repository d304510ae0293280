/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-ntlm.h"

#include <string.h>

#include <nettle/md4.h>

#define NONCE_BYTES BTS_HTTP_NTLM_NONCE_BYTES
#define DIGEST_BYTES 16
#define TIME_BYTES 8

/* MS-NLMP §2.2.2.5. */
#define NEGOTIATE_UNICODE 0x00000001
#define NEGOTIATE_OEM 0x00000002
#define REQUEST_TARGET 0x00000004
#define NEGOTIATE_NTLM 0x00000200
#define ALWAYS_SIGN 0x00008000
#define EXTENDED_SESSION_SECURITY 0x00080000
#define TARGET_INFO 0x00800000
#define OUR_FLAGS                                                                                  \
  (NEGOTIATE_UNICODE | NEGOTIATE_OEM | REQUEST_TARGET | NEGOTIATE_NTLM | ALWAYS_SIGN |             \
   EXTENDED_SESSION_SECURITY)

/* Where things stand in the messages. */
#define OPENING_BYTES 32
#define CHALLENGE_FLAGS 20
#define CHALLENGE_NONCE 24
#define CHALLENGE_TARGET 40
#define MIN_CHALLENGE_BYTES 32
#define ANSWER_HEAD_BYTES 64

/* MS-NLMP §2.2.2.1. */
#define PAIR_END 0
#define PAIR_TIME 7

static const guint8 signature[] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', '\0' };

/* From 1601 to 1970, in units of 100 ns. */
#define EPOCH_UNITS G_GINT64_CONSTANT (116444736000000000)

typedef struct
{
  const guint8 *nonce;
  guint32 flags;
  const guint8 *target; /* (nullable): what the server says of itself, as pairs */
  gsize target_size;
} Challenge;

static guint
get_16 (const guint8 *bytes)
{
  return bytes[0] | (guint) bytes[1] << 8;
}

static guint32
get_32 (const guint8 *bytes)
{
  return get_16 (bytes) | (guint32) get_16 (bytes + 2) << 16;
}

static void
put_16 (guint8 *bytes, gsize value)
{
  bytes[0] = (guint8) value;
  bytes[1] = (guint8) (value >> 8);
}

static void
put_32 (guint8 *bytes, gsize value)
{
  put_16 (bytes, value);
  put_16 (bytes + 2, value >> 16);
}

char *
bts_http_ntlm_open (void)
{
  guint8 message[OPENING_BYTES] = { 0 };

  memcpy (message, signature, sizeof signature);
  put_32 (message + sizeof signature, 1);
  put_32 (message + sizeof signature + 4, OUR_FLAGS);
  return g_base64_encode (message, sizeof message);
}

static gboolean
read_challenge (const guint8 *message, gsize size, Challenge *challenge)
{
  gsize target_start, target_size;

  if (size < MIN_CHALLENGE_BYTES || memcmp (message, signature, sizeof signature) != 0 ||
      get_32 (message + sizeof signature) != 2)
    return FALSE;

  *challenge = (Challenge){
    .nonce = message + CHALLENGE_NONCE,
    .flags = get_32 (message + CHALLENGE_FLAGS),
  };
  if (!(challenge->flags & TARGET_INFO))
    return TRUE;
  if (size < CHALLENGE_TARGET + 8)
    return FALSE;
  target_size = get_16 (message + CHALLENGE_TARGET);
  target_start = get_32 (message + CHALLENGE_TARGET + 4);
  if (target_start > size || target_size > size - target_start)
    return FALSE;
  challenge->target = message + target_start;
  challenge->target_size = target_size;
  return TRUE;
}

/* The server's time, where it says one; clocks differ. */
static const guint8 *
find_time (const Challenge *challenge)
{
  gsize at = 0;

  while (at + 4 <= challenge->target_size)
    {
      guint kind = get_16 (challenge->target + at);
      gsize size = get_16 (challenge->target + at + 2);

      at += 4;
      if (kind == PAIR_END || size > challenge->target_size - at)
        return NULL;
      if (kind == PAIR_TIME && size == TIME_BYTES)
        return challenge->target + at;
      at += size;
    }
  return NULL;
}

/* UTF-16 in the order of the wire. */
static GByteArray *
to_wire (const char *text, gboolean is_upper)
{
  GByteArray *wire = g_byte_array_new ();

  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar character = is_upper ? g_unichar_toupper (g_utf8_get_char (c)) : g_utf8_get_char (c);
      gunichar units[2] = { character, 0 };
      guint n_units = 1;

      if (character > 0xffff)
        {
          units[0] = 0xd800 + ((character - 0x10000) >> 10);
          units[1] = 0xdc00 + ((character - 0x10000) & 0x3ff);
          n_units = 2;
        }
      for (guint i = 0; i < n_units; i++)
        {
          guint8 bytes[2];

          put_16 (bytes, units[i]);
          g_byte_array_append (wire, bytes, sizeof bytes);
        }
    }
  return wire;
}

/* HMAC-MD5 over both. */
static void
sign (const guint8 key[DIGEST_BYTES],
      gconstpointer first,
      gsize first_size,
      const GByteArray *second,
      guint8 digest[DIGEST_BYTES])
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_MD5, key, DIGEST_BYTES);
  gsize size = DIGEST_BYTES;

  g_hmac_update (hmac, first, (gssize) first_size);
  g_hmac_update (hmac, second->data, (gssize) second->len);
  g_hmac_get_digest (hmac, digest, &size);
}

/* NTOWFv2 of MS-NLMP §3.3.2. */
static void
make_key (const char *user, const GByteArray *domain, const char *password, guint8 *key)
{
  g_autoptr (GByteArray) upper_user = to_wire (user, TRUE);
  g_autoptr (GByteArray) wide_password = to_wire (password, FALSE);
  guint8 hash[DIGEST_BYTES];
  struct md4_ctx md4;

  md4_init (&md4);
  md4_update (&md4, wide_password->len, wide_password->data);
  md4_digest (&md4, sizeof hash, hash);
  sign (hash, upper_user->data, upper_user->len, domain, key);
}

static GByteArray *
make_proof (const Challenge *challenge,
            const guint8 key[DIGEST_BYTES],
            const guint8 nonce[NONCE_BYTES],
            gint64 now_us)
{
  static const guint8 nothing[8] = { 0 };
  static const guint8 version[8] = { 1, 1 };
  guint64 units = (guint64) (now_us * 10 + EPOCH_UNITS);
  const guint8 *time = find_time (challenge);
  guint8 our_time[TIME_BYTES];
  guint8 digest[DIGEST_BYTES];
  g_autoptr (GByteArray) said = g_byte_array_new ();
  GByteArray *proof = g_byte_array_new ();

  put_32 (our_time, units & G_MAXUINT32);
  put_32 (our_time + 4, units >> 32);
  g_byte_array_append (said, version, sizeof version);
  g_byte_array_append (said, time != NULL ? time : our_time, TIME_BYTES);
  g_byte_array_append (said, nonce, NONCE_BYTES);
  g_byte_array_append (said, nothing, 4);
  if (challenge->target_size > 0)
    g_byte_array_append (said, challenge->target, (guint) challenge->target_size);
  g_byte_array_append (said, nothing, 4);

  sign (key, challenge->nonce, NONCE_BYTES, said, digest);
  g_byte_array_append (proof, digest, sizeof digest);
  g_byte_array_append (proof, said->data, said->len);
  return proof;
}

/* The older proof beside it; nothing but zeros where the server says its time. */
static GByteArray *
make_old_proof (const Challenge *challenge,
                const guint8 key[DIGEST_BYTES],
                const guint8 nonce[NONCE_BYTES])
{
  guint8 proof[DIGEST_BYTES + NONCE_BYTES] = { 0 };
  g_autoptr (GByteArray) said = g_byte_array_new ();

  g_byte_array_append (said, nonce, NONCE_BYTES);
  if (find_time (challenge) == NULL)
    {
      sign (key, challenge->nonce, NONCE_BYTES, said, proof);
      memcpy (proof + DIGEST_BYTES, nonce, NONCE_BYTES);
    }
  return g_byte_array_append (g_byte_array_new (), proof, sizeof proof);
}

/* Puts @field behind what is there, and where it lies into the head at @at. */
static void
add_field (GByteArray *message, gsize at, const GByteArray *field)
{
  gsize start = message->len;

  g_byte_array_append (message, field->data, field->len);
  put_16 (message->data + at, field->len);
  put_16 (message->data + at + 2, field->len);
  put_32 (message->data + at + 4, start);
}

/* What both know; where it is two ways to write names, the better one. */
static guint32
get_flags (const Challenge *challenge)
{
  guint32 flags = challenge->flags & OUR_FLAGS;

  return (flags & NEGOTIATE_UNICODE) ? flags & ~(guint32) NEGOTIATE_OEM : flags;
}

/* A name in the message itself. */
static GByteArray *
encode (const Challenge *challenge, const char *name)
{
  if (get_flags (challenge) & NEGOTIATE_UNICODE)
    return to_wire (name, FALSE);
  return g_byte_array_append (g_byte_array_new (), (const guint8 *) name, (guint) strlen (name));
}

static char *
make_answer (const Challenge *challenge,
             const char *user,
             const char *domain,
             const char *password,
             const guint8 nonce[NONCE_BYTES],
             gint64 now_us)
{
  guint8 head[ANSWER_HEAD_BYTES] = { 0 };
  guint8 key[DIGEST_BYTES];
  g_autoptr (GByteArray) wide_domain = to_wire (domain, FALSE);
  g_autoptr (GByteArray) sent_domain = encode (challenge, domain);
  g_autoptr (GByteArray) sent_user = encode (challenge, user);
  g_autoptr (GByteArray) nothing = g_byte_array_new ();
  g_autoptr (GByteArray) proof = NULL;
  g_autoptr (GByteArray) old_proof = NULL;
  g_autoptr (GByteArray) message = g_byte_array_new ();

  make_key (user, wide_domain, password, key);
  proof = make_proof (challenge, key, nonce, now_us);
  old_proof = make_old_proof (challenge, key, nonce);

  memcpy (head, signature, sizeof signature);
  put_32 (head + 8, 3);
  put_32 (head + 60, get_flags (challenge));
  g_byte_array_append (message, head, sizeof head);
  add_field (message, 28, sent_domain);
  add_field (message, 36, sent_user);
  /* The name of this machine is nobody's business; there is no session key either. */
  add_field (message, 44, nothing);
  add_field (message, 12, old_proof);
  add_field (message, 20, proof);
  add_field (message, 52, nothing);
  return g_base64_encode (message->data, message->len);
}

char *
bts_http_ntlm_answer (const char *challenge,
                      const char *user,
                      const char *password,
                      const guint8 nonce[NONCE_BYTES],
                      gint64 now_us)
{
  gsize size = 0;
  g_autofree guint8 *message = g_base64_decode (challenge, &size);
  const char *backslash = strchr (user, '\\');
  g_autofree char *domain =
      backslash != NULL ? g_strndup (user, (gsize) (backslash - user)) : g_strdup ("");
  Challenge read;

  if (!read_challenge (message, size, &read))
    return NULL;
  return make_answer (&read, backslash != NULL ? backslash + 1 : user, domain, password, nonce,
                      now_us);
}
