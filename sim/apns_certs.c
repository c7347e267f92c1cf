/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates for the stand-in APNs and its senders, made by GnuTLS. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/file.h"
#include "crypto/random.h"
#include "sim/apns.h"

#define OID_UID "0.9.2342.19200300.100.1.1"
#define DAY_S 86400
#define LIFE_DAYS 397

struct pair {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

/* What one certificate says. */
struct wish {
	const char *name;	/* files NAME.pem and NAME.key; the CA's key is not written */
	const char *cn;
	const char *uid;	/* NULL: none */
	const char *purpose;	/* NULL: a CA */
	gnutls_pk_algorithm_t algorithm;
	unsigned bits;
};

static int set_times_and_serial(gnutls_x509_crt_t crt)
{
	const time_t now = (time_t)bsg_clock_utc(bsg_clock_system());
	uint8_t serial[16];
	int rc;

	if (bsg_random(serial, sizeof(serial), NULL) != BSG_OK)
		return GNUTLS_E_RANDOM_FAILED;
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	rc = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(crt, now - DAY_S);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(crt, now + (time_t)LIFE_DAYS * DAY_S);
	return rc;
}

static int set_names(gnutls_x509_crt_t crt, const struct wish *wish)
{
	int rc = 0;

	if (wish->uid != NULL)
		rc = gnutls_x509_crt_set_dn_by_oid(crt, OID_UID, 0, wish->uid, (unsigned)strlen(wish->uid));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, wish->cn,
						   (unsigned)strlen(wish->cn));
	return rc;
}

static int set_server_names(gnutls_x509_crt_t crt)
{
	static const char name[] = "localhost";
	struct in6_addr in6 = IN6ADDR_LOOPBACK_INIT;
	struct in_addr in = { .s_addr = htonl(INADDR_LOOPBACK) };
	int rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name, sizeof(name) - 1, GNUTLS_FSAN_SET);

	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, &in, sizeof(in), GNUTLS_FSAN_APPEND);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, &in6, sizeof(in6),
							  GNUTLS_FSAN_APPEND);
	return rc;
}

static int set_purpose(gnutls_x509_crt_t crt, const struct wish *wish)
{
	int rc = gnutls_x509_crt_set_basic_constraints(crt, wish->purpose == NULL, -1);

	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(crt, wish->purpose == NULL ? GNUTLS_KEY_KEY_CERT_SIGN :
						   GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (rc >= 0 && wish->purpose != NULL)
		rc = gnutls_x509_crt_set_key_purpose_oid(crt, wish->purpose, 0);
	if (rc >= 0 && wish->purpose != NULL && strcmp(wish->purpose, GNUTLS_KP_TLS_WWW_SERVER) == 0)
		rc = set_server_names(crt);
	return rc;
}

static int make(const struct wish *wish, const struct pair *ca, struct pair *out)
{
	int rc = gnutls_x509_privkey_init(&out->key);

	if (rc >= 0)
		rc = gnutls_x509_crt_init(&out->crt);
	if (rc >= 0)
		rc = gnutls_x509_privkey_generate(out->key, wish->algorithm, wish->bits, 0);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_version(out->crt, 3);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key(out->crt, out->key);
	if (rc >= 0)
		rc = set_times_and_serial(out->crt);
	if (rc >= 0)
		rc = set_names(out->crt, wish);
	if (rc >= 0)
		rc = set_purpose(out->crt, wish);
	if (rc >= 0)
		rc = gnutls_x509_crt_sign2(out->crt, ca != NULL ? ca->crt : out->crt, ca != NULL ? ca->key : out->key,
					   GNUTLS_DIG_SHA256, 0);
	return rc;
}

static enum bsg_err write_file(const char *dir, const char *name, const char *end, const gnutls_datum_t *data,
			       mode_t mode, struct bsg_error *err)
{
	char file[64], path[4096];
	enum bsg_err rc;

	(void)snprintf(file, sizeof(file), "%s.%s", name, end);
	rc = bsg_path_join(dir, file, path, sizeof(path), err);
	return rc == BSG_OK ? bsg_file_replace(path, data->data, data->size, mode, err) : rc;
}

static enum bsg_err save(const char *dir, const struct wish *wish, const struct pair *pair, struct bsg_error *err)
{
	gnutls_datum_t crt = { 0 }, key = { 0 };
	enum bsg_err rc = BSG_OK;

	if (gnutls_x509_crt_export2(pair->crt, GNUTLS_X509_FMT_PEM, &crt) < 0 ||
	    gnutls_x509_privkey_export2_pkcs8(pair->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key) < 0)
		rc = bsg_fail(err, BSG_E_CRYPTO, "%s: cannot be written", wish->name);
	if (rc == BSG_OK && wish->purpose != NULL)
		rc = write_file(dir, wish->name, "key", &key, 0600, err);
	if (rc == BSG_OK)
		rc = write_file(dir, wish->name, "pem", &crt, 0644, err);
	gnutls_free(crt.data);
	if (key.data != NULL)
		gnutls_memset(key.data, 0, key.size);
	gnutls_free(key.data);
	return rc;
}

enum bsg_err bsg_sim_apns_certificates(const char *dir, const char *topic, struct bsg_error *err)
{
	const struct wish wishes[] = {
		{ "ca", "Stand-in APNs test CA", NULL, NULL, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1) },
		{ "server", "localhost", NULL, GNUTLS_KP_TLS_WWW_SERVER, GNUTLS_PK_ECDSA,
		  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1) },
		{ "push", "APSP:stand-in", topic, GNUTLS_KP_TLS_WWW_CLIENT, GNUTLS_PK_RSA, 2048 },
	};
	enum { N_WISHES = sizeof(wishes) / sizeof(wishes[0]) };
	struct pair pairs[N_WISHES] = { 0 };
	char path[4096];
	enum bsg_err rc = bsg_path_join(dir, "push.pem", path, sizeof(path), err);

	/* push.pem is written last: when it is there, everything is. */
	if (rc != BSG_OK || access(path, F_OK) == 0)
		return rc;
	for (int i = 0; rc == BSG_OK && i < N_WISHES; i++) {
		int status = make(&wishes[i], i > 0 ? &pairs[0] : NULL, &pairs[i]);

		rc = status < 0 ? bsg_fail(err, BSG_E_CRYPTO, "make %s: %s", wishes[i].name, gnutls_strerror(status)) :
				  save(dir, &wishes[i], &pairs[i], err);
	}
	for (int i = 0; i < N_WISHES; i++) {
		gnutls_x509_crt_deinit(pairs[i].crt);
		gnutls_x509_privkey_deinit(pairs[i].key);
	}
	return rc;
}
