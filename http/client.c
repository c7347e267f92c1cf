/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client, on libcurl. The multi interface drives its one handle, since the
 * easy one wakes up every second and cannot be cancelled from another thread.
 */
#include "http/client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/timetext.h"
#include "http/tlsfiles.h"

#define RESPONSE_MAX ((size_t)1024 * 1024)
#define POLL_MS 60000			/* curl's own timers come earlier where they matter */

struct bsg_http_client {
	CURL *easy;
	CURLM *multi;
	atomic_bool cancelled;
	char *unix_path, *user_agent, *bearer;
	struct bsg_tls_files files;
	unsigned connect_timeout_ms;
	bool trusts_anyone;		/* bsg_http_client_find_root() only */
};

struct transfer {
	struct bsg_buf body;
	char error[CURL_ERROR_SIZE];
	struct curl_slist *headers;
	bool is_too_large;
};

static enum bsg_err no_memory(struct bsg_error *err)
{
	return bsg_fail(err, BSG_E_NO_MEMORY, "http client: out of memory");
}

static enum bsg_err set_root(struct bsg_http_client *client,
			     const struct bsg_http_client_options *o, struct bsg_error *err)
{
	if (o->root != NULL && o->root_file != NULL)
		return bsg_fail(err, BSG_E_INVALID, "http client: root and root_file, which one?");
	if (o->root_file != NULL)
		return bsg_tls_files_name(&client->files, BSG_TLS_FILE_ROOT, o->root_file, err);
	if (o->root == NULL)
		return BSG_OK;
	return bsg_tls_files_put_root(&client->files, o->root, o->root_len, err);
}

static enum bsg_err set_pair(struct bsg_http_client *client,
			     const struct bsg_http_client_options *o, struct bsg_error *err)
{
	struct bsg_tls_files *files = &client->files;
	enum bsg_err rc;

	if ((o->certificate_file == NULL) != (o->key_file == NULL) ||
	    (o->certificate_pem == NULL) != (o->key_pem == NULL) ||
	    (o->key_file != NULL && o->key_pem != NULL))
		return bsg_fail(err, BSG_E_INVALID,
				"http client: a certificate and its key, once, please");
	if (o->key_file != NULL) {
		rc = bsg_tls_files_name(files, BSG_TLS_FILE_CERTIFICATE, o->certificate_file, err);
		return rc == BSG_OK ? bsg_tls_files_name(files, BSG_TLS_FILE_KEY, o->key_file, err) : rc;
	}
	if (o->key_pem == NULL)
		return BSG_OK;
	rc = bsg_tls_files_put(files, BSG_TLS_FILE_CERTIFICATE, o->certificate_pem, strlen(o->certificate_pem), err);
	if (rc == BSG_OK)
		rc = bsg_tls_files_put(files, BSG_TLS_FILE_KEY, o->key_pem, strlen(o->key_pem), err);
	return rc;
}

static bool copy_text(char **out, const char *text)
{
	*out = text != NULL ? strdup(text) : NULL;
	return text == NULL || *out != NULL;
}

enum bsg_err bsg_http_client_open(const struct bsg_http_client_options *options,
				  struct bsg_http_client **out, struct bsg_error *err)
{
	struct bsg_http_client *client;
	enum bsg_err rc;

	*out = NULL;
	rc = bsg_curl_start(err);
	if (rc != BSG_OK)
		return rc;
	client = calloc(1, sizeof(*client));
	if (client == NULL)
		return no_memory(err);
	bsg_tls_files_init(&client->files);
	atomic_init(&client->cancelled, false);
	client->connect_timeout_ms = options->connect_timeout_ms != 0 ?
				     options->connect_timeout_ms : 10000;
	client->easy = curl_easy_init();
	client->multi = curl_multi_init();
	if (client->easy == NULL || client->multi == NULL ||
	    !copy_text(&client->unix_path, options->unix_path) ||
	    !copy_text(&client->bearer, options->bearer) ||
	    !copy_text(&client->user_agent, options->user_agent != NULL ? options->user_agent :
		       "bosaga/" BSG_VERSION))
		rc = no_memory(err);
	if (rc == BSG_OK)
		rc = set_root(client, options, err);
	if (rc == BSG_OK)
		rc = set_pair(client, options, err);
	if (rc == BSG_OK)
		*out = client;
	else
		bsg_http_client_close(client);
	return rc;
}

