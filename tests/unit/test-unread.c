/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/unread.h"
#include "fakes/clock-fake.h"

#define KIB ((gsize) 1024)
#define MIB (1024 * KIB)
#define LONG_US (10 * G_USEC_PER_SEC)

/* The bus: who was asked about, and the verdicts that came of it. */
typedef struct
{
  BtsClockFake *clock;
  BtsUnread *unread;
  GPtrArray *asked; /* (element-type utf8) */
  char *changed;    /* the last "name verdict" */
} Fixture;

static void
on_ask (const char *name, gpointer user_data)
{
  g_ptr_array_add (((Fixture *) user_data)->asked, g_strdup (name));
}

static void
on_changed (const char *name, BtsUnreadVerdict verdict, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_free (fixture->changed);
  fixture->changed = g_strdup_printf ("%s %u", name, verdict);
}

static const BtsUnreadHooks hooks = { on_ask, on_changed };

static void
with_unread (gconstpointer data)
{
  void (*test) (Fixture * fixture) = data;
  Fixture fixture = { 0 };

  fixture.clock = bts_clock_fake_new ();
  fixture.asked = g_ptr_array_new_with_free_func (g_free);
  fixture.unread = bts_unread_new (BTS_CLOCK (fixture.clock), &hooks, &fixture);
  test (&fixture);
  bts_unread_free (fixture.unread);
  g_assert_cmpuint (bts_clock_fake_get_n_alarms (fixture.clock), ==, 0);
  g_ptr_array_unref (fixture.asked);
  g_object_unref (fixture.clock);
  g_free (fixture.changed);
}

/* The bus says to every question that so much is unread. */
static void
answer_all (Fixture *fixture, gsize n_bytes)
{
  g_autoptr (GPtrArray) asked = g_steal_pointer (&fixture->asked);

  fixture->asked = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < asked->len; i++)
    bts_unread_take_answer (fixture->unread, asked->pdata[i], n_bytes);
}

static void
assert_verdict (Fixture *fixture, const char *name, BtsUnreadVerdict verdict)
{
  g_assert_cmpint (bts_unread_judge (fixture->unread, name), ==, verdict);
}

static void
test_who_reads_goes_on (Fixture *fixture)
{
  bts_unread_add (fixture->unread, ":1", 1);
  for (guint i = 0; i < 1000; i++)
    {
      bts_unread_count (fixture->unread, ":1", 50 * KIB);
      assert_verdict (fixture, ":1", BTS_UNREAD_GO_ON);
      answer_all (fixture, 0);
    }
  g_assert_null (fixture->changed);
}

static void
test_who_does_not_waits_until_it_does (Fixture *fixture)
{
  bts_unread_add (fixture->unread, ":1", 1);
  bts_unread_count (fixture->unread, ":1", 3 * MIB);
  assert_verdict (fixture, ":1", BTS_UNREAD_WAIT);
  for (guint i = 0; i < 5; i++)
    {
      g_assert_cmpuint (fixture->asked->len, ==, 1);
      answer_all (fixture, 2 * MIB);
      assert_verdict (fixture, ":1", BTS_UNREAD_WAIT);
      g_assert_cmpuint (fixture->asked->len, ==, 0);
      bts_clock_fake_advance (fixture->clock, LONG_US);
    }
  answer_all (fixture, 0);
  g_assert_cmpstr (fixture->changed, ==, ":1 0");
  assert_verdict (fixture, ":1", BTS_UNREAD_GO_ON);
}

static void
test_what_was_sent_after_the_question_counts (Fixture *fixture)
{
  bts_unread_add (fixture->unread, ":1", 1);
  bts_unread_count (fixture->unread, ":1", 100 * KIB);
  bts_unread_count (fixture->unread, ":1", 2 * MIB);
  answer_all (fixture, 0);
  assert_verdict (fixture, ":1", BTS_UNREAD_WAIT);
}

static void
test_others_of_the_bus_count_nothing (Fixture *fixture)
{
  bts_unread_add (fixture->unread, ":1", 1);
  bts_unread_count (fixture->unread, ":1", 100 * KIB);
  answer_all (fixture, 100 * MIB);
  assert_verdict (fixture, ":1", BTS_UNREAD_GO_ON);
  assert_verdict (fixture, ":unknown", BTS_UNREAD_GO_ON);
}

static void
test_a_crowd_of_one_user_stops_that_user_only (Fixture *fixture)
{
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *name = g_strdup_printf (":1.%u", i);

      bts_unread_add (fixture->unread, name, 1);
      if (bts_unread_judge (fixture->unread, name) == BTS_UNREAD_GO_ON)
        bts_unread_count (fixture->unread, name, 50 * KIB);
    }
  bts_unread_add (fixture->unread, ":1.new", 1);
  bts_unread_add (fixture->unread, ":2.1", 2);
  assert_verdict (fixture, ":1.new", BTS_UNREAD_WAIT);
  assert_verdict (fixture, ":2.1", BTS_UNREAD_GO_ON);

  /* Now the bus says that nobody of them reads. */
  answer_all (fixture, G_MAXINT);
  assert_verdict (fixture, ":1.0", BTS_UNREAD_WAIT);
  bts_clock_fake_advance (fixture->clock, LONG_US);
  answer_all (fixture, G_MAXINT);
  g_assert_cmpstr (fixture->changed, ==, ":1.new 1");
  assert_verdict (fixture, ":1.new", BTS_UNREAD_REFUSE);
  assert_verdict (fixture, ":2.1", BTS_UNREAD_GO_ON);

  /* Half of them go, the others begin to read. */
  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *name = g_strdup_printf (":1.%u", i);

      bts_unread_remove (fixture->unread, name);
    }
  bts_clock_fake_advance (fixture->clock, LONG_US);
  answer_all (fixture, 0);
  bts_clock_fake_advance (fixture->clock, LONG_US);
  answer_all (fixture, 0);
  assert_verdict (fixture, ":1.new", BTS_UNREAD_GO_ON);
}

static void
test_calls_of_one_that_reads_nothing_are_ignored (Fixture *fixture)
{
  bts_unread_add (fixture->unread, ":1", BTS_UNREAD_UNKNOWN_UID);
  for (guint i = 0; i < 100; i++)
    {
      bts_unread_count_calls (fixture->unread, ":1", 64);
      bts_clock_fake_advance (fixture->clock, LONG_US);
      answer_all (fixture, G_MAXINT);
    }
  g_assert_cmpstr (fixture->changed, ==, ":1 3");
  bts_unread_add (fixture->unread, ":1", 1);
  bts_clock_fake_advance (fixture->clock, LONG_US);
  answer_all (fixture, 0);
  g_assert_cmpstr (fixture->changed, ==, ":1 0");
}

static const struct
{
  const char *path;
  void (*test) (Fixture *fixture);
} tests[] = {
  { "who-reads-goes-on", test_who_reads_goes_on },
  { "who-does-not-waits-until-it-does", test_who_does_not_waits_until_it_does },
  { "what-was-sent-after-the-question-counts", test_what_was_sent_after_the_question_counts },
  { "others-of-the-bus-count-nothing", test_others_of_the_bus_count_nothing },
  { "a-crowd-of-one-user-stops-that-user-only", test_a_crowd_of_one_user_stops_that_user_only },
  { "calls-of-one-that-reads-nothing-are-ignored",
    test_calls_of_one_that_reads_nothing_are_ignored },
};

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/bus/unread/", tests[i].path, NULL);

      g_test_add_data_func (path, tests[i].test, with_unread);
    }

  return g_test_run ();
}
