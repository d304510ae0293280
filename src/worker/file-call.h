/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "worker/transfer-job.h"

/* The calls that open files as the user, each answered from a thread of its own: a stuck file
 * system holds up nobody else. */

typedef enum
{
  BTS_FILE_CALL_CHECK,
  BTS_FILE_CALL_CHECK_ALL,
  BTS_FILE_CALL_DISCARD,
  BTS_FILE_CALL_OPEN_RESULT,
} BtsFileCallKind;

typedef struct
{
  BtsFileCallKind kind;
  const char *guid;     /* (nullable) */
  GVariant *request;    /* a{sv}; to check all, aa{sv} */
  GVariant *checkpoint; /* (nullable) a{sv} */
  BtsTransferJob *job;  /* (nullable): that runs; @checkpoint is its latest one */
  guint64 position;
  GArray *files; /* (nullable) (element-type int): of a check */
} BtsFileCall;

/* Takes @invocation (nullable) and answers it when done. */
void bts_file_call_run (const BtsFileCall *call, GDBusMethodInvocation *invocation);

/* Answers with @error as one of the contract's. */
void bts_file_call_return_error (GDBusMethodInvocation *invocation, const GError *error);
