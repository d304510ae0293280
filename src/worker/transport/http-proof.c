/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-proof.h"

#include <string.h>

#include "common/bgt-web-error.h"
#include "worker/transport/http-head.h"
#include "worker/transport/http-request.h"

#define SCRATCH_BYTES (64 * 1024)

struct _BtsHttpProof
{
  const BtsHttpThrottle *throttle; /* (unowned) */
  GChecksum *checksum;             /* (owned) */
  guint64 size;
};

typedef enum
{
  ANSWER_PROVES,
  ANSWER_DISPROVES,
  ANSWER_HAS_ALL, /* the whole file once more, to be compared */
} Verdict;

BtsHttpProof *
bts_http_proof_new (const BtsHttpThrottle *throttle)
{
  BtsHttpProof *self = g_new0 (BtsHttpProof, 1);

  self->throttle = throttle;
  self->checksum = g_checksum_new (G_CHECKSUM_SHA256);
  return self;
}

void
bts_http_proof_free (BtsHttpProof *self)
{
  g_checksum_free (self->checksum);
  g_free (self);
}

void
bts_http_proof_update (BtsHttpProof *self, gconstpointer data, gsize size)
{
  g_checksum_update (self->checksum, data, (gssize) size);
  self->size += size;
}

/* At most a little more than @enough. FALSE where reading failed. */
static gboolean
read_all (BtsHttpProof *self,
          BtsHttpClient *client,
          BtsHttpAnswer *answer,
          guint64 enough,
          GError **error)
{
  const BtsHttpThrottle *throttle = self->throttle;
  g_autofree char *scratch = g_malloc (SCRATCH_BYTES);

  while (self->size <= enough)
    {
      gsize size = throttle->wait (SCRATCH_BYTES, throttle->user_data);
      gssize n = bts_http_client_read (client, answer, scratch, size, 0, error);

      if (n <= 0)
        return n == 0;
      throttle->take ((gsize) n, throttle->user_data);
      bts_http_proof_update (self, scratch, (gsize) n);
    }
  return TRUE;
}

static Verdict
judge (const BtsTransportHead *head, const BtsTransportHead *first, guint64 size)
{
  if (head->status_code == SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE)
    return head->total_length >= 0 && (guint64) head->total_length == size ? ANSWER_PROVES
                                                                           : ANSWER_DISPROVES;
  if (head->status_code != SOUP_STATUS_OK)
    return ANSWER_DISPROVES;
  if (g_strcmp0 (head->validator, first->validator) != 0)
    return ANSWER_DISPROVES;
  return ANSWER_HAS_ALL;
}

/* Equal length and digest. A cut at the very same byte twice is a server's doing, not an
 * accident. */
static gboolean
compare (BtsHttpProof *self, BtsHttpClient *client, BtsHttpAnswer *answer, GError **error)
{
  g_autoptr (BtsHttpProof) other = bts_http_proof_new (self->throttle);

  if (!read_all (other, client, answer, self->size, error))
    return FALSE;
  if (other->size == self->size &&
      strcmp (g_checksum_get_string (other->checksum), g_checksum_get_string (self->checksum)) == 0)
    return TRUE;

  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_DISCONNECTED,
                       "The answer ended with its connection, and asking again gives another one");
  return FALSE;
}

static gboolean
fail (GError **error)
{
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_DISCONNECTED,
                       "The answer ended with its connection, and that was not its end");
  return FALSE;
}

static gboolean
weigh (BtsHttpProof *self,
       BtsHttpClient *client,
       const BtsTransportRequest *question,
       const BtsTransportHead *first,
       BtsHttpAnswer *answer,
       GError **error)
{
  BtsTransportHead head = { 0 };
  gboolean is_proven = bts_http_head_fill (&head, question, answer, error);

  if (is_proven)
    switch (judge (&head, first, self->size))
      {
      case ANSWER_PROVES:
        break;
      case ANSWER_DISPROVES:
        is_proven = fail (error);
        break;
      case ANSWER_HAS_ALL:
        is_proven = compare (self, client, answer, error);
        break;
      }
  bts_transport_head_clear (&head);
  return is_proven;
}

gboolean
bts_http_proof_check (BtsHttpProof *self,
                      BtsHttpClient *client,
                      const BtsTransportRequest *request,
                      const BtsTransportHead *head,
                      GError **error)
{
  BtsTransportRequest question = *request;
  BtsHttpAnswer answer;
  gboolean is_proven;

  if (!g_str_equal (bts_http_request_get_method (request), "GET"))
    return fail (error);

  question.offset = self->size;
  question.length = G_MAXUINT64;
  question.validator = head->validator;
  if (!bts_http_client_ask (client, &question, &answer, error))
    return FALSE;

  is_proven = weigh (self, client, &question, head, &answer, error);
  bts_http_client_finish (client, &answer);
  return is_proven;
}
