/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/resume-plan.h"

#include <string.h>

#include "common/bgt-web-error.h"
#include "worker/transport/http-headers.h"

/* What a status means for a body that is wanted. */
typedef enum
{
  MEANING_WHOLE,   /* the body is the whole file */
  MEANING_PARTIAL, /* the body is the part that was asked for */
  MEANING_EMPTY,   /* a success that has no file to give */
  MEANING_OTHER,   /* a success of a kind not known here (RFC 9110 §15: like 200) */
} Meaning;

typedef struct
{
  guint status_code;
  Meaning meaning;
} StatusRow;

/* Of the successes; what is not here is MEANING_OTHER. */
static const StatusRow status_rows[] = {
  { 200, MEANING_WHOLE }, { 203, MEANING_WHOLE },   { 204, MEANING_EMPTY },
  { 205, MEANING_EMPTY }, { 206, MEANING_PARTIAL },
};

static Meaning
get_meaning (guint status_code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (status_rows); i++)
    {
      if (status_rows[i].status_code == status_code)
        return status_rows[i].meaning;
    }

  return MEANING_OTHER;
}

static BtsResumePlan
fail_invalid (GError **error, guint status_code, const char *what)
{
  g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE,
               "The server answered with status %u, %s", status_code, what);
  return BTS_RESUME_FAIL;
}

/* The only field of that name; NULL where there is none, or more than one. */
static const char *
get_single_header (GVariant *headers, const char *name)
{
  const char *found = NULL;
  const char *field;
  const char *value;
  GVariantIter iter;

  if (headers == NULL)
    return NULL;

  g_variant_iter_init (&iter, headers);
  while (g_variant_iter_next (&iter, "(&s&s)", &field, &value))
    {
      if (g_ascii_strcasecmp (field, name) != 0)
        continue;
      if (found != NULL)
        return NULL;
      found = value;
    }

  return found;
}

static gboolean
is_asked (const BtsResumeState *state)
{
  return state->asked_offset > 0 || state->asked_length != G_MAXUINT64;
}

/* Entity tags begin with a quote, or W/; a date does not. Only like is compared with like: a 206
 * need not repeat what its request has said in If-Range (RFC 9110 §15.3.7). */
static gboolean
has_other_validator (const BtsResumeState *state, const BtsTransportHead *head)
{
  const char *etag = get_single_header (head->headers, "ETag");
  const char *last_modified = head->last_modified;

  if (state->validator == NULL)
    return FALSE;
  if (state->validator[0] == '"' || g_str_has_prefix (state->validator, "W/"))
    return (etag != NULL && strcmp (etag, state->validator) != 0) ||
           (head->validator != NULL && head->validator[0] == '"' &&
            strcmp (head->validator, state->validator) != 0);

  return last_modified != NULL && strcmp (last_modified, state->validator) != 0;
}

static gboolean
has_other_total (const BtsResumeState *state, gint64 total_length)
{
  return state->held_total > 0 && total_length >= 0 && state->held_total != (guint64) total_length;
}

/* Content-Range means nothing here (RFC 9110 §14.4), but what it says may be true. */
static gboolean
claims_to_be_a_part (const BtsTransportHead *head)
{
  const char *field = get_single_header (head->headers, "Content-Range");
  BtsHttpContentRange range = { 0 };

  return field != NULL && bts_http_headers_parse_content_range (field, &range) &&
         !range.is_unsatisfied &&
         (range.first > 0 || (range.total >= 0 && range.last + 1 != (guint64) range.total));
}

static BtsResumePlan
decide_whole (const BtsResumeState *state, const BtsTransportHead *head, GError **error)
{
  if (head->body_offset != 0)
    return fail_invalid (error, head->status_code, "for a part that was not asked for");
  if (claims_to_be_a_part (head))
    return is_asked (state) ? BTS_RESUME_ASK_AGAIN
                            : fail_invalid (error, head->status_code, "which is said to be a part");
  if (state->held_bytes > 0 || state->asked_offset > 0 || has_other_validator (state, head) ||
      has_other_total (state, head->total_length))
    return BTS_RESUME_START_OVER;

  return BTS_RESUME_CONTINUE;
}

/* Whether what Content-Range says is what was asked for, and hangs together. */
static gboolean
fits_request (const BtsResumeState *state, const BtsTransportHead *head)
{
  const char *field = get_single_header (head->headers, "Content-Range");
  BtsHttpContentRange range = { 0 };
  guint64 length;

  if (field == NULL || !bts_http_headers_parse_content_range (field, &range) ||
      range.is_unsatisfied || range.last < range.first)
    return FALSE;
  if (range.first != state->asked_offset || head->body_offset != state->asked_offset)
    return FALSE;
  if (range.total != head->total_length ||
      (range.total >= 0 && range.last >= (guint64) range.total))
    return FALSE;

  length = range.last - range.first + 1;
  return length <= state->asked_length &&
         (head->body_length < 0 || (guint64) head->body_length == length);
}

/* Without a validator the size alone must speak for the file being the same. */
static gboolean
is_proven_same (const BtsResumeState *state, const BtsTransportHead *head)
{
  if (has_other_validator (state, head) || has_other_total (state, head->total_length))
    return FALSE;
  if (state->validator != NULL || (state->held_bytes == 0 && state->asked_offset == 0))
    return TRUE;

  return state->held_total > 0 && head->total_length >= 0;
}

static BtsResumePlan
decide_partial (const BtsResumeState *state, const BtsTransportHead *head, GError **error)
{
  const char *content_type = get_single_header (head->headers, "Content-Type");

  if (!is_asked (state))
    return fail_invalid (error, head->status_code, "though no part was asked for");
  if (content_type != NULL && g_ascii_strncasecmp (content_type, "multipart/byteranges",
                                                   strlen ("multipart/byteranges")) == 0)
    return BTS_RESUME_ASK_AGAIN;
  if (!fits_request (state, head) || !is_proven_same (state, head))
    return BTS_RESUME_ASK_AGAIN;

  return BTS_RESUME_CONTINUE;
}

static BtsResumePlan
decide_unsatisfied (const BtsResumeState *state, const BtsTransportHead *head)
{
  if (head->total_length > 0 && state->held_bytes == (guint64) head->total_length &&
      state->held_bytes == state->asked_offset && is_proven_same (state, head))
    return BTS_RESUME_COMPLETE;

  return BTS_RESUME_ASK_AGAIN;
}

BtsResumePlan
bts_resume_plan_decide (const BtsResumeState *state, const BtsTransportHead *head, GError **error)
{
  if (head->status_code < 200 || head->status_code > 999)
    return fail_invalid (error, head->status_code, "which is no answer");
  if (head->status_code == 416 && is_asked (state))
    return decide_unsatisfied (state, head);
  if (head->status_code >= 300)
    {
      g_set_error (error, BGT_WEB_ERROR, (int) head->status_code,
                   "The server answered with status %u", head->status_code);
      return BTS_RESUME_FAIL;
    }

  switch (get_meaning (head->status_code))
    {
    case MEANING_WHOLE:
      return decide_whole (state, head, error);
    case MEANING_PARTIAL:
      return decide_partial (state, head, error);
    case MEANING_EMPTY:
      return fail_invalid (error, head->status_code, "which comes without a file");
    case MEANING_OTHER:
      /* Not where it would cost what is held: it may be "not ready yet". */
      if (is_asked (state) || state->held_bytes > 0)
        return fail_invalid (error, head->status_code, "where the rest of the file was asked for");
      return decide_whole (state, head, error);
    }

  g_assert_not_reached ();
}
