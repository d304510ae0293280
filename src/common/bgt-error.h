/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * BgtError:
 * @BGT_ERROR_FAILED: anything not told apart below
 * @BGT_ERROR_INVALID_ARGUMENT: an option, URI, header or path is wrong; the message names it
 * @BGT_ERROR_INVALID_STATE: the call does not fit the operation's status
 * @BGT_ERROR_LIMIT_EXCEEDED: one more than the service keeps
 * @BGT_ERROR_ACCESS_DENIED: the caller may not do this, or could not open that file itself
 * @BGT_ERROR_NOT_FOUND: the thing that was named is not there
 * @BGT_ERROR_ALREADY_EXISTS: the thing that was named is there already
 * @BGT_ERROR_NOT_YET_AVAILABLE: that part has not arrived yet
 * @BGT_ERROR_NOT_SUPPORTED: this service cannot do that
 *
 * Errors of the service, in the domain %BGT_ERROR. On the bus each is
 * `org.example.BackgroundTransfer.Error.` and its name, `InvalidArgument` for instance.
 *
 * Since: 1.0
 */
typedef enum
{
  BGT_ERROR_FAILED,
  BGT_ERROR_INVALID_ARGUMENT,
  BGT_ERROR_INVALID_STATE,
  BGT_ERROR_LIMIT_EXCEEDED,
  BGT_ERROR_ACCESS_DENIED,
  BGT_ERROR_NOT_FOUND,
  BGT_ERROR_ALREADY_EXISTS,
  BGT_ERROR_NOT_YET_AVAILABLE,
  BGT_ERROR_NOT_SUPPORTED,
} BgtError;

/**
 * BGT_ERROR:
 *
 * The error domain of the service, registered with GDBus on first use.
 *
 * Since: 1.0
 */
#define BGT_ERROR (bgt_error_quark ())

GQuark bgt_error_quark (void);

G_END_DECLS