void bsg_http_client_close(struct bsg_http_client *client)
{
	if (client == NULL)
		return;
	curl_easy_cleanup(client->easy);
	if (client->multi != NULL)
		curl_multi_cleanup(client->multi);
	bsg_tls_files_close(&client->files);
	if (client->bearer != NULL)
		explicit_bzero(client->bearer, strlen(client->bearer));
	free(client->bearer);
	free(client->unix_path);
	free(client->user_agent);
	free(client);
}

void bsg_http_client_cancel(struct bsg_http_client *client)
{
	atomic_store(&client->cancelled, true);
	(void)curl_multi_wakeup(client->multi);
}

void bsg_http_client_uncancel(struct bsg_http_client *client)
{
	atomic_store(&client->cancelled, false);
}

bool bsg_http_client_is_cancelled(const struct bsg_http_client *client)
{
	return atomic_load(&client->cancelled);
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	bsg_buf_add(&t->body, data, size * n);
	if (t->body.rc == BSG_OK)
		return size * n;
	t->is_too_large = t->body.rc == BSG_E_LIMIT;
	return 0;
}

static bool is_loopback_name(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (strncmp(host, "127.", 4) == 0 && host[strspn(host, "0123456789.")] == '\0');
}

/* Plain HTTP never leaves the machine: a token would be read on the way. */
static enum bsg_err check_url(const struct bsg_http_client *client, const char *url,
			      struct bsg_error *err)
{
	char *scheme = NULL, *host = NULL;
	CURLU *parsed = curl_url();
	enum bsg_err rc = BSG_OK;

	if (parsed == NULL)
		return no_memory(err);
	if (url == NULL || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		rc = bsg_fail(err, BSG_E_INVALID, "%s: not a URL", url != NULL ? url : "(none)");
	else if (strcmp(scheme, "https") == 0 && client->files.paths[BSG_TLS_FILE_ROOT] == NULL &&
		 !client->trusts_anyone)
		rc = bsg_fail(err, BSG_E_INVALID, "%s: no root certificate to trust", url);
	else if (strcmp(scheme, "http") == 0 && client->unix_path == NULL && !is_loopback_name(host))
		rc = bsg_fail(err, BSG_E_INVALID, "%s: plain http goes to this machine only", url);
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(parsed);
	return rc;
}

static bool add_header(struct transfer *t, const char *name, const char *value)
{
	struct curl_slist *grown;
	char *line = NULL;

	if (value == NULL)
		return true;
	if (strpbrk(value, "\r\n") != NULL)
		return false;
	if (asprintf(&line, "%s%s%s", name, name[0] != '\0' ? ": " : "", value) < 0)
		return false;
	grown = curl_slist_append(t->headers, line);
	free(line);
	if (grown != NULL)
		t->headers = grown;
	return grown != NULL;
}

static bool add_headers(const struct bsg_http_client *client, const struct bsg_http_request *r,
			struct transfer *t)
{
	char wait[32], etag[160], match[160], bearer[1024];
	const char *const *line = r->headers;

