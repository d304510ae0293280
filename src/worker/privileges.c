/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/privileges.h"

#include <errno.h>
#include <gio/gio.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

static gboolean
fail (const char *doing, GError **error)
{
  int saved_errno = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Cannot %s: %s", doing,
               g_strerror (saved_errno));
  return FALSE;
}

/* A UID that nobody has a name for is a user as well, in no other group than its own. */
static gboolean
set_groups (uid_t uid, const struct passwd *user, GError **error)
{
  gid_t gid = user != NULL ? user->pw_gid : (gid_t) uid;

  if (user != NULL ? initgroups (user->pw_name, gid) != 0 : setgroups (0, NULL) != 0)
    return fail ("set the user's groups", error);
  if (setresgid (gid, gid, gid) != 0)
    return fail ("set the user's group", error);
  return TRUE;
}

static void
set_environment (const struct passwd *user)
{
  g_setenv ("HOME", user != NULL ? user->pw_dir : "/", TRUE);
  g_setenv ("USER", user != NULL ? user->pw_name : "", TRUE);
  g_setenv ("LOGNAME", user != NULL ? user->pw_name : "", TRUE);
  g_unsetenv ("XDG_RUNTIME_DIR");
  g_unsetenv ("XDG_STATE_HOME");
}

gboolean
bts_privileges_become (uid_t uid, GError **error)
{
  const struct passwd *user = NULL;
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;

  if (getuid () == uid && geteuid () == uid)
    return TRUE;
  user = getpwuid (uid);
  if (!set_groups (uid, user, error))
    return FALSE;
  if (setresuid (uid, uid, uid) != 0)
    return fail ("become the user", error);

  /* Not believed but seen, and seen that there is no way back. */
  if (getresuid (&real, &effective, &saved) != 0 || real != uid || effective != uid ||
      saved != uid || (uid != 0 && setuid (0) == 0))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                           "Privileges could not be given up");
      return FALSE;
    }
  set_environment (user);
  return TRUE;
}

gboolean
bts_privileges_lock (GError **error)
{
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail ("renounce new privileges", error);
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return fail ("make the memory unreadable", error);
  return TRUE;
}
