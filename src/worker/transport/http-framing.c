/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-framing.h"

#include <string.h>

#include "worker/transport/http-headers.h"

#define STATUS_LINE_PREFIX "HTTP/1."
#define BAD_CHUNK_END "A chunk does not end where it says"

/* libsoup refuses heads over 64 to 100 KiB, depending on how they come. */
#define MAX_HEAD_BYTES (64 * 1024)
#define MAX_INFORMATIONAL_ANSWERS 64

/* libsoup reads the line of a chunk's size in pieces of 128 bytes, and takes what is longer for
 * data. */
#define MAX_CHUNK_LINE_BYTES 120

typedef enum
{
  STATE_STATUS_LINE,
  STATE_FIELDS,
  STATE_CHUNK_SIZE,
  STATE_CHUNK_DATA,
  STATE_CHUNK_END,
  STATE_TRAILERS,
  STATE_LENGTH_BODY,
  STATE_ENDLESS_BODY,
  STATE_COMPLETE,
  STATE_BROKEN,
} State;

struct _BtsHttpFraming
{
  gatomicrefcount ref_count;
  State state;
  BtsHttpFramingKind kind;
  const char *problem; /* (nullable) (unowned): static */
  GString *line;       /* (owned): what has come of the line so far */
  gboolean has_return; /* the line ends in a carriage return, too */
  gboolean had_return; /* the line with the size of the chunk did */
  gsize head_bytes;    /* of this head, or of these trailers */
  guint n_informational;
  gboolean is_head;
  gboolean has_started;
  gboolean has_excess;
  gboolean is_http_1_0;
  guint status_code;
  gint64 length;            /* -1: no Content-Length */
  guint n_codings;          /* Transfer-Encoding fields */
  gboolean is_last_framing; /* of the field that a folded line goes on with */
  GString *last_text;       /* (nullable) (unowned): likewise, what is kept of it */
  GString *location;        /* (owned): empty where there is none */
  GString *disposition;     /* (owned): likewise */
  gboolean has_other_location;
  guint64 left; /* of the chunk, or of the body */
  guint64 body_bytes;
};

static void
begin_head (BtsHttpFraming *self)
{
  self->state = STATE_STATUS_LINE;
  self->head_bytes = 0;
  self->length = -1;
  self->n_codings = 0;
  self->is_last_framing = FALSE;
  self->last_text = NULL;
  self->has_other_location = FALSE;
  g_string_truncate (self->location, 0);
  g_string_truncate (self->disposition, 0);
}

