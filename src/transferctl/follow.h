/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "transferctl/context.h"

typedef enum
{
  BTS_FOLLOW_NONE = 0,
  BTS_FOLLOW_START = 1 << 0,       /* start what is not started yet */
  BTS_FOLLOW_ACKNOWLEDGE = 1 << 1, /* forget each operation at its end */
  BTS_FOLLOW_SERVED_NAME = 1 << 2, /* give files the names that their servers give them */
  BTS_FOLLOW_REPLACE = 1 << 3,     /* where they give none: the URI's, over what is there */
} BtsFollowFlags;

/* Shows how @operations, (element-type BgtOperation), go until all are finished, over restarts of
 * the service. Returns what to exit with: FAILED if any has. */
BtsExitStatus bts_follow (BtsContext *context, GPtrArray *operations, BtsFollowFlags flags);

/* @operation could not be started: says why, with --json in a last object. Returns what to exit
 * with. */
BtsExitStatus
bts_follow_refuse_start (BtsContext *context, BgtOperation *operation, const GError *error);
