/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/spool-file.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bgt-web-error.h"
#include "fakes/test-folder.h"

#define MIB (1024 * 1024)
#define MAX_PER_USER (4 * MIB)
#define MAX_PER_APPLICATION (3 * MIB)

static const char block[64 * 1024];

static BtsSpoolRoom *
new_room (void)
{
  BtsSpoolRoom *room = bts_spool_room_new ();

  bts_spool_room_set_limits (room, MAX_PER_USER, MAX_PER_APPLICATION);
  return room;
}

static BtsSpoolFile *
new_file (BtsSpoolRoom *room, const char *guid, const char *application)
{
  g_autoptr (GError) error = NULL;
  BtsSpoolFile *file =
      bts_spool_file_new (room, BTS_SPOOL_UNFINISHED, guid, 0, application, &error);

  g_assert_no_error (error);
  return file;
}

/* Writes as much as may be, but not more than @max; the message says which limit was met. */
static guint64
fill (BtsSpoolFile *file, guint64 max, const char *key)
{
  g_autoptr (GError) error = NULL;

  while (bts_spool_file_get_size (file) < max &&
         bts_spool_file_write (file, block, sizeof block, &error))
    continue;
  if (key == NULL)
    g_assert_no_error (error);
  else
    {
      g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_NO_SPACE);
      g_assert_nonnull (strstr (error->message, key));
    }
  return bts_spool_file_get_size (file);
}

static gboolean
add_size (const char *path, const char *name, gpointer user_data)
{
  GStatBuf status;

  g_assert_cmpint (g_lstat (path, &status), ==, 0);
  *(guint64 *) user_data += (guint64) status.st_size;
  return TRUE;
}

static guint64
get_size_of_all (void)
{
  guint64 size = 0;

  bts_spool_visit (add_size, &size);
  return size;
}

static void
remove_all (void)
{
  g_auto (GStrv) guids = bts_spool_list ();

  for (gsize i = 0; guids[i] != NULL; i++)
    g_assert_true (bts_spool_remove_all (guids[i], NULL));
  g_assert_cmpuint (get_size_of_all (), ==, 0);
}

static void
test_limits (void)
{
  g_autoptr (BtsSpoolRoom) room = new_room ();
  g_autoptr (BtsSpoolFile) greedy = new_file (room, "a", "org.example.Greedy");
  g_autoptr (BtsSpoolFile) again = new_file (room, "b", "org.example.Greedy");
  g_autoptr (BtsSpoolFile) other = new_file (room, "c", "org.example.Other");

  g_assert_cmpuint (fill (greedy, G_MAXUINT64, "MaxSpoolBytesPerApplication"), ==,
                    MAX_PER_APPLICATION);
  g_assert_cmpuint (fill (again, G_MAXUINT64, "MaxSpoolBytesPerApplication"), ==, 0);
  g_assert_cmpuint (fill (other, G_MAXUINT64, "MaxSpoolBytesPerUser"), ==,
                    MAX_PER_USER - MAX_PER_APPLICATION);
  g_assert_cmpuint (get_size_of_all (), ==, MAX_PER_USER);

  /* What is removed can be used again. */
  g_assert_true (bts_spool_remove_all ("a", NULL));
  g_assert_cmpuint (fill (again, MIB, NULL), ==, MIB);
  remove_all ();
}

/* IDs with any characters, and long ones, are kept apart by nothing but what is on disk. */
static void
test_another_process (void)
{
  g_autofree char *name = g_strnfill (255, 'x');
  const char *const applications[] = { "../../@.é\n", "../../@.é", "", name };

  for (gsize i = 0; i < G_N_ELEMENTS (applications); i++)
    {
      {
        g_autoptr (BtsSpoolRoom) room = new_room ();
        g_autoptr (BtsSpoolFile) file = new_file (room, "a", applications[i]);

        g_assert_cmpuint (fill (file, 2 * MIB, NULL), ==, 2 * MIB);
        g_assert_true (bts_spool_finish ("a", 0, bts_spool_file_get_fd (file), NULL));
        g_assert_true (bts_spool_exists (BTS_SPOOL_STREAM, "a", 0));
        g_assert_false (bts_spool_exists (BTS_SPOOL_UNFINISHED, "a", 0));
      }
      for (gsize j = 0; j < G_N_ELEMENTS (applications); j++)
        {
          g_autoptr (BtsSpoolRoom) room = new_room ();
          g_autoptr (BtsSpoolFile) file = new_file (room, "b", applications[j]);

          g_assert_cmpuint (fill (file, 2 * MIB, i == j ? "PerApplication" : NULL), ==,
                            i == j ? MIB : 2 * MIB);
          g_assert_true (bts_spool_remove_all ("b", NULL));
        }
      remove_all ();
    }
}

/* Files whose names do not say whose they are count for the user, and are found and removed. */
static void
test_names_of_earlier_versions (void)
{
  g_autoptr (BtsSpoolRoom) room = new_room ();
  g_autoptr (BtsSpoolFile) file = new_file (room, "a", "org.example.App");
  g_autofree char *path =
      g_build_filename (g_get_user_state_dir (), "background-transfer/uploads/b.0.stream", NULL);
  g_autofree char *kept = g_malloc0 (2 * MIB);
  int fd;

  g_assert_true (g_file_set_contents (path, kept, 2 * MIB, NULL));
  g_assert_cmpuint (fill (file, G_MAXUINT64, "MaxSpoolBytesPerUser"), ==, 2 * MIB);
  fd = bts_spool_open (BTS_SPOOL_STREAM, "b", 0, NULL);
  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_assert_cmpint (bts_spool_open (BTS_SPOOL_STREAM, "b", 1, NULL), ==, -1);
  remove_all ();
}

#define N_THREADS 8

static gpointer
fill_in_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;

  while (bts_spool_file_write (data, block, sizeof block, &error))
    g_thread_yield ();
  return NULL;
}

static void
test_many_at_once (void)
{
  g_autoptr (BtsSpoolRoom) room = new_room ();
  BtsSpoolFile *files[N_THREADS];
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    {
      g_autofree char *guid = g_strdup_printf ("%u", i);

      files[i] = new_file (room, guid, i % 2 == 0 ? "even" : "odd");
    }
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("fill", fill_in_thread, files[i]);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (get_size_of_all (), ==, MAX_PER_USER);
  for (guint i = 0; i < N_THREADS; i++)
    bts_spool_file_free (files[i]);
  remove_all ();
}

int
main (int argc, char **argv)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());

  g_setenv ("XDG_STATE_HOME", folder->path, TRUE);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/files/spool/users-and-applications-have-limits", test_limits);
  g_test_add_func ("/files/spool/another-process-knows-whose-it-is", test_another_process);
  g_test_add_func ("/files/spool/names-of-earlier-versions", test_names_of_earlier_versions);
  g_test_add_func ("/files/spool/many-at-once-do-not-exceed-it", test_many_at_once);

  return g_test_run ();
}
