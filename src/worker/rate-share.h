/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Shares @machine_rate (bytes a second, 0 without limit) out among @n jobs: equally, but what a
 * job with a limit of its own (@own, 0 without) cannot use goes to the others. Fills @shares
 * with what each may take, 0 without limit. Pure. */
void bts_rate_share (guint64 machine_rate, const guint64 *own, guint64 *shares, gsize n);
