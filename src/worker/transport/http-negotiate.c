/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-negotiate.h"

#include <string.h>

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

/* RFC 4178. */
static gss_OID_desc spnego = { 6, (void *) "\x2b\x06\x01\x05\x05\x02" };

struct _BtsHttpNegotiate
{
  gatomicrefcount ref_count; /* a thread that is no longer waited for has one, too */
  char *host;                /* (owned) */
  char *user;                /* (owned) */
  char *password;            /* (owned) */
  gss_cred_id_t credential;  /* (owned) (nullable) */
  gss_ctx_id_t context;      /* (owned) (nullable) */
};

BtsHttpNegotiate *
bts_http_negotiate_new (const char *host, const char *user, const char *password)
{
  BtsHttpNegotiate *self = g_new0 (BtsHttpNegotiate, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->host = g_ascii_strdown (host, -1);
  self->user = g_strdup (user);
  self->password = g_strdup (password);
  self->credential = GSS_C_NO_CREDENTIAL;
  self->context = GSS_C_NO_CONTEXT;
  return self;
}

void
bts_http_negotiate_unref (BtsHttpNegotiate *self)
{
  OM_uint32 minor;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  gss_delete_sec_context (&minor, &self->context, GSS_C_NO_BUFFER);
  gss_release_cred (&minor, &self->credential);
  g_free (self->host);
  g_free (self->user);
  g_free (self->password);
  g_free (self);
}

static gboolean
check (OM_uint32 major, OM_uint32 minor, GError **error)
{
  gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
  OM_uint32 more = 0;
  OM_uint32 unused;

  if (!GSS_ERROR (major))
    return TRUE;

  gss_display_status (&unused, minor != 0 ? minor : major,
                      minor != 0 ? GSS_C_MECH_CODE : GSS_C_GSS_CODE, &spnego, &more, &text);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%.*s", (int) text.length,
               (const char *) text.value);
  gss_release_buffer (&unused, &text);
  return FALSE;
}

static gss_name_t
import_name (const char *text, gss_OID type, GError **error)
{
  gss_buffer_desc buffer = { .length = strlen (text), .value = (void *) text };
  gss_name_t name = GSS_C_NO_NAME;
  OM_uint32 minor;
  OM_uint32 major = gss_import_name (&minor, &buffer, type, &name);

  return check (major, minor, error) ? name : GSS_C_NO_NAME;
}

/* Whether there are tickets: SPNEGO itself does not say why it has none. */
static gboolean
check_tickets (gss_name_t name, GError **error)
{
  gss_OID_set_desc kerberos = { 1, (gss_OID) gss_mech_krb5 };
  gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
  OM_uint32 minor, unused;
  OM_uint32 major = gss_acquire_cred (&minor, name, GSS_C_INDEFINITE, &kerberos, GSS_C_INITIATE,
                                      &credential, NULL, NULL);

  gss_release_cred (&unused, &credential);
  return check (major, minor, error);
}

static gboolean
acquire_named (BtsHttpNegotiate *self, gss_name_t name, GError **error)
{
  gss_OID_set_desc mechanisms = { 1, &spnego };
  gss_buffer_desc password = { .length = strlen (self->password), .value = self->password };
  OM_uint32 minor;

  if (password.length == 0)
    return check_tickets (name, error) &&
           check (gss_acquire_cred (&minor, name, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
                                    &self->credential, NULL, NULL),
                  0, error);
  if (!GSS_ERROR (gss_acquire_cred_with_password (&minor, name, &password, GSS_C_INDEFINITE,
                                                  &mechanisms, GSS_C_INITIATE, &self->credential,
                                                  NULL, NULL)))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                       "the user's realm does not take the password, or there is none to be asked");
  return FALSE;
}

static gboolean
acquire_credential (BtsHttpNegotiate *self, GError **error)
{
  gss_name_t name;
  gboolean is_acquired;
  OM_uint32 unused;

  if (*self->user == '\0' && *self->password == '\0')
    return check_tickets (GSS_C_NO_NAME, error);
  if (*self->user == '\0' || strchr (self->user, '\\') != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "the user name is none of a Kerberos realm");
      return FALSE;
    }
  name = import_name (self->user, GSS_C_NT_USER_NAME, error);
  if (name == GSS_C_NO_NAME)
    return FALSE;
  is_acquired = acquire_named (self, name, error);
  gss_release_name (&unused, &name);
  return is_acquired;
}

static char *
step (BtsHttpNegotiate *self, const char *token, GError **error)
{
  g_autofree char *service = g_strconcat ("HTTP@", self->host, NULL);
  gsize size = 0;
  g_autofree guint8 *bytes = token != NULL ? g_base64_decode (token, &size) : NULL;
  gss_buffer_desc input = { .length = size, .value = bytes };
  gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
  gss_name_t name = GSS_C_NO_NAME;
  char *answer = NULL;
  OM_uint32 major, minor, unused;

  if (self->context == GSS_C_NO_CONTEXT && !acquire_credential (self, error))
    return NULL;
  name = import_name (service, GSS_C_NT_HOSTBASED_SERVICE, error);
  if (name == GSS_C_NO_NAME)
    return NULL;

  major = gss_init_sec_context (&minor, self->credential, &self->context, name, &spnego, 0,
                                GSS_C_INDEFINITE, GSS_C_NO_CHANNEL_BINDINGS, &input, NULL, &output,
                                NULL, NULL);
  if (check (major, minor, error))
    {
      if (output.length > 0)
        answer = g_base64_encode (output.value, output.length);
      else
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "there is nothing more to say");
    }
  gss_release_buffer (&unused, &output);
  gss_release_name (&unused, &name);
  return answer;
}

typedef struct
{
  BtsHttpNegotiate *negotiate; /* (owned) */
  char *token;                 /* (owned) (nullable) */
} Step;

static void
step_free (gpointer data)
{
  Step *self = data;

  bts_http_negotiate_unref (self->negotiate);
  g_free (self->token);
  g_free (self);
}

static void
run_step (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  Step *self = task_data;
  GError *error = NULL;
  char *answer = step (self->negotiate, self->token, &error);

  if (answer != NULL)
    g_task_return_pointer (task, answer, g_free);
  else
    g_task_return_error (task, error);
}

/* A KDC that does not answer is waited for in a thread of its own, which can be left. */
char *
bts_http_negotiate_answer (BtsHttpNegotiate *self,
                           const char *token,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, NULL, NULL);
  Step *next = g_new0 (Step, 1);

  g_atomic_ref_count_inc (&self->ref_count);
  next->negotiate = self;
  next->token = g_strdup (token);
  g_task_set_task_data (task, next, step_free);
  g_task_set_source_tag (task, bts_http_negotiate_answer);
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread_sync (task, run_step);
  return g_task_propagate_pointer (task, error);
}
