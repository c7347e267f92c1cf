/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS of the server: credentials that can be exchanged while it runs, client
 * certificates, session tickets.
 *
 * libmicrohttpd makes the session with credentials of its own; we replace them
 * before the handshake. A session resumed by a ticket is not verified again:
 * expiry and revocation are checked by request.c on every request.
 */
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "base/file.h"
#include "http/internal.h"

#define TICKET_KEY_LEN 64		/* as gnutls_session_ticket_key_generate() makes it */
#define TICKET_LIFE_S (12 * 3600)

struct bsg_http_creds *bsg_http_creds_ref(struct bsg_http_creds *creds)
{
	if (creds != NULL)
		atomic_fetch_add(&creds->refs, 1);
	return creds;
}

void bsg_http_creds_unref(struct bsg_http_creds *creds)
{
	if (creds == NULL || atomic_fetch_sub(&creds->refs, 1) != 1)
		return;
	if (creds->certificate != NULL)
		gnutls_certificate_free_credentials(creds->certificate);
	if (creds->client_ca != NULL)
		gnutls_x509_trust_list_deinit(creds->client_ca, 1);
	if (creds->ticket_key.data != NULL) {
		gnutls_memset(creds->ticket_key.data, 0, creds->ticket_key.size);
		gnutls_free(creds->ticket_key.data);
	}
	bsg_http_proved_free(creds->proved);
	free(creds);
}

static gnutls_datum_t text_datum(const char *text)
{
	return (gnutls_datum_t){ .data = (unsigned char *)(uintptr_t)text,
				 .size = (unsigned)strlen(text) };
}

static enum bsg_err load_identity(struct bsg_http_creds *creds,
				  const struct bsg_http_creds_source *source, struct bsg_error *err)
{
	gnutls_datum_t cert = text_datum(source->certificate_pem);
	gnutls_datum_t key = text_datum(source->key_pem);
	int rc = gnutls_certificate_set_x509_key_mem(creds->certificate, &cert, &key,
						     GNUTLS_X509_FMT_PEM);

	if (rc < 0)
		return bsg_fail(err, BSG_E_CRYPTO, "server certificate and key: %s",
				gnutls_strerror(rc));
	return BSG_OK;
}

static enum bsg_err load_client_ca(struct bsg_http_creds *creds, const char *pem,
				   struct bsg_error *err)
{
	gnutls_datum_t text = text_datum(pem);
	int rc = gnutls_x509_trust_list_init(&creds->client_ca, 0);

	if (rc < 0) {
		creds->client_ca = NULL;
		return bsg_fail(err, BSG_E_NO_MEMORY, "client CA: %s", gnutls_strerror(rc));
	}
	rc = gnutls_x509_trust_list_add_trust_mem(creds->client_ca, &text, NULL,
						  GNUTLS_X509_FMT_PEM, 0, 0);
	if (rc <= 0)
		return bsg_fail(err, BSG_E_CRYPTO, "client CA: no certificate in it");
	/* Names of the CA in the request help clients that have several certificates. */
	rc = gnutls_certificate_set_x509_trust_mem(creds->certificate, &text, GNUTLS_X509_FMT_PEM);
	if (rc <= 0)
		return bsg_fail(err, BSG_E_CRYPTO, "client CA: %s", gnutls_strerror(rc));
	creds->proved = bsg_http_proved_new();
	return creds->proved != NULL ? BSG_OK : bsg_fail(err, BSG_E_NO_MEMORY, "client CA: out of memory");
}

/* Several nodes may start at once: whoever creates the file first decides. */
static enum bsg_err load_ticket_key(struct bsg_http_creds *creds, const char *path,
				    struct bsg_error *err)
{
	gnutls_datum_t *key = &creds->ticket_key;
	size_t len = 0;
	enum bsg_err rc;

	if (gnutls_session_ticket_key_generate(key) < 0 || key->size != TICKET_KEY_LEN)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "session ticket key: no random bytes");
	if (path == NULL)
		return BSG_OK;
	rc = bsg_file_create(path, key->data, key->size, 0600, err);
	if (rc != BSG_E_CONFLICT)
		return rc;
	rc = bsg_file_read_into(path, key->data, key->size, &len, err);
	if (rc == BSG_OK && len != TICKET_KEY_LEN)
		rc = bsg_fail(err, BSG_E_INVALID, "%s: %zu bytes, a session ticket key has %d",
			      path, len, TICKET_KEY_LEN);
	return rc;
}

