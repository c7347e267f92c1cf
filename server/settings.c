/* SPDX-License-Identifier: Apache-2.0 */
/* The table of bosagad's configuration keys; names and defaults are those of docs/spec and 10-interfaces. */
#include "server/settings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)

static const char *const tls_choices[] = {"own", "proxy", NULL};
static const char *const log_choices[] = {"text", "json", NULL};

static enum bsg_err check_url(const char *value, struct bsg_error *err)
{
	size_t len = strlen(value);

	if (len == 0)
		return BSG_OK;
	if (strncmp(value, "https://", 8) != 0 || value[8] == '\0' || strpbrk(value + 8, "/ \t") != NULL)
		return bsg_fail(err, BSG_E_INVALID, "must look like https://HOST or https://HOST:PORT, without a path");
	return BSG_OK;
}

static enum bsg_err check_listen(const char *value, struct bsg_error *err)
{
	if (strncmp(value, "unix:/", 6) == 0 || strrchr(value, ':') != NULL)
		return BSG_OK;
	return bsg_fail(err, BSG_E_INVALID, "must look like ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH");
}

static enum bsg_err check_host_port(const char *value, struct bsg_error *err)
{
	const char *colon = strrchr(value, ':');

	if (colon != NULL && colon != value && colon[1] != '\0' && strchr(value, '/') == NULL)
		return BSG_OK;
	return bsg_fail(err, BSG_E_INVALID, "must look like HOST:PORT");
}

/* It goes into profiles that are given out and never change: not to be found out there. */
static enum bsg_err check_topic(const char *value, struct bsg_error *err)
{
	if (value[0] == '\0' || strncmp(value, "com.apple.mgmt.", 15) == 0)
		return BSG_OK;
	return bsg_fail(err, BSG_E_INVALID, "must begin with com.apple.mgmt., as the topic in the push certificate does");
}

static enum bsg_err check_timezone(const char *value, struct bsg_error *err)
{
	char path[128];

	if (value[0] == '\0')
		return BSG_OK;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.80s", value);
	if (value[0] != '.' && value[0] != '/' && strstr(value, "..") == NULL && access(path, R_OK) == 0)
		return BSG_OK;
	return bsg_fail(err, BSG_E_INVALID, "no time zone that this machine knows, such as Asia/Almaty");
}

const struct bsg_config_key bsg_settings_keys[] = {
	{BSG_CONFIG_TEXT(struct bsg_settings, people_listen), .def = "127.0.0.1:8443", .check = check_listen,
	 .help = "address of the people plane: REST API, enrolment, turnstiles"},
	{BSG_CONFIG_TEXT(struct bsg_settings, device_listen), .def = "127.0.0.1:8444", .check = check_listen,
	 .help = "address of the device plane: orders, reports, renewal of certificates"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_listen), .def = "127.0.0.1:8445", .check = check_listen,
	 .help = "address of the Apple plane: SCEP, check-in and commands of iPhones"},
	{BSG_CONFIG_TEXT(struct bsg_settings, public_url), .def = "", .shown = "from people_listen", .check = check_url,
	 .help = "address of the people plane that people and phones are told"},
	{BSG_CONFIG_TEXT(struct bsg_settings, device_url), .def = "", .shown = "from device_listen", .check = check_url,
	 .help = "address of the device plane that phones are told"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_url), .def = "", .shown = "from apple_listen", .check = check_url,
	 .help = "address of the Apple plane that phones are told"},
	{BSG_CONFIG_TEXT(struct bsg_settings, tls_certificate), .def = "", .shown = "made from our own CA",
	 .help = "PEM file with the certificate of all planes and its chain"},
	{BSG_CONFIG_TEXT(struct bsg_settings, tls_key), .def = "", .shown = "made from our own CA",
	 .help = "PEM file with the key of tls_certificate"},
	{BSG_CONFIG_CHOICE(struct bsg_settings, people_tls), .choices = tls_choices, .def = "own",
	 .help = "own, or proxy: plain HTTP on a loopback address or unix:PATH, TLS ends in front of us"},
	{BSG_CONFIG_CHOICE(struct bsg_settings, device_tls), .choices = tls_choices, .def = "own",
	 .help = "own, or proxy: the certificate comes in Client-Cert (RFC 9440); who reaches the listener is trusted"},
	{BSG_CONFIG_CHOICE(struct bsg_settings, apple_tls), .choices = tls_choices, .def = "own",
	 .help = "own, or proxy, as device_tls"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_deployment), .def = "kz.bosaga",
	 .help = "name of this deployment in reverse-DNS order; phones know profiles by it, so it never changes"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_organisation), .def = "Bosaga",
	 .help = "who manages the phone, as phones show it"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_topic), .def = "", .shown = "that of the push certificate", .check = check_topic,
	 .help = "topic of pushes; it stands in every enrolment profile and never changes"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_push_certificate), .def = "", .shown = "the imported one",
	 .help = "PEM file with the push certificate"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_push_key), .def = "", .shown = "the imported one",
	 .help = "PEM file with the key of apple_push_certificate"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_push_endpoint), .def = "api.push.apple.com:443", .check = check_host_port,
	 .help = "where pushes go"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_push_ca), .def = "", .shown = "the system's",
	 .help = "PEM file with the only CAs that the push endpoint may have its certificate from"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_push_team), .def = "", .shown = "none",
	 .help = "team id, for pushes with tokens instead of a certificate"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_push_key_id), .def = "", .shown = "none", .help = "id of apple_push_token_key"},
	{BSG_CONFIG_TEXT(struct bsg_settings, apple_push_token_key), .def = "", .shown = "none",
	 .help = "PEM file (.p8) with the key that signs tokens"},
	{BSG_CONFIG_BOOL(struct bsg_settings, apple_public_root), .def = "no",
	 .help = "yes: phones trust tls_certificate by themselves, so no root goes into the enrolment profile"},
	{BSG_CONFIG_BOOL(struct bsg_settings, apple_sign_profiles), .def = "no",
	 .help = "yes: enrolment profiles are signed by our CA of Apple devices; phones call them unverified until they know it"},
	{BSG_CONFIG_BOOL(struct bsg_settings, scep_legacy_ciphers), .def = "no",
	 .help = "yes: SCEP takes DES, triple DES and SHA-1, which some clients still send"},
	{BSG_CONFIG_TEXT(struct bsg_settings, timezone), .def = "", .shown = "the machine's", .check = check_timezone,
	 .help = "time zone of times on pages for people, such as Asia/Almaty; rules have the zones of their places"},
	{BSG_CONFIG_TEXT(struct bsg_settings, database), .def = "", .shown = "sqlite:DIR/bosaga.db",
	 .help = "where everything is kept"},
	{BSG_CONFIG_TEXT(struct bsg_settings, bus), .def = "local", .help = "how servers wake each other; local is one process"},
	{BSG_CONFIG_CHOICE(struct bsg_settings, log_format), .choices = log_choices, .def = "text",
	 .help = "how log lines on stderr look"},
	{BSG_CONFIG_DURATION(struct bsg_settings, invitation_life), .def = "24h", .min = 60, .max = 30 * DAY,
	 .help = "how long an invitation can be used"},
	{BSG_CONFIG_DURATION(struct bsg_settings, orders_life), .def = "35d", .min = HOUR, .max = 35 * DAY,
	 .help = "how long orders hold for a phone that hears nothing new; then it restricts nothing and gets no pass"},
	{BSG_CONFIG_DURATION(struct bsg_settings, orders_renewal), .def = "7d", .min = 60, .max = 34 * DAY,
	 .help = "age at which orders are made anew, spread over a seventh of it"},
	{BSG_CONFIG_DURATION(struct bsg_settings, gate_credential_life), .def = "24h", .min = HOUR, .max = 72 * HOUR,
	 .help = "how long a gate's credential holds"},
	{BSG_CONFIG_DURATION(struct bsg_settings, admission_timeout), .def = "10s", .min = 1, .max = HOUR,
	 .help = "how long a gate waits for a phone's proof before it does without"},
	{BSG_CONFIG_DURATION(struct bsg_settings, keep_crossings), .def = "30d", .min = DAY, .max = 3650 * DAY,
	 .help = "how long crossings are kept"},
	{BSG_CONFIG_DURATION(struct bsg_settings, keep_reports), .def = "30d", .min = DAY, .max = 3650 * DAY,
	 .help = "how long reports of devices are kept; the latest of each kind stays"},
};
const size_t bsg_settings_n_keys = sizeof(bsg_settings_keys) / sizeof(bsg_settings_keys[0]);

