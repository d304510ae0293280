/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

/* What transferctl exits with. */
typedef enum
{
  BTS_EXIT_DONE = 0,
  BTS_EXIT_FAILED = 1,
  BTS_EXIT_USAGE = 2,
  BTS_EXIT_UNREACHABLE = 3,
  BTS_EXIT_INTERRUPTED = 130,
} BtsExitStatus;