enum bsg_err bsg_http_creds_new(const struct bsg_http_creds_source *source,
				struct bsg_http_creds **out, struct bsg_error *err)
{
	struct bsg_http_creds *creds = calloc(1, sizeof(*creds));
	enum bsg_err rc = BSG_OK;

	*out = NULL;
	if (creds == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "TLS credentials: out of memory");
	atomic_init(&creds->refs, 1);
	if (gnutls_certificate_allocate_credentials(&creds->certificate) < 0) {
		creds->certificate = NULL;
		rc = bsg_fail(err, BSG_E_NO_MEMORY, "TLS credentials: out of memory");
	}
	if (rc == BSG_OK && source->certificate_pem != NULL)
		rc = load_identity(creds, source, err);
	if (rc == BSG_OK && source->client_ca_pem != NULL)
		rc = load_client_ca(creds, source->client_ca_pem, err);
	if (rc == BSG_OK && source->certificate_pem != NULL)
		rc = load_ticket_key(creds, source->ticket_key_file, err);
	if (rc == BSG_OK)
		*out = creds;
	else
		bsg_http_creds_unref(creds);
	return rc;
}

struct bsg_http_leaf *bsg_http_leaf_ref(struct bsg_http_leaf *leaf)
{
	if (leaf != NULL)
		atomic_fetch_add(&leaf->refs, 1);
	return leaf;
}

void bsg_http_leaf_unref(struct bsg_http_leaf *leaf)
{
	if (leaf != NULL && atomic_fetch_sub(&leaf->refs, 1) == 1)
		free(leaf);
}

static bool has_second_cn(gnutls_x509_crt_t crt)
{
	size_t size = 0;

	return gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 1, 0, NULL, &size) !=
	       GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

static void describe(gnutls_x509_crt_t crt, struct bsg_http_peer *peer)
{
	size_t size = sizeof(peer->cn);

	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
					  peer->cn, &size) < 0 || strlen(peer->cn) != size || has_second_cn(crt))
		peer->cn[0] = '\0';	/* absent, too long, with a NUL inside, or not the only one */
	peer->not_after = (int64_t)gnutls_x509_crt_get_expiration_time(crt);
	peer->kind = BSG_HTTP_PEER_CERTIFICATE;
}

static bool keep_leaf(const uint8_t *der, size_t len, struct bsg_http_peer *peer,
		      struct bsg_http_leaf **out)
{
	struct bsg_http_leaf *leaf;

	if (len == 0 || len > BSG_HTTP_DER_MAX)
		return false;
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der, len, peer->sha256) < 0)
		return false;
	leaf = malloc(sizeof(*leaf) + len);
	if (leaf == NULL)
		return false;
	atomic_init(&leaf->refs, 1);
	leaf->len = len;
	memcpy(leaf->der, der, len);
	peer->der = leaf->der;
	peer->der_len = len;
	*out = leaf;
	return true;
}

static gnutls_x509_crt_t import_leaf(const uint8_t *der, size_t len)
{
	gnutls_datum_t datum = { .data = (unsigned char *)(uintptr_t)der, .size = (unsigned)len };
	gnutls_x509_crt_t crt;

	if (gnutls_x509_crt_init(&crt) < 0)
		return NULL;
	if (gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_DER) < 0) {
		gnutls_x509_crt_deinit(crt);
		return NULL;
	}
	return crt;
}

bool bsg_http_leaf_describe(const uint8_t *der, size_t len, struct bsg_http_peer *peer,
			    struct bsg_http_leaf **leaf)
{
	gnutls_x509_crt_t crt = import_leaf(der, len);

	if (crt == NULL)
		return false;
	describe(crt, peer);
	gnutls_x509_crt_deinit(crt);
	return keep_leaf(der, len, peer, leaf);
}

static gnutls_typed_vdata_st client_purpose(void)
{
	return (gnutls_typed_vdata_st){
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT,
	};
}