	(void)snprintf(wait, sizeof(wait), "wait=%u", r->wait_s);
	if (r->if_none_match != NULL &&
	    (size_t)snprintf(etag, sizeof(etag), "\"%s\"", r->if_none_match) >= sizeof(etag))
		return false;
	if (r->if_match != NULL && (size_t)snprintf(match, sizeof(match), "\"%s\"", r->if_match) >= sizeof(match))
		return false;
	if (client->bearer != NULL && (size_t)snprintf(bearer, sizeof(bearer), "Bearer %s",
						       client->bearer) >= sizeof(bearer))
		return false;
	for (; line != NULL && *line != NULL; line++) {
		if (!add_header(t, "", *line))
			return false;
	}
	/* curl's own Content-Type for a body would be a form's. */
	return (r->type != NULL ? add_header(t, "Content-Type", r->type) :
				  add_header(t, "", "Content-Type:")) &&
	       add_header(t, "Accept-Language", r->accept_language) &&
	       add_header(t, "If-None-Match", r->if_none_match != NULL ? etag : NULL) &&
	       add_header(t, "If-Match", r->if_match != NULL ? match : NULL) &&
	       add_header(t, "Prefer", r->wait_s > 0 ? wait : NULL) &&
	       add_header(t, "Authorization", client->bearer != NULL ? bearer : NULL);
}

/* curl_easy_reset() brings the system's trust store back: every option is set on every request. */
static CURLcode set_trust(const struct bsg_http_client *client)
{
	CURL *easy = client->easy;
	const long verify = client->trusts_anyone ? 0 : 1;
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);

#define SET(option_, value_) \
	if (rc == CURLE_OK) \
		rc = curl_easy_setopt(easy, (option_), (value_))
	SET(CURLOPT_CAINFO, client->files.paths[BSG_TLS_FILE_ROOT]);
	SET(CURLOPT_SSL_VERIFYPEER, verify);
	SET(CURLOPT_SSL_VERIFYHOST, verify * 2);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSLCERT, client->files.paths[BSG_TLS_FILE_CERTIFICATE]);
	SET(CURLOPT_SSLKEY, client->files.paths[BSG_TLS_FILE_KEY]);
	SET(CURLOPT_UNIX_SOCKET_PATH, client->unix_path);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_NOSIGNAL, 1L);
	return rc;
}

static CURLcode set_request(const struct bsg_http_client *client,
			    const struct bsg_http_request *r, struct transfer *t)
{
	CURL *easy = client->easy;
	const char *method = r->method != NULL ? r->method : "GET";
	const bool has_body = r->body != NULL || r->body_len > 0;
	const long timeout_ms = (long)(r->timeout_ms != 0 ? r->timeout_ms : 30000) +
				(long)r->wait_s * 1000;
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_URL, r->url);

	SET(CURLOPT_USERAGENT, client->user_agent);
	SET(CURLOPT_HTTPHEADER, t->headers);
	SET(CURLOPT_ERRORBUFFER, t->error);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)client->connect_timeout_ms);
	SET(CURLOPT_TIMEOUT_MS, timeout_ms);
	if (r->basic != NULL) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(CURLOPT_USERPWD, r->basic);
	}
	if (has_body || strcmp(method, "POST") == 0) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
		SET(CURLOPT_POSTFIELDS, r->body != NULL ? r->body : "");
	}
	if (strcmp(method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
	} else if (strcmp(method, "POST") != 0 && (has_body || strcmp(method, "GET") != 0)) {
		SET(CURLOPT_CUSTOMREQUEST, method);
	}
#undef SET
	return rc;
}

static enum bsg_err explain(const struct transfer *t, CURLcode code, const char *url,
			    struct bsg_error *err)
{
	static const struct { CURLcode code; enum bsg_err rc; } table[] = {
		{ CURLE_PEER_FAILED_VERIFICATION, BSG_E_CRYPTO },
		{ CURLE_SSL_CACERT_BADFILE, BSG_E_CRYPTO },
		{ CURLE_SSL_CERTPROBLEM, BSG_E_CRYPTO },
		{ CURLE_SSL_ISSUER_ERROR, BSG_E_CRYPTO },
		{ CURLE_SSL_INVALIDCERTSTATUS, BSG_E_CRYPTO },
		{ CURLE_URL_MALFORMAT, BSG_E_INVALID },
		{ CURLE_UNSUPPORTED_PROTOCOL, BSG_E_INVALID },
		{ CURLE_OUT_OF_MEMORY, BSG_E_NO_MEMORY },
	};
	enum bsg_err rc = BSG_E_UNAVAILABLE;

