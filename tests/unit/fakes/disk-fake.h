/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* A disk that gets into trouble. The test is linked with disk_fake_link_args, so that the calls of
 * the code under test go through here. What has not been synced is lost when the power is cut: the
 * bytes of files, also those that a failed sync was for, and what was renamed or removed since the
 * folder was synced. */

typedef enum
{
  DISK_TROUBLE_KILL,      /* the process is gone, the disk has all it was told */
  DISK_TROUBLE_POWER_CUT, /* what was not synced is lost, of the newest write the half */
  DISK_TROUBLE_FAIL_ONCE, /* one call fails; the power is cut at the end */
  DISK_TROUBLE_FAIL_CUT,  /* one call fails; the power is cut soon after */
  DISK_TROUBLE_FAIL_LONG, /* five calls fail one after another; the power is cut at the end */
  DISK_TROUBLE_FULL,      /* one write is short and the next three fail; the power is cut then */
} DiskTrouble;

/* The status of a process in which the trouble came. */
#define DISK_FAKE_HAD_TROUBLE 42

/* From the call number @at on, counted from 1, in the one folder @folder. */
void disk_fake_start (int folder, DiskTrouble trouble, guint at);

/* Ends the process. */
G_NORETURN void disk_fake_end (void);

/* A write that is no matter of the disk. */
gssize disk_fake_say (int file, const void *data, gsize length);
