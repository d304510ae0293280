/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/destination.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/bgt-web-error.h"
#include "tests/unit/fakes/destination-fixture.h"

/* A disk that loses what was written, in place of the C library's calls. Linux says so once to each
 * open file, then all is well again. */

static gboolean has_lost_a_write;
static int told_fd = -1;

static int
tell (int fd)
{
  if (!has_lost_a_write || fd == told_fd)
    return 0;
  told_fd = fd;
  errno = EIO;
  return -1;
}

int
sync_file_range (int fd, off64_t offset, off64_t count, unsigned int flags)
{
  return (flags & SYNC_FILE_RANGE_WAIT_BEFORE) != 0 ? tell (fd) : 0;
}

int
fdatasync (int fd)
{
  return tell (fd) == 0 ? fsync (fd) : -1;
}

static void
test_lost_write_is_not_held (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GVariant) request = make_request_in (folder, "f.bin", NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autoptr (GError) error = NULL;

  put (destination, 0, MIB);
  sync_now (destination);
  has_lost_a_write = TRUE;
  g_assert_false (try_put (destination, MIB, 40 * MIB, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR);
  bts_destination_sync (destination, NULL);
  bts_destination_sync (destination, NULL);
  g_assert_cmpuint (get_held_from_start (destination), ==, MIB);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/files/lost-writes/what-was-lost-is-not-held", test_lost_write_is_not_held);
  return g_test_run ();
}
