/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-proxy-memory.h"

#include <string.h>

static char **
lookup (BtsHttpProxyMemory *memory, const char *uri)
{
  g_autoptr (GError) error = NULL;
  char **proxies = bts_http_proxy_memory_lookup (memory, uri, NULL, &error);

  g_assert_no_error (error);
  return proxies;
}

static gboolean
is_the_same (BtsHttpProxyMemory *memory, const char *uri, char **before)
{
  g_auto (GStrv) now = lookup (memory, uri);

  return g_strv_equal ((const char *const *) now, (const char *const *) before);
}

static void
test_an_answer_is_kept_but_not_for_long (void)
{
  BtsHttpProxyMemory *memory = bts_http_proxy_memory_new ();
  gint64 begin = g_get_monotonic_time ();
  g_auto (GStrv) first = lookup (memory, "http://a.example/");
  g_auto (GStrv) other = lookup (memory, "http://b.example/");
  gboolean was_the_same;

  g_assert_false (g_strv_equal ((const char *const *) first, (const char *const *) other));
  /* Unless this very process has been held up for a second. */
  was_the_same = is_the_same (memory, "http://a.example/", first);
  if (g_get_monotonic_time () < begin + G_USEC_PER_SEC)
    g_assert_true (was_the_same);

  while (is_the_same (memory, "http://a.example/", first))
    g_usleep (10 * 1000);
  g_assert_cmpint (g_get_monotonic_time (), >=, begin + G_USEC_PER_SEC);
  bts_http_proxy_memory_free (memory);
}

static void
test_many_are_not_kept_for_ever (void)
{
  BtsHttpProxyMemory *memory = bts_http_proxy_memory_new ();

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *uri = g_strdup_printf ("http://host-%u.example/", i);
      g_auto (GStrv) proxies = lookup (memory, uri);

      g_assert_nonnull (proxies);
    }
  bts_http_proxy_memory_free (memory);
}

/* A resolver that says something else every time. */
#define TYPE_COUNTING_RESOLVER (counting_resolver_get_type ())
G_DECLARE_FINAL_TYPE (CountingResolver, counting_resolver, COUNTING, RESOLVER, GObject)

struct _CountingResolver
{
  GObject parent;

  guint n_lookups;
};

static void counting_resolver_init_interface (GProxyResolverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (
    CountingResolver,
    counting_resolver,
    G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (G_TYPE_PROXY_RESOLVER, counting_resolver_init_interface)
        g_io_extension_point_implement (
            G_PROXY_RESOLVER_EXTENSION_POINT_NAME, g_define_type_id, "counting", 1000))

static char **
counting_resolver_lookup (GProxyResolver *resolver,
                          const char *uri,
                          GCancellable *cancellable,
                          GError **error)
{
  CountingResolver *self = COUNTING_RESOLVER (resolver);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *proxy = g_strdup_printf ("http://proxy-%u.example:3128", ++self->n_lookups);

  g_strv_builder_add (builder, proxy);
  return g_strv_builder_end (builder);
}

static gboolean
counting_resolver_is_supported (GProxyResolver *resolver)
{
  return TRUE;
}

static void
counting_resolver_init_interface (GProxyResolverInterface *iface)
{
  iface->is_supported = counting_resolver_is_supported;
  iface->lookup = counting_resolver_lookup;
}

static void
counting_resolver_class_init (CountingResolverClass *class)
{
}

static void
counting_resolver_init (CountingResolver *self)
{
}

int
main (int argc, char **argv)
{
  g_setenv ("GIO_USE_PROXY_RESOLVER", "counting", TRUE);
  g_test_init (&argc, &argv, NULL);
  /* GIO makes its extension points first. */
  g_type_ensure (G_TYPE_PROXY_RESOLVER);
  g_io_extension_point_register (G_PROXY_RESOLVER_EXTENSION_POINT_NAME);
  g_type_ensure (TYPE_COUNTING_RESOLVER);

  g_test_add_func ("/transport/http-proxy-memory/kept-but-not-for-long",
                   test_an_answer_is_kept_but_not_for_long);
  g_test_add_func ("/transport/http-proxy-memory/not-for-ever", test_many_are_not_kept_for_ever);

  return g_test_run ();
}
