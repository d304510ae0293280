/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/byte-ranges.h"
#include "worker/transport/transport.h"

/* What we hold against what the server answered. Pure. */

typedef enum
{
  BTS_RESUME_CONTINUE,   /* write the body at body_offset */
  BTS_RESUME_START_OVER, /* forget what is held, write the body from 0 */
  BTS_RESUME_COMPLETE,   /* 416 and what we hold is all: nothing more to fetch */
  BTS_RESUME_ASK_AGAIN,  /* forget what is held and ask anew, without a range */
  BTS_RESUME_FAIL,       /* @error is set */
} BtsResumePlan;

typedef struct
{
  guint64 asked_offset;
  guint64 asked_length;  /* G_MAXUINT64: to the end */
  guint64 held_total;    /* size of the whole as first announced; 0 unknown */
  guint64 held_bytes;    /* contiguous bytes held below asked_offset */
  const char *validator; /* (nullable) of what is held */
} BtsResumeState;

BtsResumePlan
bts_resume_plan_decide (const BtsResumeState *state, const BtsTransportHead *head, GError **error);