BtsHttpFraming *
bts_http_framing_new (gboolean is_head)
{
  BtsHttpFraming *self = g_new0 (BtsHttpFraming, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->line = g_string_new (NULL);
  self->location = g_string_new (NULL);
  self->disposition = g_string_new (NULL);
  self->is_head = is_head;
  begin_head (self);
  return self;
}

BtsHttpFraming *
bts_http_framing_ref (BtsHttpFraming *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
bts_http_framing_unref (BtsHttpFraming *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_string_free (self->line, TRUE);
  g_string_free (self->location, TRUE);
  g_string_free (self->disposition, TRUE);
  g_free (self);
}

static void
fail (BtsHttpFraming *self, const char *problem)
{
  self->state = STATE_BROKEN;
  self->problem = problem;
}

static void
take_status_line (BtsHttpFraming *self, const char *line)
{
  if (*line == '\0')
    return;
  /* libsoup knows no other version. */
  if (!g_str_has_prefix (line, STATUS_LINE_PREFIX) || (line[7] != '0' && line[7] != '1') ||
      line[8] != ' ' || !g_ascii_isdigit (line[9]) || !g_ascii_isdigit (line[10]) ||
      !g_ascii_isdigit (line[11]) || (line[12] != ' ' && line[12] != '\0'))
    {
      fail (self, "The answer is not HTTP/1");
      return;
    }

  self->is_http_1_0 = line[7] == '0';
  self->status_code =
      (guint) (g_ascii_digit_value (line[9]) * 100 + g_ascii_digit_value (line[10]) * 10 +
               g_ascii_digit_value (line[11]));
  self->state = STATE_FIELDS;
  if (self->status_code < 100 || self->status_code == 101)
    fail (self, "The answer has a status code that was not to be expected");
}

static void
take_content_length (BtsHttpFraming *self, const char *value)
{
  gint64 length;

  if (!bts_http_headers_parse_length (value, &length))
    fail (self, "Content-Length is not a number");
  else if (self->length >= 0 && self->length != length)
    fail (self, "There are several Content-Length fields that differ");
  else
    self->length = length;
}

static void
take_transfer_encoding (BtsHttpFraming *self, const char *value)
{
  g_autofree char *coding = g_strstrip (g_strdup (value));

  if (g_ascii_strcasecmp (coding, "chunked") != 0 || ++self->n_codings > 1)
    fail (self, "The transfer coding is not known");
}

/* Of the first of that name; FALSE where this one is another. */
static gboolean
keep_text (BtsHttpFraming *self, GString *text, const char *value)
{
  g_autofree char *stripped = g_strstrip (g_strdup (value));

  if (text->len == 0)
    self->last_text = g_string_assign (text, stripped);
  return g_str_equal (text->str, stripped);
}

static void
take_location (BtsHttpFraming *self, const char *value)
{
  if (!keep_text (self, self->location, value))
    self->has_other_location = TRUE;
}

static void
take_disposition (BtsHttpFraming *self, const char *value)
{
  keep_text (self, self->disposition, value);
}

static const struct
{
  const char *name;
  gboolean is_framing;
  void (*take) (BtsHttpFraming *self, const char *value);
} field_rows[] = {
  { "Content-Length", TRUE, take_content_length },
  { "Transfer-Encoding", TRUE, take_transfer_encoding },
  { "Location", FALSE, take_location },
  { "Content-Disposition", FALSE, take_disposition },
};

/* RFC 9112 §5.2. */
static void
take_folded (BtsHttpFraming *self, const char *line)
{
  g_autofree char *stripped = g_strstrip (g_strdup (line));

  if (self->is_last_framing)
    fail (self, "A field that frames the body is folded");
  else if (self->last_text != NULL)
    g_string_append_printf (self->last_text, " %s", stripped);
}

static void
take_field (BtsHttpFraming *self, const char *line)
{
  const char *colon = strchr (line, ':');
  gsize name_length;

  if (*line == ' ' || *line == '\t')
    {
      take_folded (self, line);
      return;
    }
  self->is_last_framing = FALSE;
  self->last_text = NULL;
  if (colon == NULL)
    return;
  name_length = (gsize) (colon - line);
  while (name_length > 0 && strchr (" \t", line[name_length - 1]) != NULL)
    name_length--;

  for (gsize i = 0; i < G_N_ELEMENTS (field_rows); i++)
    {
      if (strlen (field_rows[i].name) != name_length ||
          g_ascii_strncasecmp (field_rows[i].name, line, name_length) != 0)
        continue;

      self->is_last_framing = field_rows[i].is_framing;
      if (line[name_length] != ':' && field_rows[i].is_framing)
        fail (self, "There is a blank before the colon of a field that frames the body");
      else
        field_rows[i].take (self, colon + 1);
    }
}

static void
begin_body (BtsHttpFraming *self, BtsHttpFramingKind kind, State state)
{
  self->kind = kind;
  self->state = state;
  self->head_bytes = 0;
}

static void
end_head (BtsHttpFraming *self)
{
  if (self->status_code < 200)
    {
      begin_head (self);
      if (++self->n_informational > MAX_INFORMATIONAL_ANSWERS)
        fail (self, "The server does not come to its answer");
    }
  else if (self->n_codings > 0 && self->length >= 0)
    fail (self, "There are both Content-Length and Transfer-Encoding");
  else if (self->n_codings > 0 && self->is_http_1_0)
    fail (self, "There is a Transfer-Encoding in an HTTP/1.0 answer");
  else if (self->is_head || self->status_code == 204 || self->status_code == 304)
    begin_body (self, BTS_HTTP_FRAMING_NONE, STATE_COMPLETE);
  else if (self->n_codings > 0)
    begin_body (self, BTS_HTTP_FRAMING_CHUNKED, STATE_CHUNK_SIZE);
  else if (self->length >= 0)
    {
      self->left = (guint64) self->length;
      begin_body (self, BTS_HTTP_FRAMING_LENGTH,
                  self->left > 0 ? STATE_LENGTH_BODY : STATE_COMPLETE);
    }
  else
    begin_body (self, BTS_HTTP_FRAMING_UNTIL_CLOSE, STATE_ENDLESS_BODY);
}

/* Hexadecimal digits, then nothing or an extension (RFC 9112 §7.1). */
static void
take_chunk_size (BtsHttpFraming *self, const char *line)
{
  guint64 size = 0;
  const char *end = line;

  for (; g_ascii_isxdigit (*end); end++)
    {
      if (size > (G_MAXINT64 >> 4))
        {
          fail (self, "The size of a chunk is too large");
          return;
        }
      size = size << 4 | (guint64) g_ascii_xdigit_value (*end);
    }
  if (end == line || *(end + strspn (end, " \t")) != (strchr (end, ';') != NULL ? ';' : '\0'))
    {
      fail (self, "The size of a chunk is not a number");
      return;
    }

  self->left = size;
  self->head_bytes = 0;
  self->had_return = self->has_return;
  self->state = size > 0 ? STATE_CHUNK_DATA : STATE_TRAILERS;
}

static void
take_line (BtsHttpFraming *self, const char *line)
{
  switch (self->state)
    {
    case STATE_STATUS_LINE:
      take_status_line (self, line);
      break;
    case STATE_FIELDS:
      if (*line == '\0')
        end_head (self);
      else
        take_field (self, line);
      break;
    case STATE_CHUNK_SIZE:
      take_chunk_size (self, line);
      break;
    case STATE_CHUNK_END:
      self->state = STATE_CHUNK_SIZE;
      self->head_bytes = 0;
      /* A lone line feed may be the second half of an end whose first was taken for data. */
      if (*line != '\0' || self->has_return != self->had_return)
        fail (self, BAD_CHUNK_END);
      break;
    case STATE_TRAILERS:
      if (*line == '\0')
        self->state = STATE_COMPLETE;
      break;
    case STATE_CHUNK_DATA:
    case STATE_LENGTH_BODY:
    case STATE_ENDLESS_BODY:
    case STATE_COMPLETE:
    case STATE_BROKEN:
      g_assert_not_reached ();
    }
}

/* What can be told before the line has ended. Blank lines may come before an answer. */
static gboolean
may_begin_line (State state, const GString *line)
{
  gboolean is_blank = g_str_has_prefix ("\r\n", line->str) || line->str[0] == '\n';

  if (state == STATE_STATUS_LINE)
    return is_blank || strncmp (line->str, STATUS_LINE_PREFIX,
                                MIN (line->len, strlen (STATUS_LINE_PREFIX))) == 0;
  return state != STATE_CHUNK_END || is_blank;
}

/* Returns how many bytes have been used up. */
static gsize
feed_line (BtsHttpFraming *self, const char *data, gsize size)
{
  const char *end = memchr (data, '\n', size);
  gsize used = end != NULL ? (gsize) (end - data) + 1 : size;
  gboolean is_chunk_line = self->state == STATE_CHUNK_SIZE || self->state == STATE_CHUNK_END;

  self->head_bytes += used;
  if (self->head_bytes > MAX_HEAD_BYTES)
    fail (self, "The head of the answer is too long");
  else if (is_chunk_line && self->head_bytes > MAX_CHUNK_LINE_BYTES)
    fail (self, "The line with the size of a chunk is too long");
  else if (memchr (data, '\0', used) != NULL)
    fail (self, "There is a NUL byte in the head of the answer");
  if (self->state == STATE_BROKEN)
    return used;

  g_string_append_len (self->line, data, (gssize) used);
  if (!may_begin_line (self->state, self->line))
    {
      fail (self, self->state == STATE_STATUS_LINE ? "The answer is not HTTP/1" : BAD_CHUNK_END);
      return used;
    }
  if (end != NULL)
    {
      g_string_truncate (self->line, self->line->len - 1);
      self->has_return = g_str_has_suffix (self->line->str, "\r");
      if (self->has_return)
        g_string_truncate (self->line, self->line->len - 1);
      take_line (self, self->line->str);
      g_string_truncate (self->line, 0);
    }
  return used;
}

static gsize
feed_body (BtsHttpFraming *self, gsize size)
{
  gsize used = (gsize) MIN (size, self->left);

  self->left -= used;
  self->body_bytes += used;
  if (self->left == 0)
    self->state = self->state == STATE_CHUNK_DATA ? STATE_CHUNK_END : STATE_COMPLETE;
  return used;
}

void
bts_http_framing_feed (BtsHttpFraming *self, gconstpointer data, gsize size)
{
  const char *next = data;

  while (size > 0)
    {
      gsize used = size;

      self->has_started = TRUE;
      switch (self->state)
        {
        case STATE_STATUS_LINE:
        case STATE_FIELDS:
        case STATE_CHUNK_SIZE:
        case STATE_CHUNK_END:
        case STATE_TRAILERS:
          used = feed_line (self, next, size);
          break;
        case STATE_CHUNK_DATA:
        case STATE_LENGTH_BODY:
          used = feed_body (self, size);
          break;
        case STATE_ENDLESS_BODY:
          self->body_bytes += size;
          break;
        case STATE_COMPLETE:
          self->has_excess = TRUE;
          break;
        case STATE_BROKEN:
          break;
        }
      next += used;
      size -= used;
    }
}

gboolean
bts_http_framing_has_started (const BtsHttpFraming *self)
{
  return self->has_started;
}

BtsHttpFramingKind
bts_http_framing_get_kind (const BtsHttpFraming *self)
{
  return self->kind;
}

gint64
bts_http_framing_get_length (const BtsHttpFraming *self)
{
  return self->kind == BTS_HTTP_FRAMING_LENGTH ? self->length : -1;
}

const char *
bts_http_framing_get_problem (const BtsHttpFraming *self)
{
  return self->problem;
}

guint64
bts_http_framing_get_body_bytes (const BtsHttpFraming *self)
{
  return self->body_bytes;
}

gboolean
bts_http_framing_is_complete (const BtsHttpFraming *self)
{
  return self->state == STATE_COMPLETE;
}

gboolean
bts_http_framing_has_excess (const BtsHttpFraming *self)
{
  return self->has_excess;
}

const char *
bts_http_framing_get_location (const BtsHttpFraming *self)
{
  return self->location->len > 0 && !self->has_other_location ? self->location->str : NULL;
}

gboolean
bts_http_framing_is_within_trailers (const BtsHttpFraming *self)
{
  return self->state == STATE_TRAILERS;
}

const char *
bts_http_framing_get_disposition (const BtsHttpFraming *self)
{
  return self->disposition->len > 0 ? self->disposition->str : NULL;
}