	if (t->is_too_large)
		return bsg_fail(err, BSG_E_LIMIT, "%s: the answer is larger than %zu bytes", url,
				t->body.max);
	if (t->body.rc == BSG_E_NO_MEMORY)
		return no_memory(err);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].code == code)
			rc = table[i].rc;
	}
	return bsg_fail(err, rc, "%s: %s", url,
			t->error[0] != '\0' ? t->error : curl_easy_strerror(code));
}

static enum bsg_err transfer(struct bsg_http_client *client, const struct transfer *t,
			     const char *url, struct bsg_error *err)
{
	CURLcode code = CURLE_FAILED_INIT;
	CURLMcode rc = curl_multi_add_handle(client->multi, client->easy);
	bool is_done = false;
	int running = 1, n_left;

	while (rc == CURLM_OK && !is_done && !atomic_load(&client->cancelled)) {
		CURLMsg *message;

		rc = curl_multi_perform(client->multi, &running);
		while ((message = curl_multi_info_read(client->multi, &n_left)) != NULL) {
			if (message->msg == CURLMSG_DONE) {
				code = message->data.result;
				is_done = true;
			}
		}
		if (rc == CURLM_OK && !is_done)
			rc = curl_multi_poll(client->multi, NULL, 0, POLL_MS, NULL);
	}
	(void)curl_multi_remove_handle(client->multi, client->easy);
	if (!is_done)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "%s: %s", url,
				rc == CURLM_OK ? "cancelled" : curl_multi_strerror(rc));
	return code == CURLE_OK ? BSG_OK : explain(t, code, url, err);
}

static const char *header(CURL *easy, const char *name)
{
	struct curl_header *found = NULL;

	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK)
		return "";
	return found->value;
}

/* Copy what fits; a value that does not fit counts as absent. */
static void copy_part(char *out, size_t size, const char *from, size_t len)
{
	if (len >= size)
		len = 0;
	memcpy(out, from, len);
	out[len] = '\0';
}

static void copy_etag(CURL *easy, char *out, size_t size)
{
	const char *value = header(easy, "ETag");
	size_t len;

	if (value[0] == 'W' && value[1] == '/')
		value += 2;
	len = strlen(value);
	if (len >= 2 && value[0] == '"' && value[len - 1] == '"')
		copy_part(out, size, value + 1, len - 2);
}

static void read_response(CURL *easy, struct transfer *t, struct bsg_http_response *out)
{
	const char *value;
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	out->status = (unsigned)status;
	value = header(easy, "Content-Type");
	copy_part(out->type, sizeof(out->type), value, strcspn(value, "; \t"));
	copy_etag(easy, out->etag, sizeof(out->etag));
	value = header(easy, "Location");
	copy_part(out->location, sizeof(out->location), value, strlen(value));
	value = header(easy, "X-Request-Id");
	copy_part(out->request_id, sizeof(out->request_id), value, strlen(value));
	value = header(easy, "Date");
	if (bsg_time_parse_http(value, strlen(value), &out->date, NULL) != BSG_OK)
		out->date = 0;
	value = header(easy, "Retry-After");
	out->retry_after_s = -1;
	if (value[0] != '\0' && strlen(value) <= 9 && value[strspn(value, "0123456789")] == '\0')
		out->retry_after_s = strtol(value, NULL, 10);
	out->body = bsg_buf_take(&t->body, &out->body_len);
}

enum bsg_err bsg_http_client_do(struct bsg_http_client *client, const struct bsg_http_request *request,
				struct bsg_http_response *out, struct bsg_error *err)
{
	struct transfer t = { .error = "" };
	enum bsg_err rc;