enum bsg_err bsg_settings_check(const struct bsg_settings *settings, struct bsg_error *err)
{
	if ((settings->tls_certificate[0] == '\0') != (settings->tls_key[0] == '\0'))
		return bsg_fail(err, BSG_E_INVALID, "tls_certificate and tls_key belong together: give both or none");
	if (settings->orders_renewal >= settings->orders_life)
		return bsg_fail(err, BSG_E_INVALID, "orders_renewal must be shorter than orders_life");
	return BSG_OK;
}

enum bsg_err bsg_settings_load(const char *path, struct bsg_settings *out, struct bsg_error *err)
{
	enum bsg_err rc = bsg_config_defaults(bsg_settings_keys, bsg_settings_n_keys, out, err);

	if (rc == BSG_OK && path != NULL)
		rc = bsg_config_load(bsg_settings_keys, bsg_settings_n_keys, path, out, err);
	return rc == BSG_OK ? bsg_fail_at(path != NULL ? path : "defaults", bsg_settings_check(out, err), err) : rc;
}

bool bsg_settings_man(FILE *out)
{
	static const char before[] =
		".\\\" Made by 'bosagad --man' from the table of settings. Do not edit.\n"
		".TH BOSAGAD 8\n"
		".SH NAME\nbosagad \\- server of Bosaga\n"
		".SH SYNOPSIS\n.B bosagad\n\\fB\\-\\-state\\fR \\fIDIR\\fR [\\fB\\-\\-config\\fR \\fIFILE\\fR]\n"
		".SH DESCRIPTION\n"
		"Keeps people, phones and policies, hears of crossings, and gives each phone its signed orders.\n"
		"The first start makes DIR (mode 0700): keys, database, admin.sock, and root\\-key.pem, which is to be put away.\n"
		"SIGTERM stops it: answers under way are finished, everything acknowledged is on disk.\n"
		".SH FILES\n.TP\n\\fIDIR\\fR/admin.sock\nthe administrative interface, for root and the server's own user\n"
		".TP\n\\fIDIR\\fR/root\\-key.pem\nthe root's private key, made once; put it away and remove it here\n"
		".SH CONFIGURATION\nLines of \\fIkey\\fR = \\fIvalue\\fR; an unknown key stops the start.\n";

	return fputs(before, out) != EOF && bsg_config_man(bsg_settings_keys, bsg_settings_n_keys, out) &&
	       fputs(".SH SEE ALSO\nbosaga(1)\n", out) != EOF;
}
