/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/download-record.h"

#define LAST_MODIFIED "Sat, 01 Jan 2022 00:00:00 GMT"

static GVariant *
new_headers (const char *name, const char *value)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ss)"));

  if (value != NULL)
    g_variant_builder_add (&builder, "(ss)", name, value);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static BtsTransportHead
new_head (const char *etag, gint64 total)
{
  BtsTransportHead head = { .status_code = 200,
                            .body_length = total,
                            .total_length = total,
                            .has_ranges = TRUE,
                            .retry_after_us = -1 };

  head.actual_uri = g_strdup ("http://host/file");
  head.headers = new_headers ("etag", etag);
  head.validator = g_strdup (etag);
  head.last_modified = g_strdup (LAST_MODIFIED);
  return head;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BtsTransportHead, bts_transport_head_clear)

static void
test_survives_its_stored_form (void)
{
  g_auto (BtsDownloadRecord) record = { NULL };
  g_auto (BtsDownloadRecord) copy = { NULL };
  g_auto (BtsTransportHead) head = new_head ("\"1\"", 10);
  g_autoptr (GVariant) destination =
                 g_variant_ref_sink (g_variant_new_parsed ("{'partial-name': <b'.x'>}"));
  g_autoptr (GVariant) checkpoint = NULL;

  bts_download_record_take_head (&record, &head);
  bts_download_record_take_uri (&record, "http://host/file");
  checkpoint = bts_download_record_to_checkpoint (&record, destination, 7);
  bts_download_record_init (&copy, checkpoint);

  g_assert_true (g_variant_equal (copy.destination, destination));
  g_assert_cmpuint (copy.held, ==, 7);
  g_assert_true (copy.is_total_known);
  g_assert_cmpuint (copy.total, ==, 10);
  g_assert_cmpstr (copy.validator, ==, "\"1\"");
  g_assert_cmpstr (copy.last_modified, ==, LAST_MODIFIED);
  g_assert_cmpstr (copy.actual_uri, ==, "http://host/file");
  g_assert_true (bts_download_record_is_from (&copy, "http://host/file"));
  g_assert_false (bts_download_record_is_from (&copy, "http://host/other"));
}

static void
test_anything_may_be_in_a_checkpoint (void)
{
  const char *texts[] = { "{}", "{'total': <'x'>, 'destination': <5>}",
                          "{'validator': <@as []>, 'held': <-1>}" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_auto (BtsDownloadRecord) record = { NULL };
      g_autoptr (GVariant) checkpoint =
                     g_variant_parse (G_VARIANT_TYPE_VARDICT, texts[i], NULL, NULL, NULL);

      bts_download_record_init (&record, checkpoint);
      g_assert_null (record.destination);
      g_assert_false (record.is_total_known);
      g_assert_cmpuint (record.held, ==, 0);
      g_assert_false (bts_download_record_may_resume (&record));
    }
}

static void
test_first_answer_changes_nothing (void)
{
  g_auto (BtsDownloadRecord) record = { NULL };
  g_auto (BtsTransportHead) head = new_head ("\"1\"", 10);

  g_assert_false (bts_download_record_take_head (&record, &head));
  g_assert_false (bts_download_record_take_head (&record, &head));
}

static void
test_other_validator_or_size_is_a_change (void)
{
  const struct
  {
    const char *etag;
    gint64 total;
  } others[] = { { "\"2\"", 10 }, { "\"1\"", 11 }, { "W/\"1\"", 10 } };

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_auto (BtsDownloadRecord) record = { NULL };
      g_auto (BtsTransportHead) first = new_head ("\"1\"", 10);
      g_auto (BtsTransportHead) second = new_head (others[i].etag, others[i].total);

      bts_download_record_take_head (&record, &first);
      g_assert_true (bts_download_record_take_head (&record, &second));
    }
}

static void
test_part_with_fewer_headers_keeps_what_is_known (void)
{
  g_auto (BtsDownloadRecord) record = { NULL };
  g_auto (BtsTransportHead) first = new_head ("\"1\"", 10);
  g_auto (BtsTransportHead) part = new_head (NULL, -1);

  bts_download_record_take_head (&record, &first);
  part.status_code = 206;
  part.body_offset = 4;
  part.body_length = 6;
  g_assert_false (bts_download_record_take_head (&record, &part));
  g_assert_true (record.is_total_known);
  g_assert_cmpuint (record.total, ==, 10);
  g_assert_cmpstr (record.validator, ==, "\"1\"");
}

static void
test_without_validator_size_and_time_must_agree (void)
{
  g_auto (BtsDownloadRecord) record = { NULL };
  g_auto (BtsTransportHead) head = new_head (NULL, 10);
  g_auto (BtsTransportHead) longer = new_head (NULL, 11);
  g_auto (BtsTransportHead) later = new_head (NULL, 10);

  bts_download_record_take_head (&record, &head);
  g_assert_true (bts_download_record_may_resume (&record));
  g_assert_true (bts_download_record_fits_head (&record, &head));
  g_assert_false (bts_download_record_fits_head (&record, &longer));
  g_free (later.last_modified);
  later.last_modified = g_strdup ("Sun, 02 Jan 2022 00:00:00 GMT");
  g_assert_false (bts_download_record_fits_head (&record, &later));
  g_clear_pointer (&later.last_modified, g_free);
  g_assert_false (bts_download_record_fits_head (&record, &later));
}

/* Random access is told of an empty file by a 416, and its digest is that of what the 416 says. */
static void
test_an_error_has_no_digest_of_the_file (void)
{
  g_auto (BtsDownloadRecord) record = { NULL };
  g_auto (BtsTransportHead) head = new_head (NULL, 0);

  g_variant_unref (head.headers);
  head.headers =
      new_headers ("Repr-Digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
  bts_download_record_take_head (&record, &head);
  g_assert_nonnull (record.digest);
  head.status_code = 416;
  bts_download_record_take_head (&record, &head);
  g_assert_null (record.digest);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/worker/download-record/survives-its-stored-form",
                   test_survives_its_stored_form);
  g_test_add_func ("/worker/download-record/anything-may-be-in-a-checkpoint",
                   test_anything_may_be_in_a_checkpoint);
  g_test_add_func ("/worker/download-record/first-answer-changes-nothing",
                   test_first_answer_changes_nothing);
  g_test_add_func ("/worker/download-record/other-validator-or-size-is-a-change",
                   test_other_validator_or_size_is_a_change);
  g_test_add_func ("/worker/download-record/part-with-fewer-headers-keeps-what-is-known",
                   test_part_with_fewer_headers_keeps_what_is_known);
  g_test_add_func ("/worker/download-record/without-validator-size-and-time-must-agree",
                   test_without_validator_size_and_time_must_agree);
  g_test_add_func ("/worker/download-record/an-error-has-no-digest-of-the-file",
                   test_an_error_has_no_digest_of_the_file);
  return g_test_run ();
}