	memset(out, 0, sizeof(*out));
	bsg_buf_init(&t.body, request->response_max != 0 ? request->response_max : RESPONSE_MAX);
	rc = check_url(client, request->url, err);
	if (rc == BSG_OK && !add_headers(client, request, &t))
		rc = bsg_fail(err, BSG_E_INVALID, "%s: a header field is too long or malformed",
			      request->url);
	if (rc == BSG_OK) {
		curl_easy_reset(client->easy);
		if (set_trust(client) != CURLE_OK || set_request(client, request, &t) != CURLE_OK)
			rc = no_memory(err);
	}
	if (rc == BSG_OK)
		rc = transfer(client, &t, request->url, err);
	if (rc == BSG_OK)
		read_response(client->easy, &t, out);
	(void)curl_easy_setopt(client->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_slist_free_all(t.headers);
	bsg_buf_free(&t.body);
	return rc;
}

void bsg_http_response_clear(struct bsg_http_response *response)
{
	free(response->body);
	memset(response, 0, sizeof(*response));
}

/* The certificate of a certs-only PKCS#7 whose SHA-256 is @pin. */
static enum bsg_err pick_root(const uint8_t *der, size_t len, const uint8_t pin[32],
			      char **root_pem, struct bsg_error *err)
{
	gnutls_datum_t in = { .data = (unsigned char *)(uintptr_t)der, .size = (unsigned)len };
	gnutls_pkcs7_t bag;
	enum bsg_err rc;
	int n;

	if (gnutls_pkcs7_init(&bag) < 0)
		return no_memory(err);
	n = gnutls_pkcs7_import(bag, &in, GNUTLS_X509_FMT_DER);
	if (n >= 0)
		n = gnutls_pkcs7_get_crt_count(bag);
	rc = bsg_fail(err, BSG_E_CRYPTO, "the server has no certificate with the pinned fingerprint: "
		      "wrong server, or a wrong or old invitation");
	for (int i = 0; i < n && *root_pem == NULL; i++) {
		gnutls_datum_t cert = { 0 };
		uint8_t digest[32];

		if (gnutls_pkcs7_get_crt_raw2(bag, (unsigned)i, &cert) < 0)
			continue;
		if (gnutls_hash_fast(GNUTLS_DIG_SHA256, cert.data, cert.size, digest) >= 0 &&
		    memcmp(digest, pin, sizeof(digest)) == 0)
			rc = bsg_tls_root_to_pem(cert.data, cert.size, root_pem, err);
		gnutls_free(cert.data);
	}
	gnutls_pkcs7_deinit(bag);
	return rc;
}

static enum bsg_err decode_cacerts(const struct bsg_http_response *answer, const uint8_t pin[32],
				   char **root_pem, struct bsg_error *err)
{
	uint8_t *der;
	size_t len = 0;
	enum bsg_err rc;

	if (answer->status != 200 || answer->body == NULL)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "cacerts: the server answers %u",
				answer->status);
	der = malloc(answer->body_len);
	if (der == NULL)
		return no_memory(err);
	rc = bsg_base64_decode((const char *)answer->body, answer->body_len, der, answer->body_len,
			       &len, err);
	if (rc != BSG_OK)
		rc = bsg_fail(err, BSG_E_CRYPTO, "cacerts: not what RFC 7030 asks for");
	else
		rc = pick_root(der, len, pin, root_pem, err);
	free(der);
	return rc;
}

enum bsg_err bsg_http_client_find_root(const char *base_url, const uint8_t pin[32],
				       char **root_pem, struct bsg_error *err)
{
	const struct bsg_http_client_options options = { 0 };
	struct bsg_http_request request = { .response_max = (size_t)64 * 1024 };
	struct bsg_http_response answer = { 0 };
	struct bsg_http_client *client = NULL;
	char url[512];
	size_t len = strlen(base_url);
	enum bsg_err rc;

	*root_pem = NULL;
	if (len > 0 && base_url[len - 1] == '/')
		len--;
	if ((size_t)snprintf(url, sizeof(url), "%.*s/.well-known/est/cacerts", (int)len,
			     base_url) >= sizeof(url))
		return bsg_fail(err, BSG_E_INVALID, "the server's URL is too long");
	request.url = url;
	rc = bsg_http_client_open(&options, &client, err);
	if (client != NULL) {
		client->trusts_anyone = true;
		rc = bsg_http_client_do(client, &request, &answer, err);
	}
	if (rc == BSG_OK)
		rc = decode_cacerts(&answer, pin, root_pem, err);
	bsg_http_response_clear(&answer);
	bsg_http_client_close(client);
	return rc;
}