bool bsg_http_leaf_verify(struct bsg_http_creds *creds, const uint8_t *der, size_t len,
			  struct bsg_http_peer *peer, struct bsg_http_leaf **leaf)
{
	const int64_t now = bsg_clock_utc(bsg_clock_system());
	gnutls_typed_vdata_st purpose = client_purpose();
	gnutls_x509_crt_t crt;
	unsigned status = 1;
	bool good;

	if (!keep_leaf(der, len, peer, leaf))
		return false;
	if (bsg_http_proved_find(creds->proved, now, peer))
		return true;
	crt = import_leaf(der, len);
	good = crt != NULL && creds->client_ca != NULL &&
	       gnutls_x509_trust_list_verify_crt2(creds->client_ca, &crt, 1, &purpose, 1,
						  GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM), &status, NULL) == 0 && status == 0;
	if (good) {
		describe(crt, peer);
		bsg_http_proved_keep(creds->proved, now, peer);
	} else {
		bsg_http_leaf_unref(*leaf);
		*leaf = NULL;
		peer->der = NULL;
		peer->der_len = 0;
	}
	if (crt != NULL)
		gnutls_x509_crt_deinit(crt);
	return good;
}

static struct bsg_http_conn *conn_of(gnutls_session_t session)
{
	struct MHD_Connection *mhd = gnutls_session_get_ptr(session);
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info != NULL ? info->socket_context : NULL;
}

/* Called in the handshake, not for resumed sessions. Non-zero ends it. What else the client sends beside its own certificate is not read. */
static int verify_client(gnutls_session_t session)
{
	struct bsg_http_conn *conn = conn_of(session);
	const gnutls_datum_t *certs;
	unsigned n_certs = 0;

	if (conn == NULL)
		return -1;
	bsg_http_leaf_unref(conn->leaf);
	conn->leaf = NULL;
	certs = gnutls_certificate_get_peers(session, &n_certs);
	if (certs == NULL || n_certs == 0) {
		if (conn->server->options.client_certificate != BSG_HTTP_CERT_REQUIRED)
			return 0;
	} else if (bsg_http_leaf_verify(conn->creds, certs[0].data, certs[0].size, &conn->peer, &conn->leaf)) {
		return 0;
	}
	pthread_mutex_lock(&conn->server->lock);
	conn->server->stats.n_refused_peers++;
	pthread_mutex_unlock(&conn->server->lock);
	return -1;
}

void bsg_http_tls_begin(struct bsg_http_conn *conn, gnutls_session_t session)
{
	static const gnutls_certificate_request_t requests[] = {
		[BSG_HTTP_CERT_NONE] = GNUTLS_CERT_IGNORE,
		[BSG_HTTP_CERT_OPTIONAL] = GNUTLS_CERT_REQUEST,
		[BSG_HTTP_CERT_REQUIRED] = GNUTLS_CERT_REQUIRE,
	};
	const enum bsg_http_client_certificate mode = conn->server->options.client_certificate;

	/* Should one of these fail, the session is left without credentials: no handshake. */
	gnutls_credentials_clear(session);
	if (gnutls_session_ticket_enable_server(session, &conn->creds->ticket_key) < 0)
		return;
	gnutls_db_set_cache_expiration(session, TICKET_LIFE_S);
	gnutls_certificate_server_set_request(session, requests[mode]);
	if (mode != BSG_HTTP_CERT_NONE)
		gnutls_session_set_verify_function(session, verify_client);
	(void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, conn->creds->certificate);
}

bool bsg_http_tls_peer(struct bsg_http_conn *conn, gnutls_session_t session)
{
	const gnutls_datum_t *certs;
	unsigned n_certs = 0;

	conn->peer.resumed = gnutls_session_is_resumed(session) != 0;
	if (conn->peer.resumed) {
		pthread_mutex_lock(&conn->server->lock);
		conn->server->stats.n_resumed++;
		pthread_mutex_unlock(&conn->server->lock);
	}
	if (conn->server->options.client_certificate == BSG_HTTP_CERT_NONE || conn->leaf != NULL)
		return true;	/* described when it was verified; not for a resumed session */
	certs = gnutls_certificate_get_peers(session, &n_certs);
	if (certs == NULL || n_certs == 0)
		return conn->server->options.client_certificate == BSG_HTTP_CERT_OPTIONAL;
	return bsg_http_leaf_describe(certs[0].data, certs[0].size, &conn->peer, &conn->leaf);
}
